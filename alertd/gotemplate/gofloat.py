"""Floating-point numbers as Go's strconv writes them."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

_LARGEST_EXPONENT: Final = 6
_LEAST_EXPONENT: Final = -4
_HEX_DIGITS: Final = 13
_SMALLEST: Final = -1074


def format_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """The number in the form `verb` (e E f g G x X b) with that precision; -1 is as few digits as identify it.

    With -1, `g` uses an exponent when it is below -4 or at least 6, which is what `%v` prints.
    Special values are `NaN`, `+Inf`, `-Inf`.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if verb in "xX":
        return _hexadecimal(value, verb, precision)
    if verb == "b":
        return _binary(value)
    if precision >= 0:
        return format(value, f".{precision}{verb}")
    return _shortest(value, verb)


def _shortest(value: float, verb: str) -> str:
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    digits, exponent = _digits(abs(value))
    if verb == "f" or (verb in "gG" and _LEAST_EXPONENT <= exponent < _LARGEST_EXPONENT):
        return sign + _plain(digits, exponent)
    letter = "E" if verb in "EG" else "e"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _digits(value: float) -> tuple[str, int]:
    """The shortest digits that identify a number, and the power of ten of the first."""
    if value == 0:
        return "0", 0
    parts = Decimal(repr(value)).as_tuple()
    written = "".join(map(str, parts.digits))
    exponent = len(written) - 1 + int(parts.exponent)
    return written.rstrip("0"), exponent


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole


def _hexadecimal(value: float, verb: str, precision: int) -> str:
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    fraction, exponent = math.frexp(abs(value))
    if value == 0:
        bits, exponent = 0, 0
    else:
        bits, exponent = int(math.ldexp(fraction, 53)), exponent - 1
    shift = 4 * (_HEX_DIGITS - precision) if 0 <= precision < _HEX_DIGITS else 0
    if shift:
        bits, rest = divmod(bits, 1 << shift)
        half = 1 << (shift - 1)
        bits += rest > half or (rest == half and bits & 1)
        bits <<= shift
        if bits >> 53:
            bits, exponent = bits >> 1, exponent + 1
    tail = f"{bits & ((1 << 52) - 1):013x}"
    tail = tail.rstrip("0") if precision < 0 else tail[:precision].ljust(precision, "0")
    text = f"{sign}0x{bits >> 52}{'.' + tail if tail else ''}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return text.upper() if verb == "X" else text


def _binary(value: float) -> str:
    exponent = _SMALLEST if value == 0 else max(math.frexp(value)[1] - 53, _SMALLEST)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    return f"{sign}{int(Fraction(abs(value)) / Fraction(2) ** exponent)}p{exponent:+d}"
