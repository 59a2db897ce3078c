"""What a rule asks its source, and which answers breach which of its levels."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alertd.alerts.machine import Instance, LevelReading
from alertd.promql import BinaryExpr, Expr, NumberLiteral, UnaryExpr, unwrap
from alertd.rules.models import AlertRule, Level, OnNoData

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Question:
    """The expression to ask and how to read its samples.

    `sees_ok`: series that are well answer too, so that a series that is missing is known to be missing.
    """

    expr: Expr
    breached: Callable[[float], bool]
    sees_ok: bool


def question_of(rule: AlertRule) -> Question:
    """What to ask for `rule`.

    A rule that must tell a missing series from a good one (levels, or `on_no_data` other than ok) asks without its
    threshold and compares by itself.
    """
    if any(_is_bound(level) for level in rule.levels):
        return Question(rule.parsed, lambda _value: True, sees_ok=True)
    threshold = threshold_of(rule.parsed) if rule.on_no_data is not OnNoData.OK else None
    if threshold is None:
        return Question(rule.parsed, lambda _value: True, sees_ok=False)
    left, compare, bound = threshold
    return Question(left, lambda value: compare(value, bound), sees_ok=True)


def sees_missing(expr: Expr, levels: Sequence[Level]) -> bool:
    """Whether a rule can tell a series that is missing from one that is well."""
    return any(_is_bound(level) for level in levels) or threshold_of(expr) is not None


def threshold_of(expr: Expr) -> tuple[Expr, Callable[[float, float], bool], float] | None:
    """The parts of `something > number`: what is compared, how, and with what; None for any other form."""
    found = unwrap(expr)
    if not isinstance(found, BinaryExpr) or found.op not in _COMPARISONS or found.return_bool:
        return None
    bound = _number(found.right)
    if bound is None or found.left.type != "vector":
        return None
    return found.left, _COMPARISONS[found.op], bound


def readings(rule: AlertRule, question: Question, value: float, instance: Instance | None) -> list[LevelReading]:
    """What `value` says of each level; a level that fires is held by its clear threshold."""
    breached = question.breached(value)
    return [
        LevelReading(
            severity=level.severity or "",
            breached=breached and _breaches(level, value, instance),
            for_=level.for_,
        )
        for level in rule.levels
    ]


def quiet_readings(rule: AlertRule) -> list[LevelReading]:
    """Nothing is breached."""
    return [LevelReading(level.severity or "", breached=False, for_=level.for_) for level in rule.levels]


def worst_readings(rule: AlertRule) -> list[LevelReading]:
    """The worst level is breached: what not knowing counts as under `on_no_data: alert`."""
    worst = rule.levels[-1]
    return [LevelReading(level.severity or "", breached=level is worst, for_=level.for_) for level in rule.levels]


def _breaches(level: Level, value: float, instance: Instance | None) -> bool:
    if not _is_bound(level):
        return True
    held = instance is not None and instance.fires_at(level.severity or "")
    if level.above is not None:
        clear = level.clear_below if held else None
        if value > level.above or (clear is not None and value >= clear):
            return True
    if level.below is not None:
        clear = level.clear_above if held else None
        return value < level.below or (clear is not None and value <= clear)
    return False


def _is_bound(level: Level) -> bool:
    return level.above is not None or level.below is not None


def _number(expr: Expr) -> float | None:
    found = unwrap(expr)
    if isinstance(found, UnaryExpr):
        inner = _number(found.expr)
        return None if inner is None else (-inner if found.op == "-" else inner)
    return found.value if isinstance(found, NumberLiteral) else None
