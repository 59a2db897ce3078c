"""The functions that vmalert adds to Prometheus' own."""

from __future__ import annotations

import json
from collections.abc import Callable

from alertd.gotemplate.escape import html_escape, path_escape, query_escape
from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.humanize import parse_duration, to_time


def vmalert_functions() -> dict[str, Callable[..., object]]:
    """vmalert's functions that Prometheus lacks, by name."""
    return {
        "crlfEscape": _crlf_escape,
        "formatTime": _format_time,
        "htmlEscape": html_escape,
        "jsonEscape": _json_escape,
        "parseDurationTime": _parse_duration_time,
        "pathEscape": path_escape,
        "queryEscape": query_escape,
        "quotesEscape": _quotes_escape,
    }


def _crlf_escape(text: str) -> str:
    return text.replace("\n", "\\n").replace("\r", "\\r")


def _json_escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _quotes_escape(text: str) -> str:
    """The text fit for the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _parse_duration_time(text: str) -> GoDuration:
    return GoDuration(round(parse_duration(text) * 1_000_000_000))


def _format_time(layout: str, timestamp: object) -> str:
    """Seconds since 1970 in the form of a Go layout, in UTC."""
    return to_time(timestamp).format(layout)
