"""What an exposition says: metric families with their samples, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.errors import AlertdError


class ExpositionError(AlertdError):
    """An exposition cannot be read. `line` and `column` count from 1; 0 says that there is no such place."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        self.column = column
        place = f"line {line}, column {column}: " if line and column else f"line {line}: " if line else ""
        super().__init__(place + message)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An example of what a sample counts: labels, a value, and when it was (milliseconds), if that was said."""

    labels: Mapping[str, str]
    value: float
    at: int | None = None


@dataclass(slots=True)
class Exposed:
    """One sample: labels with `__name__`, the value, and its instant (milliseconds), if it has one of its own."""

    labels: dict[str, str]
    value: float
    at: int | None = None
    exemplar: Exemplar | None = None


@dataclass(slots=True)
class Family:
    """The samples of one metric. `type` is `untyped` where none was said; a histogram's name has no suffix."""

    name: str
    type: str = "untyped"
    help: str = ""
    unit: str = ""
    samples: list[Exposed] = field(default_factory=list)


def count_samples(families: Sequence[Family]) -> int:
    """How many samples the families have together."""
    return sum(len(family.samples) for family in families)


def all_samples(families: Sequence[Family]) -> Iterator[Exposed]:
    """Every sample of the families, in their order."""
    for family in families:
        yield from family.samples
