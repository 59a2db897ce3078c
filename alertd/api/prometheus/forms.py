"""Parameters of a query, from the URL or from the form in the body: times, durations, limits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qs

from fastapi import Request

from alertd.alerts.labels import quote
from alertd.api.prometheus.answers import Failed, invalid
from alertd.clock import SECOND, from_datetime
from alertd.promql import STABLE, ParseError, parse, parse_duration
from alertd.promql.ast import Expr
from alertd.service.service import Service

T = TypeVar("T")

#: The first and the last instant that a time may name.
EARLIEST, LATEST = -(2**53), 2**53
# What Prometheus calls its own first and last instant, as its clients write them.
_EXTREMES = {"-292273086-05-16T16:47:06Z": EARLIEST, "292277025-08-18T07:12:54.999999999Z": LATEST}
_ESCAPED = "U__"
_ESCAPES = re.compile(r"(?:[^_]|__|_[0-9a-fA-F]{1,6}_)*")
_ESCAPE = re.compile(r"_([0-9a-fA-F]*)_")
# What stands in a path for bytes that are no text.
_NO_TEXT = "\ufffd"
_FORM = "application/x-www-form-urlencoded"


class Form:
    """The parameters of one request; those of the body go before those of the URL."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """The first value; "" where there is none."""
        return self._values.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def time(self, name: str, default: int | None = None) -> int:
        """An instant in milliseconds; without a default it must be there. Raises `Failed`."""
        text = self.text(name)
        if not text and default is not None:
            return default
        # Prometheus says this of times that may be left out.
        prefix = f"invalid time value for '{name}': " if default is not None else ""
        return _read(name, lambda: _time(text), prefix)

    def duration(self, name: str, default: int | None = None) -> int:
        """Milliseconds; without a default it must be there. Raises `Failed`."""
        text = self.text(name)
        if not text and default is not None:
            return default
        return _read(name, lambda: _duration(text))

    def limit(self) -> int:
        """At most how many series are answered; 0 for all. Raises `Failed`."""
        text = self.text("limit")
        if not text:
            return 0
        return _read("limit", lambda: _limit(text))

    def expression(self, service: Service, name: str = "query") -> Expr:
        """A PromQL expression in the language that the configuration has enabled. Raises `Failed`."""
        features = STABLE.enabled(service.runtime.config.settings.enable_features)
        try:
            return parse(self.text(name), features=features)
        except ParseError as error:
            raise invalid(name, error) from error


def label_name(text: str) -> str:
    """The name of a label as a path has it; what no metric's name may have can be escaped. Raises `Failed`."""
    name = _unescaped(text) if text.startswith(_ESCAPED) else text
    if not name or _NO_TEXT in text:
        raise Failed(f"invalid label name: {quote(name)}")
    return name


async def form_of(request: Request) -> Form:
    """The parameters of a request. Raises `Failed` for a body that is no form."""
    values = {name: request.query_params.getlist(name) for name in request.query_params}
    if request.method == "POST" and request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        try:
            written = parse_qs((await request.body()).decode(), keep_blank_values=True)
        except ValueError as error:
            raise Failed(f"error parsing form values: {error}") from error
        for name, texts in written.items():
            values[name] = [*texts, *values.get(name, [])]
    return Form(values)


def _read(name: str, read: Callable[[], T], prefix: str = "") -> T:
    try:
        return read()
    except ValueError as error:
        raise invalid(name, f"{prefix}{error}") from error


def _time(text: str) -> int:
    """Seconds since 1970, or a time of RFC 3339."""
    if text in _EXTREMES:
        return _EXTREMES[text]
    complaint = f"cannot parse {quote(text)} to a valid timestamp"
    seconds = _number(text)
    if seconds is not None:
        if not EARLIEST <= seconds * SECOND <= LATEST:
            raise ValueError(complaint)
        return round(seconds * SECOND)
    try:
        moment = datetime.fromisoformat(text)
        if "T" not in text.upper() or moment.tzinfo is None:
            raise ValueError(text)
        return from_datetime(moment)
    except (ValueError, OverflowError):
        raise ValueError(complaint) from None


def _duration(text: str) -> int:
    """Seconds, or a duration as PromQL writes it."""
    seconds = _number(text)
    if seconds is not None:
        if not abs(seconds) * SECOND <= LATEST:
            raise ValueError(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
        return round(seconds * SECOND)
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"cannot parse {quote(text)} to a valid duration") from None


def _limit(text: str) -> int:
    try:
        limit = int(text)
    except ValueError:
        raise ValueError(f"strconv.Atoi: parsing {quote(text)}: invalid syntax") from None
    if limit < 0:
        raise ValueError("limit must be non-negative")
    return limit


def _number(text: str) -> float | None:
    """A float as Go reads it; None for anything else."""
    if text.strip() != text or "_" in text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    return None if math.isnan(seconds) else seconds


def _unescaped(text: str) -> str:
    """`U__a_2e_b` is `a.b`, `__` in it one underscore; what is escaped wrongly is not escaped at all."""
    escaped = text.removeprefix(_ESCAPED)
    if _ESCAPES.fullmatch(escaped) is None:
        return text
    try:
        name = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", escaped)
        name.encode()
    except (ValueError, OverflowError):
        return text
    return name
