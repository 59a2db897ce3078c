"""Go's time.Time: an instant with a zone, its methods, and the layouts that format it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.timelayout import DAYS, MONTHS, Layout, format_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_STRING_LAYOUT: Final = "2006-01-02 15:04:05.999999999 -0700 MST"
_ZERO: Final = -62_135_596_800 * _SECOND
_YEAR_DIGITS: Final = 4


class GoMonth(int):
    """A month of the year from 1, printed by its English name."""

    __go_type__: ClassVar[str] = "time.Month"
    __go_fields__: ClassVar[dict[str, str]] = {"String": "text"}

    def text(self) -> str:
        return MONTHS[self - 1]


class GoWeekday(int):
    """A day of the week, Sunday is 0, printed by its English name."""

    __go_type__: ClassVar[str] = "time.Weekday"
    __go_fields__: ClassVar[dict[str, str]] = {"String": "text"}

    def text(self) -> str:
        return DAYS[self]


class GoTime:
    """An instant (`nanoseconds` since 1970, UTC) as it is shown in `zone`.

    The instants that can be shown are those of the years 1 to 9999; another raises ValueError where it is formatted.
    """

    __slots__ = ("_local", "nanoseconds", "zone")

    __go_type__: ClassVar[str] = "time.Time"
    __go_fields__: ClassVar[dict[str, str]] = {
        "String": "text",
        "Format": "format",
        "Unix": "unix",
        "UnixMilli": "unix_milli",
        "UnixMicro": "unix_micro",
        "UnixNano": "unix_nano",
        "UTC": "utc",
        "Local": "utc",
        "Add": "add",
        "AddDate": "add_date",
        "Sub": "sub",
        "After": "after",
        "Before": "before",
        "Equal": "equal",
        "Compare": "compare",
        "IsZero": "is_zero",
        "Year": "year",
        "Month": "month",
        "Day": "day",
        "Hour": "hour",
        "Minute": "minute",
        "Second": "second",
        "Nanosecond": "nanosecond",
        "Weekday": "weekday",
        "YearDay": "year_day",
        "Truncate": "truncated",
        "Round": "rounded",
    }

    def __init__(self, nanoseconds: int, zone: tzinfo = UTC) -> None:
        self.nanoseconds = nanoseconds
        self.zone = zone
        self._local: datetime | None = None

    @classmethod
    def from_milliseconds(cls, milliseconds: int, zone: tzinfo = UTC) -> GoTime:
        """The instant that many milliseconds after 1970."""
        return cls(milliseconds * 1_000_000, zone)

    @classmethod
    def zero(cls) -> GoTime:
        """Go's zero time, the first instant of the year 1."""
        return cls(_ZERO)

    @classmethod
    def parse(cls, layout: str, text: str, zone: tzinfo = UTC) -> GoTime:
        """The time written in the layout; `zone` counts when the text names none. Raises ValueError."""
        found = Layout(layout).parse(text)
        offset = zone if found.offset is None else _fixed(found.offset, found.zone_name)
        moment = datetime(found.year, found.month, found.day, found.hour, found.minute, found.second, tzinfo=offset)
        whole = moment.astimezone(UTC) - _EPOCH
        seconds = whole.days * 86_400 + whole.seconds
        return cls(seconds * _SECOND + found.nanosecond, offset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoTime) and self.nanoseconds == other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __repr__(self) -> str:
        return f"GoTime({self.nanoseconds}, {self.zone!r})"

    def __str__(self) -> str:
        return self.text()

    @property
    def local(self) -> datetime:
        """The instant in its zone, without the part below a second."""
        if self._local is None:
            try:
                moment = _EPOCH + timedelta(seconds=self.nanoseconds // _SECOND)
                self._local = moment.astimezone(self.zone)
            except OverflowError:
                raise ValueError("time is outside of the years 1 to 9999") from None
        return self._local

    def text(self) -> str:
        return self.format(_STRING_LAYOUT)

    def format(self, layout: str) -> str:
        """The time in the form of a Go layout: an example written for Mon Jan 2 15:04:05.000 2006 MST -0700."""
        return format_time(Layout(layout), self.local, self.nanosecond())

    def unix(self) -> int:
        return self.nanoseconds // _SECOND

    def unix_milli(self) -> int:
        return self.nanoseconds // 1_000_000

    def unix_micro(self) -> int:
        return self.nanoseconds // 1_000

    def unix_nano(self) -> int:
        return self.nanoseconds

    def utc(self) -> GoTime:
        """The same instant in UTC, which is also the local zone here."""
        return GoTime(self.nanoseconds)

    def in_zone(self, zone: tzinfo) -> GoTime:
        """The same instant in another zone."""
        return GoTime(self.nanoseconds, zone)

    def add(self, duration: GoDuration) -> GoTime:
        return GoTime(self.nanoseconds + int(duration), self.zone)

    def add_date(self, years: int, months: int, days: int) -> GoTime:
        """The same time of day that many years, months and days later; a day that a month lacks runs into the next."""
        local = self.local
        month = local.month - 1 + months
        year = local.year + years + month // 12
        if not 1 <= year < 10**_YEAR_DIGITS:
            raise ValueError("time is outside of the years 1 to 9999")
        try:
            moment = local.replace(year=year, month=month % 12 + 1, day=1) + timedelta(days=local.day - 1 + days)
        except OverflowError:
            raise ValueError("time is outside of the years 1 to 9999") from None
        whole = moment.astimezone(UTC) - _EPOCH
        return GoTime((whole.days * 86_400 + whole.seconds) * _SECOND + self.nanosecond(), self.zone)

    def sub(self, other: GoTime) -> GoDuration:
        return GoDuration(self.nanoseconds - other.nanoseconds)

    def after(self, other: GoTime) -> bool:
        return self.nanoseconds > other.nanoseconds

    def before(self, other: GoTime) -> bool:
        return self.nanoseconds < other.nanoseconds

    def equal(self, other: GoTime) -> bool:
        return self.nanoseconds == other.nanoseconds

    def compare(self, other: GoTime) -> int:
        return (self.nanoseconds > other.nanoseconds) - (self.nanoseconds < other.nanoseconds)

    def is_zero(self) -> bool:
        return self.nanoseconds == _ZERO

    def year(self) -> int:
        return self.local.year

    def month(self) -> GoMonth:
        return GoMonth(self.local.month)

    def day(self) -> int:
        return self.local.day

    def hour(self) -> int:
        return self.local.hour

    def minute(self) -> int:
        return self.local.minute

    def second(self) -> int:
        return self.local.second

    def nanosecond(self) -> int:
        return self.nanoseconds % _SECOND

    def weekday(self) -> GoWeekday:
        return GoWeekday(self.local.isoweekday() % 7)

    def year_day(self) -> int:
        return self.local.timetuple().tm_yday

    def truncated(self, unit: GoDuration) -> GoTime:
        """Rounded down to a multiple of `unit` since the zero time; unchanged when `unit` is not positive."""
        return self if unit <= 0 else GoTime(self.nanoseconds - (self.nanoseconds - _ZERO) % int(unit), self.zone)

    def rounded(self, unit: GoDuration) -> GoTime:
        """Rounded to the nearest multiple of `unit` since the zero time, halves up."""
        if unit <= 0:
            return self
        rest = (self.nanoseconds - _ZERO) % int(unit)
        up = int(unit) if rest * 2 >= unit else 0
        return GoTime(self.nanoseconds - rest + up, self.zone)


def load_zone(name: str) -> tzinfo:
    """The zone of an IANA name; `""`, `UTC` and `Local` are UTC. Raises ValueError worded as Go's."""
    if name in {"", "UTC", "Local"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def _fixed(offset: int, name: str) -> tzinfo:
    if not offset and name in {"", "UTC"}:
        return UTC
    return timezone(timedelta(seconds=offset), name) if name else timezone(timedelta(seconds=offset))
