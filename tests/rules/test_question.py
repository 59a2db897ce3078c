"""What a rule asks, and what the answers say of its levels."""

from __future__ import annotations

import math

import pytest

from alertd.alerts.machine import Instance, LevelReading, LevelTimer, State
from alertd.promql import format_expr
from alertd.rules.models import AlertRule, Level, OnNoData
from alertd.rules.question import question_of, quiet_readings, readings, threshold_of, worst_readings
from tests.rules.evaluating import make_rule

WARNING = Level("warning", above=1000, clear_below=900, for_=5)
CRITICAL = Level("critical", above=5000, clear_below=4000, for_=1)


@pytest.mark.parametrize(
    ("expr", "left", "holds", "fails"),
    [
        ("up == 0", "up", 0.0, 1.0),
        ("up != 0", "up", 1.0, 0.0),
        ("x > 5", "x", 5.1, 5.0),
        ("x >= 5", "x", 5.0, 4.9),
        ("x < -5", "x", -6.0, -5.0),
        ("x <= +5", "x", 5.0, 5.1),
        ("(sum by (job) (rate(x[5m]))) > ((2))", "sum by (job) (rate(x[5m]))", 3.0, 2.0),
        ("(x > 5)", "x", 6.0, 5.0),
    ],
)
def test_threshold(expr: str, left: str, holds: float, fails: float) -> None:
    """A comparison with a number comes apart into what is compared and how."""
    parts = threshold_of(make_rule(expr=expr).parsed)
    assert parts is not None
    compared, compare, bound = parts
    assert format_expr(compared) in {left, f"({left})"}
    assert compare(holds, bound)
    assert not compare(fails, bound)


@pytest.mark.parametrize(
    "expr", ["x", "x > y", "x > bool 5", "5 < x", "absent(x)", "x + 5", "x > 1 and y > 1", "x > 1 + 1"]
)
def test_no_threshold(expr: str) -> None:
    """Any other form is asked as it stands."""
    assert threshold_of(make_rule(expr=expr).parsed) is None


@pytest.mark.parametrize(
    ("rule", "asked", "sees_ok"),
    [
        pytest.param(make_rule(expr="up == 0"), "up == 0", False, id="Prometheus' kind asks what it says"),
        pytest.param(make_rule(expr="up == 0", on_no_data=OnNoData.ALERT), "up", True, id="no data: without threshold"),
        pytest.param(make_rule(expr="up == 0", on_no_data=OnNoData.KEEP_LAST), "up", True, id="keep_last as well"),
        pytest.param(make_rule(expr="absent(up)", on_no_data=OnNoData.ALERT), "absent(up)", False, id="cannot be told"),
        pytest.param(make_rule(expr="x > 1", levels=(WARNING,)), "x > 1", True, id="levels compare by themselves"),
    ],
)
def test_question(rule: AlertRule, asked: str, sees_ok: bool) -> None:
    """A rule that must tell a missing series from a good one asks without its threshold."""
    question = question_of(rule)
    assert (format_expr(question.expr), question.sees_ok) == (asked, sees_ok)


@pytest.mark.parametrize(("value", "expected"), [(0.0, True), (1.0, False), (math.nan, False)])
def test_a_threshold_that_was_taken_off_is_put_on_again(value: float, expected: bool) -> None:
    """What was asked without its threshold is compared afterwards."""
    rule = make_rule(expr="up == 0", on_no_data=OnNoData.ALERT, for_=7)
    assert readings(rule, question_of(rule), value, None) == [LevelReading("", expected, 7)]


def firing(*severities: str, state: State = State.FIRING) -> Instance:
    timers = tuple(LevelTimer(severity, 0, 0) for severity in severities)
    return Instance(state, severities[-1], 0, 0, levels=timers)


LEVELS = make_rule(expr="x", levels=(WARNING, CRITICAL))
LOW = make_rule(expr="x", levels=(Level("warning", below=10, clear_above=20),))
BARE = make_rule(expr="x", levels=(Level("info", for_=1), Level("critical", for_=5)))


@pytest.mark.parametrize(
    ("rule", "value", "instance", "expected"),
    [
        pytest.param(LEVELS, 1000, None, (False, False), id="at the threshold: not above"),
        pytest.param(LEVELS, 1001, None, (True, False), id="above the first"),
        pytest.param(LEVELS, 5001, None, (True, True), id="above both"),
        pytest.param(LEVELS, 950, None, (False, False), id="between clear and breach: does not begin"),
        pytest.param(LEVELS, 950, firing("warning"), (True, False), id="between clear and breach: does not end"),
        pytest.param(LEVELS, 899, firing("warning"), (False, False), id="below clear: ends"),
        pytest.param(LEVELS, 900, firing("warning"), (True, False), id="at clear: not below"),
        pytest.param(LEVELS, 4500, firing("warning"), (True, False), id="each level holds for itself"),
        pytest.param(LEVELS, 4500, firing("warning", "critical"), (True, True), id="both hold"),
        pytest.param(
            LEVELS, 950, firing("warning", state=State.RECOVERING), (False, False), id="recovering begins anew"
        ),
        pytest.param(LOW, 10, None, (False,), id="at the lower threshold"),
        pytest.param(LOW, 9, None, (True,), id="below"),
        pytest.param(LOW, 20, firing("warning"), (True,), id="a lower level holds up to its clear threshold"),
        pytest.param(LOW, 21, firing("warning"), (False,), id="and ends above it"),
        pytest.param(LEVELS, math.nan, firing("warning"), (False, False), id="not a number is above nothing"),
        pytest.param(BARE, 0, None, (True, True), id="without bounds a sample is a breach"),
    ],
)
def test_readings(rule: AlertRule, value: float, instance: Instance | None, expected: tuple[bool, ...]) -> None:
    """A level is breached above its threshold, and a firing one until its clear threshold is passed."""
    taken = readings(rule, question_of(rule), value, instance)
    assert tuple(reading.breached for reading in taken) == expected
    assert [(reading.severity, reading.for_) for reading in taken] == [
        (level.severity, level.for_) for level in rule.levels
    ]


def test_quiet_and_worst() -> None:
    """Nothing is breached; or the worst level is, as not knowing counts."""
    assert [reading.breached for reading in quiet_readings(LEVELS)] == [False, False]
    assert [(reading.severity, reading.breached) for reading in worst_readings(LEVELS)] == [
        ("warning", False),
        ("critical", True),
    ]
