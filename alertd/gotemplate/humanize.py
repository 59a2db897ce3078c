"""Numbers and spans of time for people, with Prometheus' exact outputs."""

from __future__ import annotations

import math
import re
from typing import Final

from alertd.gotemplate.errors import FunctionError
from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gofloat import format_float
from alertd.gotemplate.gotime import GoTime
from alertd.gotemplate.reflection import go_type

_LARGE: Final = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL: Final = ("m", "u", "n", "p", "f", "a", "z", "y")
_BINARY: Final = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_FLOAT: Final = re.compile(
    r"[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?"
    r"|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?[0-9]+)\Z",
    re.IGNORECASE,
)
_MAX_INT: Final = float(2**63 - 1)
_NANOSECONDS: Final = 1_000_000_000
_DURATION: Final = re.compile(
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?\Z"
)
_UNIT_SECONDS: Final = (31_536_000, 604_800, 86_400, 3_600, 60, 1)


def to_float(value: object) -> float:
    """A number, a numeric string, or a duration (its seconds) as a float. Raises FunctionError worded as Go's."""
    if isinstance(value, GoDuration):
        return value.seconds()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return _parse_float(value)
    raise FunctionError(f"can't convert {go_type(value)} to float")


def _parse_float(text: str) -> float:
    if not _FLOAT.match(text) or (text[:1] in "+-" and text[1:].lower() == "nan"):
        raise FunctionError(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    is_hexadecimal = "x" in text.lower()
    value = float.fromhex(text) if is_hexadecimal else float(text)
    if math.isinf(value) and "n" not in text.lower():
        raise FunctionError(f'strconv.ParseFloat: parsing "{text}": value out of range')
    return value


def _short(value: float) -> str:
    return format_float(value, "g", 4)


def _is_special(value: float) -> bool:
    return math.isnan(value) or math.isinf(value)


def humanize(value: object) -> str:
    """Four digits and a metric prefix: `1.235M`, `120m`."""
    number = to_float(value)
    if number == 0 or _is_special(number):
        return _short(number)
    prefix = ""
    if abs(number) >= 1:
        for larger in _LARGE:
            if abs(number) < 1000:
                break
            prefix = larger
            number /= 1000
        return _short(number) + prefix
    number, prefix = _scaled_up(number)
    return _short(number) + prefix


def _scaled_up(number: float) -> tuple[float, str]:
    prefix = ""
    for smaller in _SMALL:
        if abs(number) >= 1:
            break
        prefix = smaller
        number *= 1000
    return number, prefix


def humanize_1024(value: object) -> str:
    """Four digits and a binary prefix: `1.177Mi`."""
    number = to_float(value)
    if abs(number) <= 1 or _is_special(number):
        return _short(number)
    prefix = ""
    for larger in _BINARY:
        if abs(number) < 1024:
            break
        prefix = larger
        number /= 1024
    return _short(number) + prefix


def humanize_duration(value: object) -> str:
    """Seconds as `2d 3h 4m 5s`; below a minute with four digits, below a second with a metric prefix."""
    seconds = to_float(value)
    if _is_special(seconds):
        return _short(seconds)
    if seconds == 0:
        return f"{_short(seconds)}s"
    if abs(seconds) < 1:
        number, prefix = _scaled_up(seconds)
        return f"{_short(number)}{prefix}s"
    sign = "-" if seconds < 0 else ""
    seconds = abs(seconds)
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {rest}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {rest}s"
    if minutes:
        return f"{sign}{minutes}m {rest}s"
    return f"{sign}{_short(seconds)}s"


def humanize_percentage(value: object) -> str:
    """A ratio as a percentage with four digits: `12.35%`."""
    return f"{_short(to_float(value) * 100)}%"


def humanize_timestamp(value: object) -> str:
    """Seconds since 1970 as Go prints a time: `2015-06-23 13:19:44.128 +0000 UTC`."""
    seconds = to_float(value)
    return _short(seconds) if _is_special(seconds) else to_time(seconds).text()


def to_time(value: object) -> GoTime:
    """Seconds since 1970 as a time in UTC, to the millisecond."""
    nanoseconds = _nanoseconds(to_float(value), "timestamp")
    return GoTime.from_milliseconds(GoDuration(nanoseconds).milliseconds())


def to_duration(value: object) -> GoDuration:
    """Seconds as a duration."""
    return GoDuration(_nanoseconds(to_float(value), "duration"))


def _nanoseconds(seconds: float, what: str) -> int:
    if _is_special(seconds):
        raise FunctionError("value is NaN or Inf")
    nanoseconds = seconds * _NANOSECONDS
    if abs(nanoseconds) > _MAX_INT:
        raise FunctionError(
            f"{format_float(seconds)} cannot be represented as a nanoseconds {what} since it overflows int64"
        )
    return int(nanoseconds)


def parse_duration(text: str) -> float:
    """The seconds of a Prometheus duration: `2h10m15s`, `-5m`, `0`. Raises FunctionError."""
    body = text.removeprefix("-")
    if not body:
        raise FunctionError("empty duration string")
    if body == "0":
        return 0.0
    found = _DURATION.match(body)
    if not found:
        raise FunctionError(f'not a valid duration string: "{text}"')
    numbers = [int(number or 0) for number in found.groups()]
    seconds = sum(number * unit for number, unit in zip(numbers[:-1], _UNIT_SECONDS, strict=True))
    milliseconds = seconds * 1000 + numbers[-1]
    if milliseconds * 1_000_000 > _MAX_INT:
        raise FunctionError("duration out of range")
    return (-milliseconds if text.startswith("-") else milliseconds) / 1000
