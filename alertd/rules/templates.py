"""The texts of a rule, its labels and annotations: constant, a Go template as Prometheus has them, or Jinja2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import jinja2

from alertd.errors import AlertdError
from alertd.gotemplate import TemplateSyntaxError, looks_like_go
from alertd.gotemplate.humanize import (
    humanize,
    humanize_1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    to_duration,
    to_time,
)
from alertd.gotemplate.prometheus import Annotation, Sample, compile_annotation
from alertd.gotemplate.values import StringMap
from alertd.rules.sandbox import RENDER_ERRORS, compile_jinja, render_jinja

Query = Callable[[str], Iterable[tuple[Mapping[str, str], float]]]

_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_FILTERS = {
    "humanize": humanize,
    "humanize1024": humanize_1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
    "humanizeTimestamp": humanize_timestamp,
}
_VARIABLES = ("labels", "value", "alertname", "severity", "expr", "external_labels", "external_url")


class BadTemplate(AlertdError):
    """A text that is no template in its language; the message is the language's own."""


class Field(Protocol):
    """One text of a rule, compiled once and rendered for each alert."""

    @property
    def text(self) -> str:
        """The text as it was written."""
        ...

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        *,
        now: int,
        expr: str,
        for_: int,
        active_at: int,
        alertname: str,
        severity: str = "",
        query: Query | None = None,
        external_labels: Mapping[str, str] = _NO_LABELS,
        external_url: str = "",
    ) -> str:
        """The text for one alert; instants and durations are milliseconds. `severity` is the rule's own.

        `query` answers an expression at `now` and raises ValueError with the reason when it cannot; what else it
        raises goes through. A template that fails gives Prometheus' `<error expanding template: …>`: the alert
        fires all the same.
        """
        ...


def compile_field(text: str, language: str | None, name: str) -> Field:
    """Compile a label or an annotation of the alert `name`.

    `language` is `go` or `jinja2`; None lets the syntax decide, and Jinja2 read what both could. Raises BadTemplate.
    """
    if "{{" not in text and (language == "go" or "{%" not in text):
        return Constant(text)
    go_name = f"__alert_{name}"
    if language == "go" or (language is None and looks_like_go(text)):
        try:
            return GoField(compile_annotation(text, go_name))
        except TemplateSyntaxError as error:
            raise BadTemplate(str(error)) from error
    try:
        return JinjaField(text, go_name, compile_jinja(text, _VARIABLES, _FILTERS))
    except jinja2.TemplateSyntaxError as error:
        if language is None and "{{" in text:
            try:
                return GoField(compile_annotation(text, go_name))
            except TemplateSyntaxError:
                pass
        raise BadTemplate(f"line {error.lineno}: {error.message}") from error


@dataclass(frozen=True)
class Constant:
    """A text without any template in it."""

    text: str

    def render(self, labels: Mapping[str, str], value: float, **_: object) -> str:  # noqa: ARG002 - Field's form
        return self.text


@dataclass(frozen=True)
class GoField:
    """A Go template with Prometheus' functions and variables, and vmalert's."""

    annotation: Annotation

    @property
    def text(self) -> str:
        return self.annotation.text

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        *,
        now: int,
        expr: str,
        for_: int,
        active_at: int,
        alertname: str,
        severity: str = "",  # noqa: ARG002 - Field's form
        query: Query | None = None,
        external_labels: Mapping[str, str] = _NO_LABELS,
        external_url: str = "",
    ) -> str:
        extra = {
            "expr": expr,
            "for": to_duration(for_ / 1000),
            "activeAt": to_time(active_at / 1000),
            "alertname": alertname,
        }
        return self.annotation.render_or_error(
            labels,
            value,
            now_seconds=now / 1000,
            query=None if query is None else _go_query(query),
            external_labels=external_labels,
            external_url=external_url,
            extra=extra,
        )


@dataclass(frozen=True)
class JinjaField:
    """A Jinja2 template in a sandbox; a label that is not there is an empty text, as in Go templates."""

    text: str
    name: str
    template: jinja2.Template

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        *,
        now: int,  # noqa: ARG002 - Field's form
        expr: str,
        for_: int,  # noqa: ARG002 - Field's form
        active_at: int,  # noqa: ARG002 - Field's form
        alertname: str,
        severity: str = "",
        query: Query | None = None,  # noqa: ARG002 - Field's form
        external_labels: Mapping[str, str] = _NO_LABELS,
        external_url: str = "",
    ) -> str:
        variables = {
            "labels": _Labels(labels),
            "value": value,
            "alertname": alertname,
            "severity": severity,
            "expr": expr,
            "external_labels": _Labels(external_labels),
            "external_url": external_url,
        }
        try:
            return render_jinja(self.template, variables)
        except RENDER_ERRORS as error:
            return f"<error expanding template: error executing template {self.name}: {error}>"


class _Labels(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def _go_query(query: Query) -> Callable[[str], list[Sample]]:
    def ask(expression: str) -> list[Sample]:
        return [Sample(StringMap(labels), value) for labels, value in query(expression)]

    return ask
