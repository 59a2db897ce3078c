"""What stands in the database at this moment, for health checks and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from alertd.store import channels, evaluations, forwards, outbox
from alertd.store.channels import Channel
from alertd.store.evaluations import GroupEvaluation
from alertd.store.forwards import Untaken
from alertd.store.tables import alerts, notifications, reports


@dataclass(frozen=True)
class Standing:
    """Channels, evaluations, messages on their way with the instant of the oldest, and alerts by state.

    `untaken` is what Alertmanagers that alerts are forwarded to did not take.
    """

    channels: tuple[Channel, ...]
    evaluations: Mapping[str, GroupEvaluation]
    waiting: int
    oldest: int | None
    alerts: Mapping[str, int]
    untaken: tuple[Untaken, ...]


def read_standing(connection: Connection, organisation: str) -> Standing:
    """The standing of the whole database, with the evaluations and forwarded alerts of one organisation."""
    on_their_way = notifications.c.status.in_((outbox.PENDING, outbox.SENDING))
    waiting, oldest = connection.execute(
        select(func.count(), func.min(notifications.c.created_at)).where(on_their_way)
    ).one()
    fires = alerts.c.ends_at.is_(None)
    counts = {
        "firing": select(func.count()).select_from(alerts).where(fires),
        "acknowledged": select(func.count()).select_from(alerts).where(fires, alerts.c.acknowledgement.is_not(None)),
        "pending": select(func.count()).select_from(reports).where(reports.c.state == "pending"),
    }
    return Standing(
        channels=tuple(channels.every(connection)),
        evaluations=evaluations.read(connection, organisation),
        waiting=waiting,
        oldest=oldest,
        alerts={state: connection.execute(query).scalar_one() for state, query in counts.items()},
        untaken=tuple(forwards.untaken(connection, organisation)),
    )
