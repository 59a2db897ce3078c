"""The sections that only alertd has: where it listens, remembers and asks, and who may speak to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from alertd.clock import DAY, HOUR, MINUTE, SECOND
from alertd.config.http import HttpConfig
from alertd.config.types import (
    Complaint,
    Count,
    Duration,
    Flag,
    HttpUrl,
    LabelName,
    Labels,
    PositiveCount,
    Section,
    Size,
    Text,
    duration_of,
    positive,
)


class PathMappingConfig(Section):
    """A better name and labels for the values of a snapshot at some paths."""

    path: Text = Field(
        description="A path's elements between dots; `*` is any one, `**` at the end the rest, as `checks.*.status`."
    )
    name: Text | None = Field(
        None,
        description="The metric's name, with `$1` to `$9` for the wildcards; without it the values are left out.",
    )
    labels: dict[LabelName, Text] = Field({}, description="Labels of the metric; `$1` to `$9` as in `name`.")


class RemoteWriteConfig(Section):
    """Where the series that rules make over a Prometheus are written: those they record, and those of their alerts."""

    url: HttpUrl | None = Field(
        None, description="Where remote write is taken; default: `/api/v1/write` below the source's url."
    )
    http_config: HttpConfig | None = Field(None, description="How to speak HTTP; default: as for the source.")
    timeout: Annotated[Duration, positive("timeout")] = Field(30 * SECOND, description="The time of one request.")
    max_age: Annotated[Duration, positive("max_age")] = Field(
        2 * HOUR, description="How long series are tried to be written before they are given up."
    )


class SourceConfig(Section):
    """Something that answers an expression: a Prometheus HTTP API, or the snapshots that were pushed."""

    type: Literal["prometheus", "snapshots"] = Field(description="What it is.")
    url: HttpUrl | None = Field(None, description="prometheus: the address, with its path prefix.")
    http_config: HttpConfig | None = Field(None, description="prometheus: how to speak HTTP; default: the global one.")
    timeout: Annotated[Duration, positive("timeout")] = Field(
        30 * SECOND, description="prometheus: the time that one query may take."
    )
    retries: Count = Field(2, description="prometheus: how often a failed connection is tried again.")
    concurrency: PositiveCount = Field(8, description="prometheus: the number of queries at the same time.")
    remote_write: RemoteWriteConfig | None = Field(
        None,
        description="prometheus: where recorded series and those of alerts are written; default: nowhere.",
    )
    labels: Labels = Field({}, description="Labels that every sample gets which does not have them.")
    map: tuple[PathMappingConfig, ...] = Field((), description="snapshots: names for values; the first that fits wins.")
    stale_after: Annotated[Duration, positive("stale_after")] = Field(
        5 * MINUTE, description="snapshots: how long a value counts after its push."
    )
    retention: Annotated[Duration, positive("retention")] = Field(
        6 * HOUR, description="snapshots: how long values are kept."
    )
    max_samples: PositiveCount = Field(10_000, description="snapshots: the number of values in one push.")
    max_series: PositiveCount = Field(
        100_000, description="snapshots: the number of series; a push that would make more is refused, or that part."
    )
    max_labels: PositiveCount = Field(64, description="snapshots: the number of labels of one series.")
    max_samples_per_second: Count = Field(
        0, description="snapshots: the samples a second of remote write and OTLP, on average over 10s; 0 for no bound."
    )
    out_of_order_window: Duration = Field(
        0, description="snapshots: by how much a sample of remote write or OTLP may be older than its series' newest."
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        kind = written.get("type")
        if kind == "prometheus" and not written.get("url"):
            yield "", "a source of type prometheus needs a url; add it, as in http://prometheus:9090"
        foreign = {"prometheus": _SNAPSHOTS_ONLY, "snapshots": _PROMETHEUS_ONLY}.get(str(kind), ())
        for key in foreign:
            if key in written:
                yield key, f"{key} means nothing for a source of type {kind}; remove it"


_PROMETHEUS_ONLY = ("url", "http_config", "timeout", "retries", "concurrency", "remote_write")
_SNAPSHOTS_ONLY = (
    "map",
    "stale_after",
    "retention",
    "max_samples",
    "max_series",
    "max_labels",
    "max_samples_per_second",
    "out_of_order_window",
)


class AuthConfig(Section):
    """Who may speak to alertd."""

    required: Flag | None = Field(
        None, description="Whether a request needs a token; must be said when alertd listens beyond this machine."
    )
    anonymous_role: Literal["viewer", "sender", "responder", "editor", "admin"] | None = Field(
        None, description="What a request without a token may do; without a role it is refused where one is required."
    )
    allow_unauthenticated: Flag = Field(
        False, description="Says that everybody may do everything although alertd listens beyond this machine."
    )


class RetentionConfig(Section):
    """How long things are kept that are over."""

    history: Annotated[Duration, positive("history")] = Field(
        90 * DAY, description="Resolved alerts and their history."
    )
    notifications: Annotated[Duration, positive("notifications")] = Field(
        30 * DAY, description="Messages and the attempts to deliver them."
    )
    snapshots: Annotated[Duration, positive("snapshots")] = Field(DAY, description="Pushed metrics.")
    snapshots_size: Size = Field(
        1 << 30, description="The size of the metrics that were pushed to one source, compressed; the oldest go first."
    )


class AcknowledgementConfig(Section):
    """What an acknowledgement is worth."""

    expires: Annotated[Duration, positive("expires")] = Field(DAY, description="When it ends unless said otherwise.")
    max: Annotated[Duration, positive("max")] = Field(7 * DAY, description="The longest one that can be asked for.")
    survive_recovery: Duration = Field(
        30 * MINUTE, description="How long an alert may be resolved and fire again without losing it."
    )
    sticky_severity: Flag = Field(True, description="Whether it ends when the alert's severity gets worse.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        expires = duration_of(written.get("expires", "24h"))
        longest = duration_of(written.get("max", "7d"))
        if expires is not None and longest is not None and expires > longest:
            key = "expires" if "expires" in written else "max"
            yield key, "expires cannot be longer than max; lower the one or raise the other"


class DeliveryConfig(Section):
    """How messages are brought to receivers."""

    timeout: Annotated[Duration, positive("timeout")] = Field(10 * SECOND, description="The time of one try.")
    max_age: Annotated[Duration, positive("max_age")] = Field(
        HOUR, description="How long a message is tried before it is given up."
    )
    lease: Annotated[Duration, positive("lease")] = Field(
        15 * SECOND, description="After how long another process takes over what a dead one was sending."
    )
