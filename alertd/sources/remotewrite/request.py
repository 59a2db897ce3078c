"""Requests of remote write: what the series are called, their samples, and what else they bring."""

from __future__ import annotations

from dataclasses import dataclass, field

from alertd.sources.series import SeriesSamples

#: The content types' parameter `proto` of the two versions.
VERSION_1 = "prometheus.WriteRequest"
VERSION_2 = "io.prometheus.write.v2.Request"


@dataclass(slots=True)
class WriteRequest:
    """The series of a request, and how many exemplars and descriptions of metrics came with them."""

    series: list[SeriesSamples] = field(default_factory=list)
    exemplars: int = 0
    metadata: int = 0
