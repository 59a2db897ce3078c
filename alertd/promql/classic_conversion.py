"""Classic histograms turned into native ones with custom buckets, as `load_with_nhcb` of scripts asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from alertd.promql.elements import LabelKey, key_of
from alertd.promql.floats import INF
from alertd.promql.histogram import CUSTOM_BUCKETS, FloatHistogram
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import parse_go_float

BUCKET_LABEL: Final = "le"
_SUFFIXES: Final = ("_bucket", "_count", "_sum")


@dataclass(slots=True)
class _Classic:
    """What is known of one classic histogram at one instant; `buckets` maps upper bounds to cumulative counts."""

    buckets: dict[float, float] = field(default_factory=dict)
    count: float | None = None
    sum: float = 0.0


class ClassicHistograms:
    """Collects samples of classic histograms and gives native histograms for them."""

    def __init__(self) -> None:
        self._labels: dict[LabelKey, dict[str, str]] = {}
        self._collected: dict[LabelKey, dict[int, _Classic]] = {}

    def collect(self, labels: Mapping[str, str], samples: Iterable[tuple[int, float]]) -> None:
        """Take the samples of a series, if its name ends in `_bucket`, `_count` or `_sum`."""
        name = labels.get(METRIC_NAME, "")
        suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
        bound = parse_go_float(labels.get(BUCKET_LABEL, "")) if suffix == "_bucket" else None
        if not suffix or (suffix == "_bucket" and (bound is None or bound != bound)):
            return
        base = {label: value for label, value in labels.items() if label != BUCKET_LABEL}
        base[METRIC_NAME] = name.removesuffix(suffix)
        key = key_of(base)
        self._labels[key] = base
        instants = self._collected.setdefault(key, {})
        for at, value in samples:
            classic = instants.setdefault(at, _Classic())
            if bound is not None:
                classic.buckets.setdefault(bound, value)
            elif suffix == "_count":
                classic.count = value
            else:
                classic.sum = value

    def native(self) -> Iterable[tuple[dict[str, str], int, FloatHistogram]]:
        """Yield the labels, the instant and the native histogram of all that was collected, by series and time.

        Raises ValueError for counts that are negative or fall.
        """
        for key, instants in self._collected.items():
            for at in sorted(instants):
                yield self._labels[key], at, _convert(instants[at])


def _convert(classic: _Classic) -> FloatHistogram:
    buckets = dict(sorted(classic.buckets.items()))
    count = classic.count
    if count is None:
        if not buckets:
            raise ValueError("count must be provided when no buckets are present")
        count = next(reversed(buckets.values()))
    buckets.setdefault(INF, count)
    counts: dict[int, float] = {}
    previous = 0.0
    for index, cumulative in enumerate(buckets.values()):
        if cumulative < previous:
            raise ValueError(f"count is not cumulative: {cumulative:g} < {previous:g}")
        counts[index] = cumulative - previous
        previous = cumulative
    if previous != count:
        raise ValueError(f"count mismatch: count={count:g} != le=+Inf count={previous:g}")
    return FloatHistogram(
        schema=CUSTOM_BUCKETS,
        count=count,
        sum=classic.sum,
        positive={index: number for index, number in counts.items() if number},
        custom_values=tuple(bound for bound in buckets if bound != INF),
    )
