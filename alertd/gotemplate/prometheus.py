"""Templates in rules: the functions, variables and errors of Prometheus' annotations and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final
from urllib.parse import urlsplit

from alertd.gotemplate.errors import FunctionError, TemplateError, TemplateSyntaxError
from alertd.gotemplate.escape import query_escape
from alertd.gotemplate.hostport import strip_domain, strip_port
from alertd.gotemplate.humanize import (
    humanize,
    humanize_1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    parse_duration,
    to_duration,
    to_time,
)
from alertd.gotemplate.limits import Limits
from alertd.gotemplate.regexps import matches, replace_all
from alertd.gotemplate.template import Template, TemplateSet
from alertd.gotemplate.values import SafeHTML, StringMap
from alertd.gotemplate.vmalert import vmalert_functions
from alertd.gotemplate.words import title_case

PER_EXECUTION: Final = ("query", "now", "externalURL", "pathPrefix")
VARIABLES: Final = ("labels", "externalLabels", "externalURL", "value")
EXTRA_VARIABLES: Final = (
    "activeAt",
    "alertID",
    "alertname",
    "expr",
    "for",
    "groupID",
    "interval",
    "isPartial",
    "type",
)
_NONE: Final[Mapping[str, object]] = MappingProxyType({})
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
_DEFAULT_LIMITS: Final = Limits()
# Prometheus puts the definitions of its variables in front of the text, on the same line; its columns count them.
_OFFSET: Final = sum(len(f"{{{{${name} := .{name}}}}}") for name in VARIABLES)


@dataclass(frozen=True, slots=True)
class Sample:
    """One result of `query`: `.Labels` and `.Value`."""

    labels: StringMap
    value: float

    __go_type__: ClassVar[str] = "*template.sample"
    __go_fields__: ClassVar[dict[str, str]] = {"Labels": "labels", "Value": "value"}


def _go_names(names: Iterable[str]) -> dict[str, str]:
    return {name[0].upper() + name[1:]: name for name in names}


class _Data:
    """What `.` is in an annotation: `.Labels`, `.ExternalLabels`, `.ExternalURL` and `.Value`."""

    __slots__ = ("values",)

    __go_type__: ClassVar[str] = (
        "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"
    )
    __go_fields__: ClassVar[dict[str, str]] = _go_names(VARIABLES)

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> object:
        if name in self.__go_fields__.values():
            return self.values.get(name)
        raise AttributeError(name)


class _ExtendedData(_Data):
    """The same with the extra variables as fields: `.Expr`, `.For`, `.ActiveAt`, …"""

    __slots__ = ()

    __go_fields__: ClassVar[dict[str, str]] = _go_names((*VARIABLES, *EXTRA_VARIABLES))


class Annotation:
    """A compiled annotation or label of a rule. Immutable; render it as often as the rule fires."""

    __slots__ = ("_template", "name", "text")

    def __init__(self, text: str, name: str, template: Template | None) -> None:
        self.text = text
        self.name = name
        self._template = template

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        *,
        now_seconds: float,
        query: Callable[[str], Iterable[Sample]] | None = None,
        external_labels: Mapping[str, str] = _NO_LABELS,
        external_url: str = "",
        extra: Mapping[str, object] = _NONE,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> str:
        """The text for one alert.

        `now_seconds` is the time of the evaluation in seconds since 1970; `query` answers an expression at that time
        and raises ValueError with the reason when it cannot; `extra` gives values to the variables of EXTRA_VARIABLES,
        and of those that were declared when the text was compiled. Raises TemplateExecutionError.
        """
        if self._template is None:
            return self.text
        values: dict[str, object] = {
            **extra,
            "labels": StringMap(labels),
            "externalLabels": StringMap(external_labels),
            "externalURL": external_url,
            "value": float(value),
        }
        data = _ExtendedData(values) if extra else _Data(values)
        functions: dict[str, Callable[..., object]] = {
            "query": _query_function(query),
            "now": lambda: float(now_seconds),
            "externalURL": lambda: external_url,
            "pathPrefix": lambda: urlsplit(external_url).path,
        }
        return self._template.execute(data, variables=values, functions=functions, limits=limits)

    def render_or_error(
        self,
        labels: Mapping[str, str],
        value: float,
        *,
        now_seconds: float,
        query: Callable[[str], Iterable[Sample]] | None = None,
        external_labels: Mapping[str, str] = _NO_LABELS,
        external_url: str = "",
        extra: Mapping[str, object] = _NONE,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> str:
        """As `render`, but a failure becomes the text that Prometheus shows in its place."""
        try:
            return self.render(
                labels,
                value,
                now_seconds=now_seconds,
                query=query,
                external_labels=external_labels,
                external_url=external_url,
                extra=extra,
                limits=limits,
            )
        except TemplateError as error:
            return expansion_error(error, self.name)


def compile_annotation(text: str, name: str, *, extra_variables: Iterable[str] = ()) -> Annotation:
    """An annotation or label ready to be rendered.

    `name` is what errors call it; Prometheus uses `__alert_` and the alert's name. Besides Prometheus' variables and
    functions those of vmalert are known. `extra_variables` (without `$`) declares further ones. Raises
    TemplateSyntaxError.
    """
    if "{{" not in text:
        return Annotation(text, name, None)
    extra = frozenset(EXTRA_VARIABLES).union(extra_variables).difference(VARIABLES)
    variables = (*VARIABLES, *sorted(extra))
    template = _SET.compile(text, name, variables=variables, functions=PER_EXECUTION, offset=_OFFSET)
    return Annotation(text, name, template)


def expand(text: str, name: str, labels: Mapping[str, str], value: float, *, now_seconds: float) -> str:
    """Compile and render at once, with Prometheus' error text in place of a failure."""
    try:
        annotation = compile_annotation(text, name)
    except TemplateError as error:
        return expansion_error(error, name)
    return annotation.render_or_error(labels, value, now_seconds=now_seconds)


