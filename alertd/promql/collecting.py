"""Vectors of successive instants put together into series."""

from __future__ import annotations

from dataclasses import dataclass, field

from alertd.promql.elements import Element, LabelKey, Labels, Window, key_of
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.storage import Series
from alertd.promql.values import Matrix


@dataclass(slots=True)
class _Row:
    labels: Labels
    drop_name: bool
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    histogram_times: list[int] = field(default_factory=list)
    histograms: list[FloatHistogram] = field(default_factory=list)


class Collector:
    """The series that vectors form, in the order in which they first came."""

    def __init__(self) -> None:
        self._rows: dict[LabelKey, _Row] = {}

    def collect(self, at: int, elements: list[Element]) -> None:
        """Add the vector of one instant; instants must come in ascending order."""
        rows = self._rows
        for element in elements:
            key = key_of(element.labels)
            row = rows.get(key)
            if row is None:
                row = rows[key] = _Row(element.labels, element.drop_name)
            elif element.drop_name:
                row.drop_name = True
            if element.histogram is None:
                row.times.append(at)
                row.values.append(element.value)
            else:
                row.histogram_times.append(at)
                row.histograms.append(element.histogram)

    def matrix(self) -> Matrix:
        """Return the series sorted by their labels."""
        rows = sorted(self._rows.values(), key=lambda row: sorted(row.labels.items()))
        return Matrix(Series(row.labels, row.times, row.values, row.histogram_times, row.histograms) for row in rows)

    def windows(self) -> list[Window]:
        """Return the series as the windows of a subquery.

        What samples say of counter resets does not hold between the moments of a subquery.
        """
        return [
            Window(
                row.labels,
                row.times,
                row.values,
                row.drop_name,
                row.histogram_times,
                [_unhinted(histogram) for histogram in row.histograms],
            )
            for row in self._rows.values()
        ]


def _unhinted(histogram: FloatHistogram) -> FloatHistogram:
    return histogram if histogram.is_gauge else histogram.hinted(CounterReset.UNKNOWN)
