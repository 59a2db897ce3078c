"""Numbers as PromQL writes and reads them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from alertd.promql.quoting import quote

_GO_FLOAT = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|inf|infinity)|nan", re.IGNORECASE
)
# Go's literals have underscores between digits, and behind the letter of a base.
_DIGITS = r"[0-9](?:_?[0-9])*"
_HEX_DIGITS = r"[0-9a-f](?:_?[0-9a-f])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:e[+-]?{_DIGITS})?", re.IGNORECASE)
_BASED = re.compile(rf"[+-]?0(?:x_?{_HEX_DIGITS}|b(?:_?[01])+|o(?:_?[0-7])+|(?:_?[0-7])+)", re.IGNORECASE)
_HEX_FLOAT = re.compile(
    rf"[+-]?0x(?:_?{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})p[+-]?{_DIGITS}", re.IGNORECASE
)
# One written item may not fill the memory.
_MOST_VALUES = 10_000_000


def parse_number(text: str) -> float:
    """Return the value of an unsigned PromQL number: decimal, hexadecimal, octal, with `_` between digits, Inf, NaN.

    Raises ValueError for misplaced underscores, for what is out of range, and the like.
    """
    number = parse_literal(text)
    if number is None:
        raise ValueError(f"error parsing number: {quote(text)}: invalid syntax")
    return number


def parse_literal(text: str) -> float | None:
    """Return the number that a literal of Go stands for, which may have a sign; None when it is none.

    Integers may also be octal (`017`), hexadecimal and binary, fractions hexadecimal (`0x1p-2`).
    """
    if _BASED.fullmatch(text):
        has_letter = text.lstrip("+-")[1].isalpha()
        integer = int(text, 0 if has_letter else 8)
        if -(2**63) <= integer < 2**63:
            return float(integer)
    if _HEX_FLOAT.fullmatch(text):
        return _hex_float(text.replace("_", ""))
    return parse_go_float(text.replace("_", "") if _DECIMAL.fullmatch(text) else text)


def _hex_float(text: str) -> float | None:
    try:
        return float.fromhex(text)
    except OverflowError:
        return None


def parse_count(digits: str) -> int:
    """Return how often a value is repeated, given in decimal digits. Raises ValueError for more than fit in memory."""
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_MOST_VALUES)) or int(significant) >= _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values in one item")
    return int(significant)


def round_half_away(value: float) -> int:
    """Return the nearest integer, halves away from zero, as Go's math.Round."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def parse_go_float(text: str) -> float | None:
    """Return the number that Prometheus reads from a sample or a label; None when it refuses it.

    It is what Go's ParseFloat reads, without `_` and hexadecimal fractions: a number out of range is refused.
    """
    if not _GO_FLOAT.fullmatch(text):
        return None
    number = float(text)
    if math.isnan(number):
        # One object, which equals itself in trees that are compared.
        return math.nan
    return None if math.isinf(number) and "i" not in text.lower() else number


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
