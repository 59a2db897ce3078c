"""Series with samples of their own times, as remote write and OTLP bring them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.promql import METRIC_NAME
from alertd.promql.histogram import FloatHistogram
from alertd.promql.quoting import quote

Key = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """How large one series' labels may be: their number, and the characters of a name and of a value."""

    labels: int = 64
    name: int = 256
    value: int = 2_048


def shown(labels: Mapping[str, str]) -> str:
    """Labels as Prometheus writes them: `{__name__="up", job="node"}`."""
    return "{" + ", ".join(f"{name}={quote(labels[name])}" for name in sorted(labels)) + "}"


def labels_problem(labels: Mapping[str, str], limits: SeriesLimits) -> str | None:
    """Why labels, `__name__` among them, cannot be a series'; None when they can."""
    metric = labels.get(METRIC_NAME, "")[: limits.name]
    # Sizes go first: what is wrong with labels is told with the labels themselves.
    if len(labels) > limits.labels:
        return f"a series may have {limits.labels} labels, found {len(labels)} at {metric}"
    for name, value in labels.items():
        if len(name) > limits.name:
            return f"a label's name may have {limits.name} characters, found {len(name)} at {metric}"
        most = limits.name if name == METRIC_NAME else limits.value
        if len(value) > most:
            return f"the label {name} may have {most} characters, found {len(value)} at {metric}"
    if not metric or "" in labels:
        return f"invalid metric name or labels, got {shown(labels)}"
    if any("\0" in name or "\0" in value for name, value in labels.items()):
        return f"a label cannot contain the character U+0000, got {shown(labels)}"
    return None


def _problem(pairs: Sequence[tuple[str, str]], labels: Mapping[str, str], limits: SeriesLimits) -> str | None:
    names = [name for name, _ in pairs]
    # A label without a value counts as absent, but not one without a name.
    problem = labels_problem({**labels, "": ""} if "" in names else labels, limits)
    if problem is None and len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        return f"invalid labels for series, labels {shown(labels)}, duplicated label {twice}"
    return problem


class Identity:
    """Which series it is: its labels with `__name__`, and what is wrong with them, if anything is."""

    __slots__ = ("key", "labels", "problem")

    def __init__(self, pairs: Sequence[tuple[str, str]], limits: SeriesLimits = SeriesLimits()) -> None:
        # The same few texts are in very many series.
        intern = sys.intern
        self.labels: dict[str, str] = {intern(name): intern(value) for name, value in pairs if value}
        self.key: Key = frozenset(self.labels.items())
        self.problem = _problem(pairs, self.labels, limits)


#: What stands for a series whose labels are not read yet.
NOBODY = Identity(())


@dataclass(slots=True)
class SeriesSamples:
    """Samples of one series: (instant, value) and (instant, native histogram).

    `start` is since when they count (milliseconds), 0 where that is not known.
    """

    identity: Identity
    samples: list[tuple[int, float]] = field(default_factory=list)
    histograms: list[tuple[int, FloatHistogram]] = field(default_factory=list)
    start: int = 0

    def __len__(self) -> int:
        return len(self.samples) + len(self.histograms)


def count(series: Iterable[SeriesSamples]) -> int:
    """How many samples and histograms the series have together."""
    return sum(len(one) for one in series)