def expansion_error(error: TemplateError, name: str) -> str:
    """The text that takes the place of an annotation that failed, as Prometheus writes it."""
    doing = "parsing" if isinstance(error, TemplateSyntaxError) else "executing"
    return f"<error expanding template: error {doing} template {name}: {error}>"


def prometheus_functions() -> dict[str, Callable[..., object]]:
    """Prometheus' functions by name.

    The four that depend on the evaluation (PER_EXECUTION) refuse to be called until an execution gives its own.
    """
    return {
        **{name: _undefined(name) for name in PER_EXECUTION},
        "args": lambda *values: {f"arg{place}": value for place, value in enumerate(values)},
        "first": _first,
        "graphLink": _graph_link,
        "humanize": humanize,
        "humanize1024": humanize_1024,
        "humanizeDuration": humanize_duration,
        "humanizePercentage": humanize_percentage,
        "humanizeTimestamp": humanize_timestamp,
        "label": _label,
        "match": matches,
        "parseDuration": parse_duration,
        "reReplaceAll": replace_all,
        "safeHtml": _safe_html,
        "sortByLabel": _sort_by_label,
        "stripDomain": strip_domain,
        "stripPort": strip_port,
        "strvalue": lambda sample: _sample(sample).labels.get("__value__", ""),
        "tableLink": _table_link,
        "title": _title,
        "toDuration": to_duration,
        "toLower": _to_lower,
        "toTime": to_time,
        "toUpper": _to_upper,
        "urlQueryEscape": query_escape,
        "value": lambda sample: _sample(sample).value,
    }


def _undefined(name: str) -> Callable[..., object]:
    def refuse(*_: object) -> object:
        raise FunctionError(f"{name} is not available here")

    return refuse


def _query_function(query: Callable[[str], Iterable[Sample]] | None) -> Callable[..., object]:
    def ask(expression: str) -> list[Sample]:
        if query is None:
            raise FunctionError("there is nothing here to ask")
        return list(query(expression))

    return ask


def _samples(values: object) -> list[Sample]:
    if values is None:
        return []
    if not isinstance(values, list | tuple):
        raise FunctionError("not the result of a query")
    return [_sample(value) for value in values]


def _sample(value: object) -> Sample:
    if not isinstance(value, Sample):
        raise FunctionError("not a sample of a query's result")
    return value


def _first(samples: object) -> Sample:
    found = _samples(samples)
    if not found:
        raise FunctionError("first() called on vector with no elements")
    return found[0]


def _label(name: str, sample: object) -> str:
    return _sample(sample).labels.get(name, "")


def _sort_by_label(name: str, samples: object) -> list[Sample]:
    return sorted(_samples(samples), key=lambda sample: sample.labels.get(name, ""))


def _graph_link(expression: str) -> str:
    return f"/graph?g0.expr={query_escape(expression)}&g0.tab=0"


def _table_link(expression: str) -> str:
    return f"/graph?g0.expr={query_escape(expression)}&g0.tab=1"


def _safe_html(text: str) -> str:
    return SafeHTML(text)


def _title(text: str) -> str:
    return title_case(text, lower_rest=False)


def _to_upper(text: str) -> str:
    return text.upper()


def _to_lower(text: str) -> str:
    return text.lower()


_SET: Final = TemplateSet({**vmalert_functions(), **prometheus_functions()})
