"""What an exposition says: metric families with their samples, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from alertd.errors import AlertdError
from alertd.promql.histogram import FloatHistogram


class ExpositionError(AlertdError):
    """An exposition cannot be read. `line` and `column` count from 1; 0 says that there is no such place."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        self.column = column
        place = f"line {line}, column {column}: " if line and column else f"line {line}: " if line else ""
        super().__init__(place + message)


@dataclass(slots=True)
class Room:
    """How many samples and families may still come; without a bound a small body could ask for all memory."""

    samples: int = 10_000
    most: int = field(init=False)
    families: int = field(init=False)

    def __post_init__(self) -> None:
        self.most = self.families = self.samples

    def sample(self, line: int = 0) -> None:
        """Take room for a sample. Raises `ExpositionError` when there is none."""
        self.samples -= 1
        if self.samples < 0:
            raise ExpositionError(f"a push may have {self.most} samples, found one too many", line)

    def family(self, line: int = 0) -> None:
        """Take room for a family. Raises `ExpositionError` when there is none."""
        self.families -= 1
        if self.families < 0:
            raise ExpositionError(f"a push may have {self.most} metrics, found one too many", line)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An example of what a sample counts: labels, a value, and when it was (milliseconds), if that was said."""

    labels: Mapping[str, str]
    value: float
    at: int | None = None


@dataclass(slots=True)
class Exposed:
    """One sample: labels with `__name__`, the value, and its instant (milliseconds), if it has one of its own.

    With a native `histogram` the value says nothing.
    """

    labels: dict[str, str]
    value: float
    at: int | None = None
    exemplar: Exemplar | None = None
    histogram: FloatHistogram | None = None


@dataclass(slots=True)
class Family:
    """The samples of one metric. `type` is `untyped` where none was said; a histogram's name has no suffix."""

    name: str
    type: str = "untyped"
    help: str = ""
    unit: str = ""
    samples: list[Exposed] = field(default_factory=list)


def all_samples(families: Iterable[Family]) -> Iterator[Exposed]:
    """Every sample of the families, in their order."""
    for family in families:
        yield from family.samples
