"""What was noticed during an evaluation, each thing once, with the place it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from alertd.promql.annotations import FORCED_MONOTONICITY, of_metric
from alertd.promql.errors import line_and_column
from alertd.promql.floats import INF
from alertd.promql.numbers import format_go_float

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Repairs:
    """Where and when classic histograms had counts that fell, and by how much."""

    position: int = 0
    lowest: float = INF
    highest: float = -INF
    largest: float = 0.0
    first: int = 0
    last: int = 0
    count: int = 0


class Notes:
    """Warnings and infos of one evaluation. `source` is the text that positions (character offsets) refer to."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._warnings: dict[str, int] = {}
        self._infos: dict[str, int] = {}
        self._repairs: dict[str, _Repairs] = {}

    def warn(self, text: str, position: int) -> None:
        """Note something that makes a result doubtful; the last place that says so counts."""
        self._warnings[text] = position

    def inform(self, text: str, position: int) -> None:
        self._infos[text] = position

    def repaired(self, position: int, name: str, at: int, *, lowest: float, highest: float, largest: float) -> None:
        """Note that counts of the metric `name` were lifted between two bounds, by at most `largest`, at `at`."""
        repairs = self._repairs.setdefault(name, _Repairs())
        repairs.position = position
        repairs.lowest, repairs.highest = min(repairs.lowest, lowest), max(repairs.highest, highest)
        repairs.largest = max(repairs.largest, largest)
        repairs.first = min(repairs.first, at) if repairs.count else at
        repairs.last = max(repairs.last, at) if repairs.count else at
        repairs.count += 1

    def texts(self, kind: Literal["warning", "info"]) -> list[str]:
        """Return all notes of a kind as Prometheus shows them."""
        found = self._warnings if kind == "warning" else self._infos
        texts = [f"PromQL {kind}: {text} ({self._place(position)})" for text, position in found.items()]
        if kind == "info":
            texts += [self._repair_text(name, repairs) for name, repairs in self._repairs.items()]
        return texts

    def _place(self, position: int) -> str:
        """Return the line and the column, which Prometheus counts in bytes here."""
        line, column = line_and_column(self._source, position)
        before = self._source[position - column + 1 : position]
        return f"{line}:{len(before.encode(errors='surrogatepass')) + 1}"

    def _repair_text(self, name: str, repairs: _Repairs) -> str:
        return (
            f"PromQL info: {of_metric(FORCED_MONOTONICITY, name)},"
            f" from buckets {format_go_float(repairs.lowest)} to {format_go_float(repairs.highest)},"
            f" with a max diff of {repairs.largest:.2g},"
            f" over {repairs.count} samples from {_instant(repairs.first)} to {_instant(repairs.last)}"
            f" ({self._place(repairs.position)})"
        )


def _instant(milliseconds: int) -> str:
    return (_EPOCH + timedelta(seconds=milliseconds // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")
