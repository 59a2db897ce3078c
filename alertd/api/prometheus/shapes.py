"""What Prometheus' API says of rules and alerts, as structures for JSON."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from alertd.clock import SECOND, to_datetime

#: What Prometheus prints for an instant that never was.
NEVER = "0001-01-01T00:00:00Z"

Number = int | float


class ShownAlert(msgspec.Struct, rename="camel"):
    """One pending or firing alert of a rule."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    active_at: str
    keep_firing_since: str | UnsetType
    value: str


class ShownAlertingRule(msgspec.Struct, rename="camel"):
    """An alerting rule; `alerts` is None where nobody wanted them."""

    state: str
    name: str
    query: str
    duration: Number
    keep_firing_for: Number
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    alerts: list[ShownAlert] | None
    health: str
    last_error: str | UnsetType
    evaluation_time: Number
    last_evaluation: str
    type: str = "alerting"


class ShownRecordingRule(msgspec.Struct, rename="camel"):
    """A recording rule."""

    name: str
    query: str
    labels: Mapping[str, str]
    health: str
    last_error: str | UnsetType
    evaluation_time: Number
    last_evaluation: str
    type: str = "recording"


ShownRule = ShownAlertingRule | ShownRecordingRule


class ShownGroup(msgspec.Struct, rename="camel"):
    """A group with those of its rules that were wanted."""

    name: str
    file: str
    rules: list[ShownRule]
    interval: Number
    limit: int
    evaluation_time: Number
    last_evaluation: str


class RuleDiscovery(msgspec.Struct, rename="camel"):
    """The groups of one page; `group_next_token` is where the next one begins."""

    groups: list[ShownGroup]
    group_next_token: str | UnsetType = UNSET


def seconds(duration: int) -> Number:
    """Milliseconds as Go prints seconds: without a point where none is needed."""
    whole, rest = divmod(duration, SECOND)
    return duration / SECOND if rest else whole


def moment(instant: int | None) -> str:
    """An instant as Go prints it: no zeros at the end of the fraction."""
    if instant is None:
        return NEVER
    text = to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{instant % SECOND:03d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"
