"""Evaluating a rule group: ask, decide, commit. One transaction makes an evaluation true, with all that follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Connection

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.machine import Transition
from alertd.alerts.pushed import PUSHED
from alertd.clock import SECOND, monotonic, to_rfc3339
from alertd.rules.evaluation import RuleFailed, Sample, after_failure, clear, evaluate, recorded
from alertd.rules.models import RecordingRule
from alertd.service.alertseries import Uncommitted, alert_series
from alertd.service.asking import decided
from alertd.service.channels import PRODUCER
from alertd.service.outgoing import Recordings, enqueue
from alertd.service.outgoing import alert_series as alert_series_of
from alertd.service.runtime import ReadyGroup, ReadyRule, Runtime
from alertd.service.sampled import SeeingAlerts
from alertd.service.sharing import owner_of
from alertd.service.snapshots import RECORDED_BY, StoredSnapshots
from alertd.sources.base import Source, SourceError, asked_with
from alertd.sources.series import SeriesSamples
from alertd.store import alerts as alert_rows
from alertd.store import evaluations, replicas
from alertd.store import snapshots as snapshot_rows
from alertd.store.database import Database
from alertd.store.evaluations import GroupEvaluation, RuleHealth
from alertd.store.intake import apply_changes

log = structlog.get_logger(__name__)

Known = Mapping[str, Mapping[str, Report]]


@dataclass
class Evaluated:
    """What one evaluation of a group came to, before it is written."""

    changes: list[ReportChange] = field(default_factory=list)
    recorded: dict[str, list[Sample]] = field(default_factory=dict)
    written: dict[str, list[SeriesSamples]] = field(default_factory=dict)
    health: dict[str, RuleHealth] = field(default_factory=dict)


class Evaluator:
    """Evaluates groups for one replica; a group is evaluated by the replica that has its lease.

    `living` gives the replicas among which the groups are spread.
    """

    def __init__(self, database: Database, replica_id: str, living: Callable[[], Sequence[str]]) -> None:
        self._database = database
        self._replica_id = replica_id
        self._living = living
        self._failures: dict[str, int] = {}
        self._held: set[str] = set()
        self._recordings = Recordings()

    async def evaluate(self, runtime: Runtime, ready: ReadyGroup, at: int) -> GroupEvaluation | None:
        """Evaluate `ready` as of the instant `at`; None when another replica does it."""
        if owner_of(ready.key, self._living()) != self._replica_id:
            await self._hand_over(runtime.organisation, ready.key)
            return None
        begin = await self._database.run(self._begin, runtime.organisation, ready, at)
        if begin is None:
            return None
        epoch, known = begin
        started = monotonic()
        evaluated = Evaluated()
        turns = asyncio.Semaphore(ready.group.concurrency)

        async def in_turn(rule: ReadyRule) -> None:
            async with turns:
                await self._evaluate_rule(runtime, ready, rule, known.get(rule.rule.id, {}), evaluated, at)

        # The turns are taken in the order of the rules; with one at a time each sees what those before it recorded.
        async with asyncio.TaskGroup() as tasks:
            for rule in ready.rules:
                tasks.create_task(in_turn(rule))
        outcome = GroupEvaluation(at, monotonic() - started, evaluated.health)
        return await self._database.run(self._commit, runtime, ready, evaluated, outcome, epoch, at)

    async def _hand_over(self, organisation: str, key: str) -> None:
        """Give back the lease of a group that is another replica's now."""
        if key in self._held:
            await self._database.run(replicas.release, organisation, key, self._replica_id)
            self._held.discard(key)

    def _begin(
        self, connection: Connection, organisation: str, ready: ReadyGroup, at: int
    ) -> tuple[int, dict[str, dict[str, Report]]] | None:
        until = at + max(3 * ready.interval, 30 * SECOND)
        epoch = replicas.acquire(connection, organisation, ready.key, self._replica_id, at, until)
        if epoch is None:
            return None
        self._held.add(ready.key)
        known = alert_rows.reports_of_producers(connection, organisation, [rule.rule.id for rule in ready.rules])
        return epoch, known

    async def _evaluate_rule(
        self,
        runtime: Runtime,
        ready: ReadyGroup,
        rule: ReadyRule,
        known: Mapping[str, Report],
        evaluated: Evaluated,
        at: int,
    ) -> None:
        group = ready.group
        kept = runtime.sources[rule.source]
        source = self._asked(runtime, ready, kept, evaluated, at)
        started = monotonic()
        samples, error = 0, ""
        warnings: tuple[str, ...] = ()
        values: Mapping[str, float] = {}
        try:
            if rule.compiled is None:
                answer = await source.query(rule.rule.parsed, ready.asked_at(at))
                self._record(runtime, kept, ready, rule, answer.samples, evaluated, at)
            else:
                answer = await source.query(rule.compiled.question.expr, ready.asked_at(at))
                decide = partial(evaluate, rule.compiled, answer.samples, known, now=at, limit=group.limit)
                outcome = await decided(decide, rule.context, source, at, ready.interval)
                evaluated.changes += outcome.changes
                if rule.source in runtime.writers:
                    series = alert_series_of(known, outcome.changes, ready.asked_at(at))
                    evaluated.written.setdefault(rule.source, []).extend(series)
                values = outcome.values
            samples, warnings = len(answer.samples), answer.warnings
        except SourceError as failure:
            error = str(failure)
            if rule.compiled is not None:
                after = partial(after_failure, rule.compiled, known, error, now=at)
                evaluated.changes += await decided(after, rule.context, source, at, ready.interval)
        except RuleFailed as failure:
            error = str(failure)
            if failure.clear:
                evaluated.changes += clear(known, Transition.RESOLVED_LIMIT, rule.rule.id)
        if group.debug or rule.rule.debug:
            _log_evaluation(ready, rule, samples, error, evaluated.changes, at)
        failures = self._failures.get(rule.rule.id, 0) + 1 if error else 0
        self._failures[rule.rule.id] = failures
        if error:
            log.warning("rule failed", action="rule_failed", group=ready.key, rule=rule.rule.name, error=error)
        evaluated.health[rule.rule.id] = RuleHealth(
            health="err" if error else "ok",
            evaluated_at=at,
            duration=monotonic() - started,
            samples=samples,
            error=error,
            failures=failures,
            warnings=list(warnings),
            # As text: JSON has no word for the values that are no numbers.
            values={key: repr(value) for key, value in values.items()},
        )

    def _asked(self, runtime: Runtime, ready: ReadyGroup, source: Source, evaluated: Evaluated, at: int) -> Source:
        """The source as the group's rules ask it."""
        if isinstance(source, StoredSnapshots):
            so_far = Uncommitted(ready.key, at, evaluated.changes)
            return SeeingAlerts(source, partial(alert_series, self._database, runtime, so_far))
        return asked_with(source, ready.group.params, ready.group.headers)

    def _record(
        self,
        runtime: Runtime,
        source: Source,
        ready: ReadyGroup,
        rule: ReadyRule,
        samples: list[tuple[dict[str, str], float]],
        evaluated: Evaluated,
        at: int,
    ) -> None:
        if not isinstance(rule.rule, RecordingRule):
            raise RuleFailed("an alert is not recorded")
        made = recorded(rule.rule, rule.labels, samples, ready.group.limit)
        if isinstance(source, StoredSnapshots):
            source.record(made, ready.asked_at(at))
            evaluated.recorded.setdefault(source.name, []).extend(made)
        elif rule.source in runtime.writers:
            series = self._recordings.series(rule.rule.id, made, ready.asked_at(at))
            evaluated.written.setdefault(rule.source, []).extend(series)
        else:
            raise RuleFailed("recording over a Prometheus needs the source's remote_write")

    def _commit(
        self,
        connection: Connection,
        runtime: Runtime,
        ready: ReadyGroup,
        evaluated: Evaluated,
        outcome: GroupEvaluation,
        epoch: int,
        at: int,
    ) -> GroupEvaluation | None:
        organisation = runtime.organisation
        if not replicas.holds(connection, organisation, ready.key, self._replica_id, epoch):
            log.warning("evaluation dropped, the lease is lost", action="lease_lost", group=ready.key)
            return None
        apply_changes(connection, organisation, evaluated.changes, runtime.ways, at)
        for source, samples in evaluated.recorded.items():
            snapshot_rows.add(
                connection,
                organisation,
                source,
                at=ready.asked_at(at),
                received_at=at,
                labels={RECORDED_BY: ready.key},
                samples=[(dict(labels), value) for labels, value in samples],
            )
        for source, series in evaluated.written.items():
            enqueue(connection, organisation, source, series, at)
        evaluations.write(connection, organisation, ready.key, outcome)
        return outcome


