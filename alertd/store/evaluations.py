"""The last evaluation of each rule group, as every replica and the API see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, delete, select

from alertd.store.statements import upsert
from alertd.store.tables import evaluations


@dataclass(frozen=True)
class RuleHealth:
    """How one rule did last: `health` is ok, err or unknown, `duration` in milliseconds.

    `values` has, by fingerprint, the numbers of alerts that are not in their reports, written as Python writes floats.
    """

    health: str
    evaluated_at: int
    duration: int
    samples: int = 0
    error: str = ""
    failures: int = 0
    warnings: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupEvaluation:
    """The last evaluation of a group: `rules` by rule id."""

    evaluated_at: int
    duration: int
    rules: Mapping[str, RuleHealth]


def write(connection: Connection, organisation: str, rule_group: str, evaluation: GroupEvaluation) -> None:
    upsert(
        connection,
        evaluations,
        [
            {
                "organisation": organisation,
                "rule_group": rule_group,
                "evaluated_at": evaluation.evaluated_at,
                "duration": evaluation.duration,
                "rules": {rule: asdict(health) for rule, health in evaluation.rules.items()},
            }
        ],
    )


def read(connection: Connection, organisation: str) -> dict[str, GroupEvaluation]:
    """Every group's last evaluation, by group key."""
    query = select(evaluations).where(evaluations.c.organisation == organisation)
    return {
        row.rule_group: GroupEvaluation(
            row.evaluated_at,
            row.duration,
            {rule: RuleHealth(**health) for rule, health in row.rules.items()},
        )
        for row in connection.execute(query)
    }


def last(connection: Connection, organisation: str) -> dict[str, int]:
    """When each group was evaluated last, by group key."""
    query = select(evaluations.c.rule_group, evaluations.c.evaluated_at).where(
        evaluations.c.organisation == organisation
    )
    return {row.rule_group: row.evaluated_at for row in connection.execute(query)}


def forget(connection: Connection, organisation: str, rule_group: str) -> None:
    connection.execute(
        delete(evaluations).where(evaluations.c.organisation == organisation, evaluations.c.rule_group == rule_group)
    )
