"""Numbers as PromQL writes and reads them."""

from __future__ import annotations

import math
import re

from alertd.promql.quoting import quote

_OCTAL = re.compile(r"0_?[0-7][0-7_]*")
_WORDS = {"inf": math.inf, "nan": math.nan}


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
