"""Requests of remote write: what the series are called, their samples, and what else they bring."""

from __future__ import annotations

from dataclasses import dataclass, field

from alertd.sources.descriptions import Description
from alertd.sources.series import SeriesSamples
from alertd.sources.wire import WireError

#: The content types' parameter `proto` of the two versions.
VERSION_1 = "prometheus.WriteRequest"
VERSION_2 = "io.prometheus.write.v2.Request"
#: How many samples a request may have where nobody says it.
UNBOUNDED = 1 << 62

_MOST_LABELS = 1000


@dataclass(slots=True)
class WriteRequest:
    """The series of a request, and what it says of their metrics; each description is there once, in order."""

    series: list[SeriesSamples] = field(default_factory=list)
    descriptions: dict[Description, None] = field(default_factory=dict)


class TooManySamples(WireError):
    """A request with more samples than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a request may have {most} samples, found more; lower max_samples_per_send")


def check_labels(number: int) -> None:
    """Raises `WireError` for more labels than any series has: a few bytes shall not ask for all memory."""
    if number > _MOST_LABELS:
        raise WireError(f"a series may have {_MOST_LABELS} labels, found more")
