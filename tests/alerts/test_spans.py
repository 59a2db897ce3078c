"""When the stretches begin and end that ALERTS is made of."""

from __future__ import annotations

import pytest

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.machine import Instance, State, Transition
from alertd.alerts.spans import Span, follow

OPEN = Span("rule", "a", {"alertname": "A"}, "pending", 3, 3)


def report(state: State, severity: str = "") -> Report:
    labels = {"alertname": "A", **({"severity": severity} if severity else {})}
    return Report("rule", "a", labels, {}, Instance(state, severity, active_at=3), 3)


def change(found: Report | None, *transitions: Transition, rule: str | None = "rule") -> ReportChange:
    return ReportChange("rule", "a", found, transitions or (Transition.FIRED,), rule=rule)


@pytest.mark.parametrize(
    ("lasting", "found", "ended", "begun"),
    [
        ([], report(State.PENDING), [], ["pending"]),
        ([OPEN], report(State.FIRING), ["pending"], ["firing"]),
        ([OPEN], None, ["pending"], []),
        ([OPEN], report(State.OK), ["pending"], []),
        ([OPEN], report(State.PENDING), [], []),
        ([], None, [], []),
        ([Span("rule", "a", {"alertname": "A"}, "firing", 3, 5)], report(State.RECOVERING), [], []),
        (
            [Span("rule", "a", {"alertname": "A", "severity": "warning"}, "firing", 3, 5)],
            report(State.FIRING, "critical"),
            ["firing"],
            ["firing"],
        ),
        ([Span("rule", "b", {}, "firing", 3, 5)], report(State.PENDING), [], ["pending"]),
    ],
)
def test_one_change(lasting: list[Span], found: Report | None, ended: list[str], begun: list[str]) -> None:
    """A span ends with its state, its labels or its alert, and another begins if there is a state."""
    over, fresh = follow(lasting, [change(found)], 9)
    assert [(span.state, span.ended_at) for span in over] == [(state, 9) for state in ended]
    assert [(span.state, span.started_at, span.ended_at) for span in fresh] == [(state, 9, None) for state in begun]
    assert all(span.active_at == 3 for span in fresh)


def test_changes_that_do_not_matter() -> None:
    """What others send has no series, and a change without a transition is none of state."""
    pushed = ReportChange("push/x", "a", report(State.FIRING), (Transition.FIRED,))
    silent = ReportChange("rule", "a", report(State.FIRING), (), rule="rule")
    assert follow([], [pushed, silent], 9) == ([], [])


def test_the_end_by_hand() -> None:
    """A person who resolves an alert ends its span; no rule is named then."""
    ended, begun = follow([OPEN], [change(None, Transition.RESOLVED_BY_HAND, rule=None)], 9)
    assert [span.ended_at for span in ended] == [9]
    assert begun == []
