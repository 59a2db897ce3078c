"""Alerts that others send, on their way in: what comes while one transaction runs is written together by the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.machine import Transition
from alertd.alerts.pushed import former, merge, worth_writing
from alertd.clock import SECOND
from alertd.service.batching import Batches
from alertd.service.renewals import Renewals
from alertd.store import alerts as alert_rows
from alertd.store import intake
from alertd.store.alerts import Renewal
from alertd.store.database import Database

# So many requests share one commit that it costs each of them little, and none of them waits long.
_MOST = 32
# Later ends are written this long before the stored ones, so that no replica ends what another was told goes on.
_NEAR = 10 * SECOND


@dataclass(frozen=True)
class Push:
    """What one request brought, at `now`."""

    organisation: str
    reports: Sequence[Report]
    actor: str
    now: int


class Pushes:
    """The way in; `ways` gives where alerts go now."""

    def __init__(self, database: Database, ways: Callable[[], intake.Ways]) -> None:
        self._database = database
        self._ways = ways
        self._batches: Batches[Push, None] = Batches(self._write, most=_MOST)
        self._renewals = Renewals()

    async def take(self, push: Push) -> None:
        """Write a push; it is committed when this returns."""
        await self._batches.add(push)

    async def renew(self, now: int | None = None) -> None:
        """Write the later ends of alerts whose stored ends are near `now`, or all."""
        renewals = self._renewals.take(None if now is None else now + _NEAR)
        if renewals:
            await self._database.run(alert_rows.renew, renewals)

    async def _write(self, pushes: Sequence[Push]) -> Sequence[None]:
        self._renewals.note(await self._database.run(write_pushes, pushes, self._ways()))
        return [None] * len(pushes)


def write_pushes(connection: Connection, pushes: Sequence[Push], ways: intake.Ways) -> list[Renewal]:
    """Merge sent alerts with what the same senders said before, and write those that say something new.

    What says nothing new but a later end is not written but returned.
    """
    by_organisation: dict[str, list[Push]] = {}
    for push in pushes:
        by_organisation.setdefault(push.organisation, []).append(push)
    renewals: list[Renewal] = []
    for organisation, own in sorted(by_organisation.items()):
        renewals += _write(connection, organisation, own, ways)
    return renewals


def _write(connection: Connection, organisation: str, pushes: Sequence[Push], ways: intake.Ways) -> Iterable[Renewal]:
    fingerprints = {report.fingerprint for push in pushes for report in push.reports}
    known = alert_rows.reports_about(connection, organisation, sorted(fingerprints))
    current = {(report.producer, report.fingerprint): report for reports in known.values() for report in reports}
    over = alert_rows.alerts_by_fingerprint(connection, organisation, fingerprints - known.keys())
    ended: dict[tuple[str, str], Report] = {}
    now = max(push.now for push in pushes)
    changes: dict[str, ReportChange] = {}
    renewals: dict[tuple[str, str], Renewal] = {}
    for push, report in ((each, report) for each in pushes for report in each.reports):
        key = (report.producer, report.fingerprint)
        before = current.get(key)
        merged = merge(before or ended.get(key) or former(over.get(report.fingerprint), report.producer), report)
        if not worth_writing(before, merged, push.now):
            if before is not None and before.expires_at is not None and merged.expires_at is not None:
                stored, ends_at = before.expires_at, max(before.expires_at, merged.expires_at)
                renewals[key] = Renewal(organisation, *key, stored, ends_at, merged.timed_out)
            continue
        renewals.pop(key, None)
        if report.fingerprint in changes:
            # Two words about one alert are two steps of its life, however close they came.
            intake.apply_changes(connection, organisation, list(changes.values()), ways, now)
            changes = {}
        change = changes[report.fingerprint] = _change(before, merged, push.now, push.actor)
        if change.report is None:
            current.pop(key, None)
            ended[key] = merged
        else:
            current[key] = merged
    intake.apply_changes(connection, organisation, list(changes.values()), ways, now)
    return renewals.values()


def _change(before: Report | None, merged: Report, now: int, actor: str) -> ReportChange:
    if merged.expires_at is None or merged.expires_at > now:
        transitions = (Transition.FIRED,) if before is None else ()
        return ReportChange(merged.producer, merged.fingerprint, merged, transitions, actor=actor)
    transitions = (Transition.RESOLVED,) if before is not None else ()
    return ReportChange(merged.producer, merged.fingerprint, None, transitions, last=merged, actor=actor)
