"""Requests of remote write: what the series are called, their samples, and what else they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alertd.errors import AlertdError
from alertd.promql import METRIC_NAME
from alertd.sources.descriptions import Description
from alertd.sources.series import Identity, SeriesLimits, SeriesSamples, shown
from alertd.sources.wire import WireError

#: The content types' parameter `proto` of the two versions.
VERSION_1 = "prometheus.WriteRequest"
VERSION_2 = "io.prometheus.write.v2.Request"
#: How many samples a request may have where nobody says it.
UNBOUNDED = 1 << 62


@dataclass(slots=True)
class WriteRequest:
    """The series of a request, and what it says of their metrics; each description is there once, in order.

    `refused` has a sentence about each series that cannot be taken as it is written.
    """

    series: list[SeriesSamples] = field(default_factory=list)
    descriptions: dict[Description, None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class TooManySamples(WireError):
    """A request with more samples than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a request may have {most} samples, found more; lower max_samples_per_send")


class SeriesRefused(AlertdError):
    """A series that cannot be taken as it is written; the others of its request can."""


def refused_histogram(reason: object, identity: Identity) -> SeriesRefused:
    """The refusal of a series because of one of its histograms; labels that cannot be a series' are told instead."""
    return SeriesRefused(identity.problem or f"{reason} for series {shown(identity.labels)}")


def too_many_labels(labels: Mapping[str, str], limits: SeriesLimits) -> SeriesRefused:
    """The refusal of a series with more labels than one may have, of which no more were read than these."""
    metric = labels.get(METRIC_NAME, "")[: limits.name]
    return SeriesRefused(f"a series may have {limits.labels} labels, found more at {metric or 'one without a name'}")
