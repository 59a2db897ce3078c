"""Go's time.Duration."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import ClassVar, Final

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_TERM: Final = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)")


class GoDuration(int):
    """A span of time in nanoseconds, printed as Go prints it: `1h30m0s`, `1.5ms`, `0s`."""

    __go_type__: ClassVar[str] = "time.Duration"
    __go_fields__: ClassVar[dict[str, str]] = {
        "String": "text",
        "Nanoseconds": "nanoseconds",
        "Microseconds": "microseconds",
        "Milliseconds": "milliseconds",
        "Seconds": "seconds",
        "Minutes": "minutes",
        "Hours": "hours",
        "Abs": "absolute",
        "Truncate": "truncated",
        "Round": "rounded",
    }

    @classmethod
    def parse(cls, text: str) -> GoDuration:
        """What Go's time.ParseDuration reads: `1h15m`, `-1.5s`. Raises ValueError worded as Go's."""
        body = text[1:] if text[:1] in {"+", "-"} else text
        if body == "0":
            return cls(0)
        total = Decimal(0)
        at = 0
        while at < len(body):
            term = _TERM.match(body, at)
            if not term or not term[1].strip("."):
                break
            total += Decimal(term[1]) * _UNITS[term[2]]
            at = term.end()
        if not body or at < len(body):
            raise ValueError(f'time: invalid duration "{text}"')
        return cls(-int(total) if text.startswith("-") else int(total))

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Go's String: hours, minutes and seconds; below a second the largest unit that leaves a whole part."""
        nanoseconds = abs(int(self))
        sign = "-" if self < 0 else ""
        if nanoseconds == 0:
            return "0s"
        for unit in ("ns", "µs", "ms"):
            if nanoseconds < _UNITS[unit] * 1000:
                return f"{sign}{_with_fraction(nanoseconds, _UNITS[unit])}{unit}"
        minutes, rest = divmod(nanoseconds, _UNITS["m"])
        hours, minutes = divmod(minutes, 60)
        seconds = f"{_with_fraction(rest, _UNITS['s'])}s"
        if hours:
            return f"{sign}{hours}h{minutes}m{seconds}"
        return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"

    def nanoseconds(self) -> int:
        return int(self)

    def microseconds(self) -> int:
        return _toward_zero(self, _UNITS["us"])

    def milliseconds(self) -> int:
        return _toward_zero(self, _UNITS["ms"])

    def seconds(self) -> float:
        return int(self) / _UNITS["s"]

    def minutes(self) -> float:
        return int(self) / _UNITS["m"]

    def hours(self) -> float:
        return int(self) / _UNITS["h"]

    def absolute(self) -> GoDuration:
        return GoDuration(abs(int(self)))

    def truncated(self, unit: GoDuration) -> GoDuration:
        """Rounded toward zero to a multiple of `unit`; unchanged when `unit` is not positive."""
        return self if unit <= 0 else GoDuration(_toward_zero(self, unit) * int(unit))

    def rounded(self, unit: GoDuration) -> GoDuration:
        """Rounded to the nearest multiple of `unit`, halves away from zero; unchanged when `unit` is not positive."""
        if unit <= 0:
            return self
        whole, rest = divmod(abs(int(self)), int(unit))
        whole += rest * 2 >= unit
        return GoDuration(whole * int(unit) * (-1 if self < 0 else 1))


def _toward_zero(value: int, unit: int) -> int:
    whole = abs(int(value)) // int(unit)
    return -whole if value < 0 else whole


def _with_fraction(nanoseconds: int, unit: int) -> str:
    whole, rest = divmod(nanoseconds, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(unit)) - 1, '0').rstrip('0')}"
