"""Jinja2 for the texts of notifications: sandboxed, and bounded in what one rendering may cost.

The sandbox keeps templates away from Python's insides; it has no bound of its own on work or memory, so everything
that makes much of little (repeating, padding, long ranges) is bounded here. Templates are written by whoever runs
alertd: the bounds are against mistakes, not a wall against an attacker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alertd.clock import to_datetime
from alertd.notify.data import Escape, acknowledgers
from alertd.notify.message import Message, MessageAlert

MAX_OUTPUT = 1_000_000
MAX_STRING = 100_000
MAX_STEPS = 100_000
_MAX_EXPONENT = 64
_MAX_WIDTH = 200

_REMOVED_GLOBALS = ("lipsum", "cycler", "joiner", "namespace")
_REMOVED_FILTERS = ("format", "center", "batch")
_REMOVED_STRING_METHODS = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
_LONG_NUMBER = re.compile(r"\d{4}")


class JinjaFailed(Exception):
    """A template is none, failed, or took too much; the text says which line where Jinja2 knows it."""


class _Pairs(dict[str, str]):
    """Labels or annotations: one that is not there is empty, so that it does not cost the whole message."""

    def __missing__(self, name: str) -> str:
        return ""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"**", "*", "%"})

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0)
        for name in _REMOVED_GLOBALS:
            del self.globals[name]
        for name in _REMOVED_FILTERS:
            del self.filters[name]
        self.filters["indent"] = _bounded_indent(self.filters["indent"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and _length(left, right) > MAX_STRING:
            raise SecurityError("a repetition makes too long a value")
        if operator == "**" and not (isinstance(right, (int, float)) and abs(right) <= _MAX_EXPONENT):
            raise SecurityError(f"an exponent is at most {_MAX_EXPONENT}")
        if operator == "%" and isinstance(left, str) and (_LONG_NUMBER.search(left) or "*" in left):
            raise SecurityError("a width in a format has at most three digits")
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> None:
        """None: `str.format` is refused like the other methods that pad, instead of wrapped."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _REMOVED_STRING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


class JinjaRenderer:
    """Compiles each template once and renders it with a message."""

    def __init__(self) -> None:
        self._environments = {html: _Environment(html=html) for html in (False, True)}
        self._compiled: dict[tuple[str, bool], Template] = {}

    def compile(self, source: str, *, html: bool) -> Template:
        """The template that `source` is; raises `JinjaFailed`."""
        key = (source, html)
        if key not in self._compiled:
            try:
                self._compiled[key] = self._environments[html].from_string(source)
            except TemplateSyntaxError as error:
                raise JinjaFailed(f"line {error.lineno}: {error.message}") from error
        return self._compiled[key]

    def render(self, source: str, context: Mapping[str, Any], *, html: bool = False) -> str:
        """The text that `source` makes of `context`; raises `JinjaFailed`."""
        template = self.compile(source, html=html)
        try:
            chunks = template.generate({**context, "range": _bounded_range()})
            return "".join(_bounded(chunks))
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise JinjaFailed(str(error) or type(error).__name__) from error


def jinja_context(message: Message, escape: Escape | None = None) -> dict[str, Any]:
    """What a Jinja2 template sees: the same as a Go template, by Python's names; times are aware datetimes."""
    alerts = [_alert(alert, escape) for alert in message.alerts]
    return {
        "receiver": message.receiver,
        "status": message.status.value,
        "alerts": alerts,
        "firing": [alert for alert in alerts if alert["status"] == "firing"],
        "resolved": [alert for alert in alerts if alert["status"] == "resolved"],
        "notification_reason": message.reason.value,
        "group_key": message.group_key,
        "group_labels": _pairs(message.group_labels, escape),
        "common_labels": _pairs(message.common_labels, escape),
        "common_annotations": _pairs(message.common_annotations, escape),
        "route_labels": _pairs(message.route_labels, escape),
        "external_url": message.external_url,
        "acknowledged": message.acknowledged,
        "acknowledged_by": list(acknowledgers(message)),
        "truncated_alerts": message.truncated_alerts,
        "now": to_datetime(message.now),
    }


def _alert(alert: MessageAlert, escape: Escape | None) -> dict[str, Any]:
    return {
        "status": alert.status.value,
        "labels": _pairs(alert.labels, escape),
        "annotations": _pairs(alert.annotations, escape),
        "starts_at": to_datetime(alert.starts_at),
        "ends_at": None if alert.ends_at is None else to_datetime(alert.ends_at),
        "generator_url": alert.generator_url,
        "fingerprint": alert.fingerprint,
        "acknowledged_by": alert.acknowledged_by,
    }


def _pairs(pairs: Mapping[str, str], escape: Escape | None) -> _Pairs:
    return _Pairs((name, escape(pairs[name]) if escape else pairs[name]) for name in sorted(pairs))


def _length(left: Any, right: Any) -> int:
    """How long the product is of a string or a list and a number; 0 for two numbers."""
    for value, times in ((left, right), (right, left)):
        if isinstance(value, (str, list, tuple)) and isinstance(times, int):
            return len(value) * times
    return 0


def _bounded(chunks: Iterator[str]) -> Iterator[str]:
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > MAX_OUTPUT:
            raise SecurityError(f"the text is longer than {MAX_OUTPUT} characters")
        yield chunk


def _bounded_range() -> Callable[..., range]:
    """A `range` whose calls in one rendering share `MAX_STEPS` numbers."""
    left = MAX_STEPS

    def bounded(*arguments: int) -> range:
        nonlocal left
        numbers = range(*arguments)
        left -= len(numbers)
        if left < 0:
            raise SecurityError(f"the ranges of a template count at most {MAX_STEPS} numbers together")
        return numbers

    return bounded


def _bounded_indent(indent: Callable[..., str]) -> Callable[..., str]:
    def bounded(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
        if width > _MAX_WIDTH if isinstance(width, int) else len(width) > _MAX_WIDTH:
            raise SecurityError(f"an indent is at most {_MAX_WIDTH} wide")
        return indent(text, width, first, blank)

    return bounded
