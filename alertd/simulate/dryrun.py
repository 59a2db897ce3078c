"""The dry run: what the rules find now, and whom that would tell what. Nothing is written and nothing is sent.

The rules are evaluated against the real sources as they answer now. Time is then moved on a virtual clock, as if the
answers stayed the same, until every pending alert has fired and every group has been told; the messages are rendered by
the receivers themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection

from alertd.alerts.alert import Report
from alertd.alerts.machine import State
from alertd.clock import MINUTE, Clock, SystemClock, VirtualClock
from alertd.promql import Expr
from alertd.rules.models import AlertRule
from alertd.service.runtime import Runtime, load_runtime
from alertd.service.snapshots import StoredSnapshots
from alertd.service.why import Why, explain
from alertd.simulate.rehearsal import Rehearsal, RehearsalClients, Rehearsed
from alertd.simulate.simulation import Simulation, memory
from alertd.sources.base import Answer, Source, SourceError
from alertd.store import alerts as alert_rows
from alertd.store import silences as silence_rows
from alertd.store.database import Database
from alertd.store.evaluations import RuleHealth
from alertd.store.migrate import current
from alertd.store.rows import silence_values
from alertd.store.statements import upsert
from alertd.store.tables import silences as silences_table


@dataclass(frozen=True)
class DryAlert:
    """An alert that a rule finds now. `fires_in` is how long it must still hold, in milliseconds; 0 fires now."""

    rule: str
    state: State
    fires_in: int
    report: Report
    why: Why


@dataclass(frozen=True)
class DryRun:
    """The whole outcome: how each rule did, what it finds, and what would be sent, with the delay from now."""

    at: int
    rules: Mapping[str, RuleHealth]
    names: Mapping[str, str]
    alerts: Sequence[DryAlert]
    messages: Sequence[Rehearsed] = field(default_factory=list)


async def dry_run(
    config_path: Path,
    *,
    snapshot: object | None = None,
    snapshot_labels: Mapping[str, str] | None = None,
    database_url: str | None = None,
    clock: Clock | None = None,
    env: Mapping[str, str] = os.environ,
) -> DryRun:
    """Evaluate the configuration's rules now and follow what they find to the end.

    `snapshot` is a document to evaluate over as if it had just been pushed. The silences, and the snapshots that were
    pushed, are read from the configuration's database, if there is one. Raises `InvalidInput`.
    """
    at = (clock or SystemClock()).now()
    rehearsal = Rehearsal()
    database = memory()
    simulation = Simulation(
        config_path,
        database,
        at,
        replica_id="dry-run",
        env=env,
        load=lambda virtual: _load(config_path, database, virtual, rehearsal, env),
        scheduled=False,
    )
    real = _open_real(database_url or simulation.runtime.config.settings.database.get_secret_value())
    try:
        runtime = simulation.runtime
        await _copy_silences(real, database, runtime.organisation)
        runtime.sources = {
            name: Frozen(await _prepared(source, real, snapshot, snapshot_labels or {}, at), at)
            for name, source in runtime.sources.items()
        }
        return await _rehearse(simulation, rehearsal, at)
    finally:
        await simulation.close()
        database.close()
        if real is not None:
            real.close()


class Frozen:
    """A source whose answers stay what they are at one instant."""

    def __init__(self, source: Source, at: int) -> None:
        self._source = source
        self._at = at
        self._answers: dict[str, Answer | SourceError] = {}

    async def query(self, expr: Expr, at: int) -> Answer:  # noqa: ARG002 - every instant has the same answer
        text = str(expr)
        if text not in self._answers:
            try:
                self._answers[text] = await self._source.query(expr, self._at)
            except SourceError as error:
                self._answers[text] = error
        answer = self._answers[text]
        if isinstance(answer, SourceError):
            raise answer
        return answer


async def _rehearse(simulation: Simulation, rehearsal: Rehearsal, at: int) -> DryRun:
    runtime, database = simulation.runtime, simulation.database
    rules: dict[str, RuleHealth] = {}
    for group in runtime.groups:
        outcome = await simulation.engine.evaluate(group, at)
        rules.update(outcome.rules if outcome is not None else {})
    found = await database.run(_reports, runtime)
    waits = sorted({_fires_in(runtime, report, at) for report in found} - {0})
    await simulation.engine.step()
    for wait in waits:
        await simulation.run_until(at + wait)
        for group in runtime.groups:
            await simulation.engine.evaluate(group, at + wait)
    longest = max((node.route.group_wait for node in runtime.tree.walk()), default=0)
    await simulation.run_for(longest + MINUTE)
    alerts = []
    for report in found:
        why = await database.run(
            explain, runtime.organisation, report.fingerprint, runtime.routing, simulation.clock.now()
        )
        if why is not None:
            wait = _fires_in(runtime, report, at)
            alerts.append(DryAlert(report.producer, report.instance.state, wait, report, why))
    names = {ready.rule.id: ready.rule.name for group in runtime.groups for ready in group.rules}
    messages = [replace(message, at=message.at - at) for message in rehearsal.messages]
    return DryRun(at, rules, names, alerts, messages)


def _load(
    config_path: Path, database: Database, clock: VirtualClock, rehearsal: Rehearsal, env: Mapping[str, str]
) -> Runtime:
    runtime = load_runtime(config_path, database, env=env, now=clock.now, receiver_clients=RehearsalClients(rehearsal))
    runtime.receivers = {key: rehearsal.wrap(receiver) for key, receiver in runtime.receivers.items()}
    return runtime


def _reports(connection: Connection, runtime: Runtime) -> list[Report]:
    producers = [ready.rule.id for group in runtime.groups for ready in group.rules]
    found = alert_rows.reports_of_producers(connection, runtime.organisation, producers)
    return [report for reports in found.values() for report in reports.values()]


def _fires_in(runtime: Runtime, report: Report, at: int) -> int:
    """How long a pending report must still hold before it fires."""
    if report.instance.state is not State.PENDING:
        return 0
    rules = {ready.rule.id: ready.rule for group in runtime.groups for ready in group.rules}
    rule = rules[report.producer]
    if not isinstance(rule, AlertRule):
        return 0
    needed = {level.severity or "": level.for_ for level in rule.levels}
    return min(timer.active_at + needed[timer.severity] - at for timer in report.instance.levels)


def _open_real(url: str) -> Database | None:
    """The configuration's own database; None when it is not there or was never used."""
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return None
    database = Database(url)
    if current(database) is not None:
        return database
    database.close()
    return None


async def _copy_silences(real: Database | None, database: Database, organisation: str) -> None:
    if real is None:
        return
    kept = await real.run(silence_rows.listing, organisation)
    rows = [silence_values(organisation, silence, 1) for silence in kept]
    await database.run(upsert, silences_table, rows)


async def _prepared(
    source: Source, real: Database | None, snapshot: object | None, labels: Mapping[str, str], at: int
) -> Source:
    """A snapshot source with what was really pushed, or with the given document; any other source as it is."""
    if not isinstance(source, StoredSnapshots):
        return source
    if snapshot is not None:
        await source.push(source.read(snapshot, labels, at), at)
        return source
    return source if real is None else source.reading(real)