def _log_evaluation(
    ready: ReadyGroup, rule: ReadyRule, samples: int, error: str, changes: Sequence[ReportChange], at: int
) -> None:
    """What a rule that is being watched came to, and what became of its alerts."""
    own = [change for change in changes if change.producer == rule.rule.id and change.transitions]
    log.info(
        "rule evaluated",
        action="rule_evaluated",
        group=ready.key,
        rule=rule.rule.name,
        at=to_rfc3339(at),
        query=str(rule.rule.parsed),
        source=rule.source,
        samples=samples,
        error=error,
        transitions={change.fingerprint: [str(step) for step in change.transitions] for change in own},
    )


def removed_producers(connection: Connection, runtime: Runtime, now: int) -> int:
    """Resolve what rules report that the configuration has no more; how many reports that were."""
    rules = {rule.rule.id for group in runtime.groups for rule in group.rules}
    gone = {name for name in alert_rows.producers(connection, runtime.organisation) if _is_rule(name)} - rules
    known = alert_rows.reports_of_producers(connection, runtime.organisation, sorted(gone))
    changes = [
        change
        for producer, reports in known.items()
        for change in clear(reports, Transition.RESOLVED_RULE_REMOVED, producer)
    ]
    apply_changes(connection, runtime.organisation, changes, runtime.ways, now)
    return len(changes)


def _is_rule(producer: str) -> bool:
    return producer != PRODUCER and not producer.startswith(PUSHED)
