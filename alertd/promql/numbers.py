"""Numbers as PromQL writes and reads them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from alertd.promql.quoting import quote

_OCTAL = re.compile(r"0_?[0-7][0-7_]*")
_WORDS = {"inf": math.inf, "nan": math.nan}
# One written item may not fill the memory.
_MOST_VALUES = 10_000_000


def parse_number(text: str) -> float:
    """Return the value of an unsigned PromQL number: decimal, hexadecimal, octal, with `_` between digits, Inf, NaN.

    Raises ValueError for misplaced underscores and the like.
    """
    try:
        lowered = text.lower()
        if lowered in _WORDS:
            return _WORDS[lowered]
        if lowered.startswith("0x"):
            return float(int(text, 16))
        if _OCTAL.fullmatch(text):
            return float(int(text, 8))
        return float(text)
    except ValueError:
        raise ValueError(f"error parsing number: {quote(text)}: invalid syntax") from None


def parse_count(digits: str) -> int:
    """Return how often a value is repeated, given in decimal digits. Raises ValueError for more than fit in memory."""
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_MOST_VALUES)) or int(significant) >= _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values in one item")
    return int(significant)


def round_half_away(value: float) -> int:
    """Return the nearest integer, halves away from zero, as Go's math.Round."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


_GO_FLOAT = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|inf|infinity)|nan|[+-]?0x[0-9a-f]+",
    re.IGNORECASE,
)


def parse_go_float(text: str) -> float | None:
    """Return the number that Go's ParseFloat reads from `text`, None when it refuses it."""
    if not _GO_FLOAT.fullmatch(text):
        return None
    return float(int(text, 16)) if "x" in text.lower() else float(text)


def format_go_float(value: float) -> str:
    """Return a number as Go's `%g` writes it: shortest digits, an exponent below 1e-4 and from 1e6 on.

    Prometheus' messages and histograms show numbers so: `0.5`, `1e+06`, `+Inf`, `NaN`.
    """
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted() if number else 0
    if -4 <= exponent < 6:
        return f"{number:f}"
    sign, digits, _ = number.as_tuple()
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def format_openmetrics_float(value: float) -> str:
    """Return a number as OpenMetrics labels have it: as format_go_float, with `.0` where it looks like an integer."""
    text = format_go_float(value)
    return text if math.isinf(value) or not text.lstrip("-").isdigit() else f"{text}.0"
