"""`/v1/rules`: every rule, how its last evaluation went, and what it reports."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from sqlalchemy import Connection

from alertd.api.auth import CurrentService, Viewer
from alertd.api.schemas import RuleAnswer, RuleGroupAnswer, RuleList, RuleState
from alertd.rules.models import AlertRule
from alertd.service.runtime import ReadyGroup, ReadyRule
from alertd.store import evaluations, queries
from alertd.store.evaluations import GroupEvaluation, RuleHealth

router = APIRouter(prefix="/v1/rules", tags=["rules"])

Reports = Mapping[str, Mapping[str, int]]


@router.get("", summary="List rules")
async def list_rules(service: CurrentService, identity: Viewer) -> RuleList:
    """Every rule group of your organisation, in the order of the files."""
    if identity.organisation != service.runtime.organisation:
        return RuleList(groups=[])
    evaluated, reports = await service.database.run(_read, identity.organisation)
    return RuleList(
        groups=[_group_answer(group, evaluated.get(group.key), reports) for group in service.runtime.groups]
    )


def _read(connection: Connection, organisation: str) -> tuple[dict[str, GroupEvaluation], Reports]:
    return evaluations.read(connection, organisation), queries.count_reports(connection, organisation)


def _group_answer(group: ReadyGroup, evaluation: GroupEvaluation | None, reports: Reports) -> RuleGroupAnswer:
    health = evaluation.rules if evaluation is not None else {}
    return RuleGroupAnswer(
        name=group.group.name,
        file=group.group.file,
        interval=group.interval,
        evaluated_at=evaluation.evaluated_at if evaluation is not None else None,
        evaluation_duration=evaluation.duration if evaluation is not None else None,
        rules=[_rule_answer(ready, health.get(ready.rule.id), reports.get(ready.rule.id, {})) for ready in group.rules],
    )


def _rule_answer(ready: ReadyRule, health: RuleHealth | None, numbers: Mapping[str, int]) -> RuleAnswer:
    rule = ready.rule
    firing = numbers.get("firing", 0) + numbers.get("recovering", 0)
    pending = numbers.get("pending", 0)
    state = RuleState.FIRING if firing else RuleState.PENDING if pending else RuleState.INACTIVE
    alerting = isinstance(rule, AlertRule)
    return RuleAnswer(
        id=rule.id,
        type="alerting" if alerting else "recording",
        name=rule.name,
        expr=rule.expr,
        source=ready.source,
        labels=dict(ready.labels),
        annotations=dict(rule.annotations) if isinstance(rule, AlertRule) else {},
        state=state if alerting else None,
        active_alerts=firing + pending,
        health=health.health if health is not None else "unknown",
        error=health.error if health is not None else "",
        warnings=list(health.warnings) if health is not None else [],
        samples=health.samples if health is not None else 0,
        evaluated_at=health.evaluated_at if health is not None else None,
        evaluation_duration=health.duration if health is not None else None,
    )
