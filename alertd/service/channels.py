"""alertd's own alert about a channel through which nobody can be told."""

from __future__ import annotations

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State, Transition
from alertd.store.channels import Channel

PRODUCER = "alertd"
CHANNEL_BROKEN = "AlertdChannelBroken"


def channel_report(channel: Channel, now: int) -> ReportChange:
    """What alertd reports of a channel that has just broken, or works again."""
    labels = {
        "alertname": CHANNEL_BROKEN,
        "integration": channel.integration,
        "receiver": channel.integration.split("/", 1)[0],
        "severity": "critical",
    }
    key = fingerprint(labels)
    if not channel.broken:
        return ReportChange(PRODUCER, key, None, (Transition.RESOLVED,))
    report = Report(
        producer=PRODUCER,
        fingerprint=key,
        labels=labels,
        annotations={
            "summary": f"Nobody can be told through {channel.integration}",
            "description": channel.last_error,
        },
        instance=Instance(State.FIRING, "critical", now, fired_at=now),
        updated_at=now,
    )
    return ReportChange(PRODUCER, key, report, (Transition.FIRED,))
