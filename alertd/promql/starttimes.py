"""Start timestamps: since when a counter's sample counts, and the resets that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alertd.promql.annotations import start_time_overlap
from alertd.promql.ast import Node
from alertd.promql.elements import Labels
from alertd.promql.matchers import METRIC_NAME

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def restarts(times: Sequence[int], starts: Sequence[int], index: int) -> bool:
    """Whether the sample at `index` (1 or more) counts from after the sample before it; a start of 0 is not known."""
    before, start = times[index - 1], starts[index]
    if not start or start >= times[index] or start < before:
        return False
    if start > before:
        return True
    # A sample that counts from the one before it is a delta, if the one before says since when it counts itself.
    previous = starts[index - 1]
    return previous != 0 and previous < before


def first_start(starts: Sequence[int], times: Sequence[int], range_start: int) -> int | None:
    """Return since when the first sample of a range counts, if that lies within the range."""
    if starts and starts[0] and range_start < starts[0] < times[0]:
        return starts[0]
    return None


def note_overlap(evaluator: Evaluator, node: Node, labels: Labels, times: Sequence[int], starts: Sequence[int]) -> None:
    """Warn when a sample counts from before the one before it, without being its continuation."""
    for index in range(1, len(starts)):
        start = starts[index]
        if start and start < times[index - 1] and start != starts[index - 1]:
            evaluator.warn(node, start_time_overlap(labels.get(METRIC_NAME, "")))
            return
