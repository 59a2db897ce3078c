"""Go's time layouts: an example of the wanted text, written for Mon Jan 2 15:04:05.000 2006 MST -0700."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_PART: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00"
    r"|Z0700|Z07|002|01|02|03|04|05|06|__2|_2(?!006)|15|PM|pm|[.,](?:0+|9+)(?![0-9])|1|2|3|4|5|_"
)
_NUMBERS: Final[dict[str, tuple[str, str]]] = {
    "01": ("month", "[0-9]{2}"),
    "1": ("month", "[0-9]{1,2}"),
    "02": ("day", "[0-9]{2}"),
    "_2": ("day", " ?[0-9]{1,2}"),
    "2": ("day", "[0-9]{1,2}"),
    "002": ("year_day", "[0-9]{3}"),
    "__2": ("year_day", " {0,2}[0-9]{1,3}"),
    "15": ("hour", "[0-9]{1,2}"),
    "03": ("hour", "[0-9]{2}"),
    "3": ("hour", "[0-9]{1,2}"),
    "04": ("minute", "[0-9]{2}"),
    "4": ("minute", "[0-9]{1,2}"),
    "05": ("second", "[0-9]{2}"),
    "5": ("second", "[0-9]{1,2}"),
    "2006": ("year", "[0-9]{4}"),
    "06": ("short_year", "[0-9]{2}"),
}
_LAST_OF_1900S: Final = 69
_NANOSECOND_DIGITS: Final = 9


@dataclass(frozen=True)
class ParsedTime:
    """The parts that a text named; `offset` is seconds east of UTC, None when the text named no zone."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    offset: int | None
    zone_name: str


class Layout:
    """A layout cut into literal text and parts."""

    def __init__(self, layout: str) -> None:
        self.layout = layout
        self.pieces = _cut(layout)

    def parse(self, text: str) -> ParsedTime:
        """The time that the text writes in this layout. Raises ValueError worded as Go's."""
        found = _pattern(self.layout).fullmatch(text)
        refused = f'parsing time "{text}" as "{self.layout}": cannot parse "{text}" as "{self.layout}"'
        if not found:
            raise ValueError(refused)
        parts = {name: value for name, value in found.groupdict().items() if value is not None}
        parsed = _parsed(parts)
        try:
            datetime(  # noqa: DTZ001  # only asked whether such a day and time exist
                parsed.year, parsed.month, parsed.day, parsed.hour, parsed.minute, parsed.second
            )
        except ValueError:
            raise ValueError(f'parsing time "{text}": {_out_of_range(parsed)} out of range') from None
        return parsed


@lru_cache(maxsize=256)
def _cut(layout: str) -> tuple[tuple[bool, str], ...]:
    """The layout as (is a part, text) pairs."""
    pieces: list[tuple[bool, str]] = []
    at = 0
    for found in _PART.finditer(layout):
        if found.start() > at:
            pieces.append((False, layout[at : found.start()]))
        pieces.append((found[0] != "_", found[0]))
        at = found.end()
    if at < len(layout):
        pieces.append((False, layout[at:]))
    return tuple(pieces)


def format_time(layout: Layout, moment: datetime, nanosecond: int) -> str:
    """The moment in the form of the layout."""
    return "".join(_formatted(text, moment, nanosecond) if is_part else text for is_part, text in layout.pieces)


_FORMATS: Final[dict[str, Callable[[datetime], str]]] = {
    "January": lambda moment: MONTHS[moment.month - 1],
    "Jan": lambda moment: MONTHS[moment.month - 1][:3],
    "01": lambda moment: f"{moment.month:02d}",
    "1": lambda moment: str(moment.month),
    "Monday": lambda moment: DAYS[moment.isoweekday() % 7],
    "Mon": lambda moment: DAYS[moment.isoweekday() % 7][:3],
    "02": lambda moment: f"{moment.day:02d}",
    "_2": lambda moment: f"{moment.day:2d}",
    "2": lambda moment: str(moment.day),
    "002": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "__2": lambda moment: f"{moment.timetuple().tm_yday:3d}",
    "15": lambda moment: f"{moment.hour:02d}",
    "03": lambda moment: f"{moment.hour % 12 or 12:02d}",
    "3": lambda moment: str(moment.hour % 12 or 12),
    "04": lambda moment: f"{moment.minute:02d}",
    "4": lambda moment: str(moment.minute),
    "05": lambda moment: f"{moment.second:02d}",
    "5": lambda moment: str(moment.second),
    "2006": lambda moment: f"{moment.year:04d}",
    "06": lambda moment: f"{moment.year % 100:02d}",
    "PM": lambda moment: "AM" if moment.hour < 12 else "PM",
    "pm": lambda moment: "am" if moment.hour < 12 else "pm",
    "MST": lambda moment: _zone_name(moment),  # noqa: PLW0108  # defined below
}


