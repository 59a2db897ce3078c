"""How alerts stand at this moment: the store's listings, judged by the gates of the configuration in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from alertd.alerts.alert import Alert
from alertd.notify.flush import Routing
from alertd.routing.gates import Gate
from alertd.store import queries
from alertd.store.queries import AlertCounts, AlertFilter, AlertPage, Judge, ListedAlert, Position, Suppression

#: Gates that nobody closed on the alert itself.
_SUPPRESSING = frozenset({Gate.INHIBITED, Gate.INACTIVE_TIME, Gate.MUTED, Gate.SILENCED, Gate.DEPENDENCY})


def page(
    connection: Connection,
    organisation: str,
    routing: Routing,
    wanted: AlertFilter,
    after: Position | None,
    stretch: int,
    now: int,
) -> AlertPage:
    """One stretch of the listing of alerts."""
    with _judge(connection, organisation, routing, now) as judge:
        return queries.alert_page(connection, organisation, wanted, judge, now, after=after, stretch=stretch)


def one(connection: Connection, organisation: str, routing: Routing, fingerprint: str, now: int) -> ListedAlert | None:
    """One alert; None for a fingerprint that nobody knows."""
    with _judge(connection, organisation, routing, now) as judge:
        return queries.get_alert(connection, organisation, fingerprint, judge, now)


def counts(connection: Connection, organisation: str, routing: Routing, now: int) -> AlertCounts:
    """How many alerts there are, by state and severity."""
    with _judge(connection, organisation, routing, now) as judge:
        return queries.count_alerts(connection, organisation, judge, now)


@contextmanager
def _judge(connection: Connection, organisation: str, routing: Routing, now: int) -> Iterator[Judge]:
    """What suppresses an alert: the gates that hold it back on every one of its routes."""
    with routing.watch(organisation).current(connection, organisation, now) as gatekeeper:

        def judge(alert: Alert) -> tuple[Suppression, ...]:
            nodes = routing.tree.nodes_for(alert.labels, alert.policy.receivers)
            verdicts = [gatekeeper.judge(alert, node, now) for node in nodes]
            closed = [Suppression(v.gate, v.detail) for v in verdicts if v.gate is not None and v.gate in _SUPPRESSING]
            return tuple(dict.fromkeys(closed)) if len(closed) == len(verdicts) else ()

        yield judge
