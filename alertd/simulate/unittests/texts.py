"""The outcome as lines for people, in the form that users of promtool know."""

from __future__ import annotations

from collections.abc import Sequence

from alertd.rules.models import AlertRule
from alertd.simulate.unittests.outcome import Covered, Failure, TestOutcome


def failure_lines(test: TestOutcome, failure: Failure) -> list[str]:
    """One failure: the test's name, what was asked and where that stands, and the difference below it."""
    name = [f"    name: {test.name},"] if test.name else []
    return [
        *name,
        f"    {failure.title}, at {failure.place}:",
        *(f"        {line}" for detail in failure.details for line in detail.split("\n")),
    ]


def coverage_lines(rules: Sequence[Covered]) -> list[str]:
    """How many rules are tested, and each one that is not; and the alerts that fire in no test."""
    tested = [covered for covered in rules if covered.tested]
    percent = percentage(rules)
    silent = [
        covered for covered in rules if covered.tested and isinstance(covered.rule, AlertRule) and not covered.fired
    ]
    return [
        f"Coverage: {len(tested)} of {len(rules)} rules are tested ({percent:.1f} %)",
        *(f"  no test touches {describe(covered)}" for covered in rules if not covered.tested),
        *(f"  fires in no test: {describe(covered)}" for covered in silent),
    ]


def percentage(rules: Sequence[Covered]) -> float:
    """How much of a hundred rules is tested; nothing where there is no rule."""
    return 100 * sum(covered.tested for covered in rules) / len(rules) if rules else 0.0


def describe(covered: Covered) -> str:
    """A rule with its kind, its group and its place."""
    kind = "the alert" if isinstance(covered.rule, AlertRule) else "the recording rule"
    return f"{kind} {covered.rule.name} of the group {covered.group} ({covered.file}:{covered.rule.line})"