def _formatted(part: str, moment: datetime, nanosecond: int) -> str:
    plain = _FORMATS.get(part)
    if plain is not None:
        return plain(moment)
    if part[0] in ".,":
        return _fraction(part, nanosecond)
    return _offset(part, _offset_seconds(moment))


def _fraction(part: str, nanosecond: int) -> str:
    digits = f"{nanosecond:09d}"[: len(part) - 1].ljust(len(part) - 1, "0")
    if part[1] == "9":
        digits = digits.rstrip("0")
        return part[0] + digits if digits else ""
    return part[0] + digits


def _offset_seconds(moment: datetime) -> int:
    return int((moment.utcoffset() or timedelta()).total_seconds())


def _offset(part: str, seconds: int) -> str:
    if part[0] == "Z" and not seconds:
        return "Z"
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    numbers = (hours, rest // 60, rest % 60)
    count = {3: 1, 5: 2, 6: 2, 7: 3, 9: 3}[len(part)]
    return sign + (":" if ":" in part else "").join(f"{number:02d}" for number in numbers[:count])


def _zone_name(moment: datetime) -> str:
    """The zone's abbreviation, or its offset when it has none (Python names such a zone `UTC+02:00`)."""
    name = moment.tzname() or "UTC"
    return _offset("-0700", _offset_seconds(moment)) if name.startswith("UTC") and name != "UTC" else name


@lru_cache(maxsize=256)
def _pattern(layout: str) -> re.Pattern[str]:
    """A pattern whose groups are the parts of the layout; a part that comes twice is only checked for its form."""
    named: set[str] = set()
    parts: list[str] = []
    pieces = _cut(layout)
    for place, (is_part, text) in enumerate(pieces):
        if not is_part:
            parts.append(re.escape(text))
            continue
        name, body = _reading(text)
        parts.append(f"(?:{body})" if name in named else f"(?P<{name}>{body})")
        named.add(name)
        fraction_follows = place + 1 < len(pieces) and pieces[place + 1][0] and pieces[place + 1][1][0] in ".,"
        if name == "second" and not fraction_follows and "fraction" not in named:
            parts.append(r"(?P<fraction>[.,][0-9]+)?")
            named.add("fraction")
    return re.compile("".join(parts))


def _reading(part: str) -> tuple[str, str]:
    if part in _NUMBERS:
        return _NUMBERS[part]
    if part in {"January", "Jan"}:
        return "month_name", "|".join(MONTHS if part == "January" else (name[:3] for name in MONTHS))
    if part in {"Monday", "Mon"}:
        return "weekday", "|".join(DAYS if part == "Monday" else (name[:3] for name in DAYS))
    if part in {"PM", "pm"}:
        return "half", "AM|PM" if part == "PM" else "am|pm"
    if part == "MST":
        return "zone", "[A-Z]{3,5}|[+-][0-9]{2,4}"
    if part[0] in ".,":
        digits = len(part) - 1
        return "fraction", f"[.,][0-9]{{{digits}}}" if part[1] == "0" else "(?:[.,][0-9]+)?"
    groups = {3: "[0-9]{2}", 5: "[0-9]{4}", 6: "[0-9]{2}:[0-9]{2}", 7: "[0-9]{6}", 9: "[0-9]{2}:[0-9]{2}:[0-9]{2}"}
    return "offset", ("Z|" if part[0] == "Z" else "") + "[+-]" + groups[len(part)]


def _parsed(parts: dict[str, str]) -> ParsedTime:
    def number(name: str, missing: int) -> int:
        return int(parts[name]) if name in parts else missing

    year = number("year", 0)
    if "short_year" in parts:
        short = number("short_year", 0)
        year = short + (1900 if short >= _LAST_OF_1900S else 2000)
    month = number("month", 1)
    if "month_name" in parts:
        month = next(place for place, name in enumerate(MONTHS, 1) if name.startswith(parts["month_name"]))
    hour = number("hour", 0)
    half = parts.get("half", "").upper()
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    fraction = parts.get("fraction", "")[1:][:_NANOSECOND_DIGITS].ljust(_NANOSECOND_DIGITS, "0")
    zone = parts.get("zone", "")
    offset = _read_offset(parts["offset"]) if "offset" in parts else (0 if zone else None)
    return ParsedTime(
        year, month, number("day", 1), hour, number("minute", 0), number("second", 0), int(fraction), offset, zone
    )


def _read_offset(text: str) -> int:
    if text == "Z":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes, seconds = (int(digits[at : at + 2] or 0) for at in (0, 2, 4))
    total = hours * 3600 + minutes * 60 + seconds
    return -total if text[0] == "-" else total


def _out_of_range(parsed: ParsedTime) -> str:
    limits = (("month", parsed.month, 12), ("hour", parsed.hour, 23), ("minute", parsed.minute, 59))
    wrong = next((name for name, value, most in limits if value > most), None)
    return wrong or ("second" if parsed.second > 59 else "day")
