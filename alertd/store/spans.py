"""The spans of rules' alerts as rows: written with the evaluation that begins or ends them, kept as the history is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, tuple_, update

from alertd.alerts import spans as decisions
from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.spans import PENDING, Span, begin, concerned, state_of
from alertd.store.statements import chunks
from alertd.store.tables import alert_spans

_LASTING = alert_spans.c.ended_at.is_(None)


def follow(connection: Connection, organisation: str, changes: Sequence[ReportChange], now: int) -> None:
    """End and begin spans as `changes` ask."""
    keys = [(change.producer, change.fingerprint) for change in concerned(changes)]
    if not keys:
        return
    lasting: list[Span] = []
    for chunk in chunks(keys):
        query = select(alert_spans).where(_of(organisation, chunk), _LASTING)
        lasting += [_read(row) for row in connection.execute(query)]
    ended, begun = decisions.follow(lasting, changes, now)
    _end(connection, organisation, ended, now)
    _begin(connection, organisation, begun)


def catch_up(connection: Connection, organisation: str, reports: Iterable[Report], now: int) -> None:
    """Make the spans that are missing for what rules report already, and end those that nothing is reported of."""
    query = select(alert_spans).where(alert_spans.c.organisation == organisation, _LASTING)
    lasting = {(row.producer, row.fingerprint): _read(row) for row in connection.execute(query)}
    begun: list[Span] = []
    for report in reports:
        state = state_of(report)
        if state is None or lasting.pop((report.producer, report.fingerprint), None) is not None:
            continue
        instance = report.instance
        since = instance.active_at if state == PENDING or instance.fired_at is None else instance.fired_at
        begun.append(begin(report, state, since))
    _end(connection, organisation, lasting.values(), now)
    _begin(connection, organisation, begun)


def read(connection: Connection, organisation: str, start: int, end: int) -> list[Span]:
    """The spans that have to do with the time after `start` up to `end`, the end of a span included."""
    query = (
        select(alert_spans)
        .where(
            alert_spans.c.organisation == organisation,
            alert_spans.c.started_at <= end,
            or_(_LASTING, alert_spans.c.ended_at > start),
        )
        .order_by(alert_spans.c.id)
    )
    return [_read(row) for row in connection.execute(query)]


def prune(connection: Connection, before: int, limit: int = 1000) -> int:
    """Delete up to `limit` spans that ended before `before`; how many."""
    old = select(alert_spans.c.id).where(alert_spans.c.ended_at < before).limit(limit)
    return connection.execute(delete(alert_spans).where(alert_spans.c.id.in_(old))).rowcount


def _end(connection: Connection, organisation: str, ended: Iterable[Span], now: int) -> None:
    for chunk in chunks((span.producer, span.fingerprint) for span in ended):
        connection.execute(update(alert_spans).where(_of(organisation, chunk), _LASTING).values(ended_at=now))


def _begin(connection: Connection, organisation: str, begun: Iterable[Span]) -> None:
    rows = [_values(organisation, span) for span in begun]
    if rows:
        connection.execute(insert(alert_spans), rows)


def _of(organisation: str, keys: Sequence[tuple[str, str]]) -> Any:
    place = tuple_(alert_spans.c.producer, alert_spans.c.fingerprint)
    return (alert_spans.c.organisation == organisation) & place.in_(keys)


def _values(organisation: str, span: Span) -> Mapping[str, Any]:
    return {
        "organisation": organisation,
        "producer": span.producer,
        "fingerprint": span.fingerprint,
        "labels": dict(span.labels),
        "state": span.state,
        "active_at": span.active_at,
        "started_at": span.started_at,
        "ended_at": span.ended_at,
    }


def _read(row: Row[Any]) -> Span:
    return Span(row.producer, row.fingerprint, row.labels, row.state, row.active_at, row.started_at, row.ended_at)
