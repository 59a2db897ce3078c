"""Renders the texts of notifications: Go templates as Alertmanager's, or Jinja2, decided field by field.

The definitions that ship with alertd come first, then the files that the configuration names under `templates`; a
later definition of a name replaces an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from alertd.errors import AlertdError, InvalidInput, Problem
from alertd.gotemplate import Limits, Template, TemplateError, TemplateSyntaxError, looks_like_go
from alertd.gotemplate.alertmanager import execution_functions, message_templates
from alertd.notify.data import Data, Escape, build_data
from alertd.notify.jinja import JinjaFailed, JinjaRenderer, jinja_context
from alertd.notify.message import Message
from alertd.resources import resource_path

_SHIPPED = ("default.tmpl", "email.tmpl")
_OPENERS = ("{{", "{%")
_FIELD = "field"


class TemplateFailed(AlertdError):
    """A template of a notification is none, or failed while it ran."""


class Renderer:
    """All templates of one configuration. It keeps what it compiled, and can be used from several threads."""

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        """Takes pairs of a file's name and its text, in the order of their precedence, the last one winning.

        Raises `InvalidInput` with all files that are no templates.
        """
        self._sets = {html: message_templates(html=html) for html in (False, True)}
        self._compiled: dict[tuple[str, bool], Template] = {}
        self._jinja = JinjaRenderer()
        problems = [problem for name, text in files for problem in self._add(name, text)]
        if problems:
            raise InvalidInput(problems)

    def of(self, message: Message, escape: Escape | None = None) -> Rendering:
        """Renders texts about `message`; `escape` is laid over the values of its labels and annotations."""
        return Rendering(self, message, escape)

    def check(self, source: str) -> None:
        """Raises `TemplateFailed` when `source` is no template in its language."""
        if not is_template(source):
            return
        if looks_like_go(source):
            self._compile(source, html=False)
            return
        try:
            self._jinja.compile(source, html=False)
        except JinjaFailed as error:
            raise TemplateFailed(f"template: {error}") from error

    def go(self, source: str, data: Data, *, now: int, html: bool) -> str:
        """Runs a Go template; raises `TemplateFailed`."""
        # An allowance for each alert: a mail about thousands of them is long, and still has its end.
        alerts = len(data.alerts)
        functions = execution_functions(now_milliseconds=now, route_labels=data.route_labels)
        limits = Limits(steps=100_000 + 2_000 * alerts, output=1_000_000 + 20_000 * alerts)
        try:
            return self._compile(source, html=html).execute(data, functions=functions, limits=limits)
        except TemplateError as error:
            raise TemplateFailed(str(error)) from error

    def jinja(self, source: str, context: Mapping[str, Any], *, html: bool) -> str:
        """Runs a Jinja2 template; raises `TemplateFailed`."""
        try:
            return self._jinja.render(source, context, html=html)
        except JinjaFailed as error:
            raise TemplateFailed(f"template: {error}") from error

    def _compile(self, source: str, *, html: bool) -> Template:
        key = (source, html)
        if key not in self._compiled:
            try:
                self._compiled[key] = self._sets[html].compile(source, _FIELD)
            except TemplateError as error:
                raise TemplateFailed(str(error)) from error
        return self._compiled[key]

    def _add(self, name: str, text: str) -> list[Problem]:
        try:
            for templates in self._sets.values():
                templates.add(text, name)
        except TemplateSyntaxError as error:
            return [Problem(name, error.line, error.column, "", error.problem)]
        return []


class Rendering:
    """Renders any number of texts about one message."""

    def __init__(self, renderer: Renderer, message: Message, escape: Escape | None) -> None:
        self._renderer = renderer
        self._message = message
        self._escape = escape

    def text(self, source: str) -> str:
        """What the template `source` makes of the message; text without a template stays as it is."""
        return self._render(source, html=False)

    def html(self, source: str) -> str:
        """The same, with every value escaped for HTML."""
        return self._render(source, html=True)

    def value(self, tree: Any) -> Any:
        """A tree of mappings, lists and templates with every text rendered.

        A text that renders to JSON other than a string becomes that value, so `{{ .Alerts | toJson }}` is a list.
        """
        if isinstance(tree, str):
            return _from_json(self.text(tree))
        if isinstance(tree, Mapping):
            return {self.text(str(name)): self.value(value) for name, value in tree.items()}
        return [self.value(value) for value in tree] if isinstance(tree, (list, tuple)) else tree

    @cached_property
    def message(self) -> Message:
        """The message with the labels of its route rendered; raises `TemplateFailed`.

        A label's template sees everything but the labels of the route.
        """
        labels = self._message.route_labels
        if not any(map(is_template, labels.values())):
            return self._message
        without = Rendering(self._renderer, replace(self._message, route_labels={}), None)
        return replace(self._message, route_labels={name: without.text(value) for name, value in labels.items()})

    def _render(self, source: str, *, html: bool) -> str:
        if not is_template(source):
            return source
        if looks_like_go(source):
            return self._renderer.go(source, self._data, now=self._message.now, html=html)
        return self._renderer.jinja(source, self._context, html=html)

    @cached_property
    def _data(self) -> Data:
        return build_data(self.message, self._escape)

    @cached_property
    def _context(self) -> dict[str, Any]:
        return jinja_context(self.message, self._escape)


def is_template(source: str) -> bool:
    """Whether `source` has anything to render in it, in either language."""
    return any(opener in source for opener in _OPENERS)


def load_renderer(patterns: Iterable[str] = (), base: Path | None = None) -> Renderer:
    """The templates that ship with alertd and the files that `patterns` name, relative ones from the folder `base`.

    A pattern may match nothing. Raises `InvalidInput` for files that cannot be read or are no templates.
    """
    shipped = resource_path("templates")
    paths = [shipped / name for name in _SHIPPED]
    for pattern in patterns:
        paths += _matching(pattern, base or Path())
    files: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append((str(path), path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), 1, 1, "", f"cannot be read as UTF-8 text: {error}"))
    if problems:
        raise InvalidInput(problems)
    return Renderer(files)


def _matching(pattern: str, base: Path) -> list[Path]:
    path = base / pattern
    if not any(sign in pattern for sign in "*?["):
        return [path] if path.exists() else []
    anchor = Path(path.anchor) if path.is_absolute() else Path()
    return sorted(found for found in anchor.glob(str(path.relative_to(anchor))) if found.is_file())


def _from_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text
    return text if isinstance(value, str) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
