"""The alert and its episodes, put together from the reports of several producers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import Acknowledgement, Alert, Change, Policy, Report, combine, episode_id
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State

LABELS = {"alertname": "Down"}
KEY = fingerprint(LABELS)
NOW = 1_000_000


def report(
    producer: str = "rule",
    *,
    state: State = State.FIRING,
    severity: str = "",
    fired_at: int = NOW,
    updated_at: int = NOW,
    summary: str = "",
) -> Report:
    return Report(
        producer=producer,
        fingerprint=KEY,
        labels={**LABELS, "severity": severity} if severity else LABELS,
        annotations={"summary": summary} if summary else {},
        instance=Instance(state, severity, fired_at, fired_at=fired_at if state.fires else None),
        updated_at=updated_at,
    )


def opened(*reports: Report, now: int = NOW) -> Alert:
    alert, change = combine(None, reports or (report(),), now)
    assert alert is not None
    assert change is Change.OPENED
    return alert


def test_an_end_that_is_sent() -> None:
    """The alert closes with what its sender says at the end; sent again it changes nothing, sent anew it takes that."""
    last = replace(report("push/one", fired_at=NOW - 9, summary="at the end"), expires_at=NOW + 5)
    closed, change = combine(opened(report(fired_at=NOW - 5)), [], NOW + 6, last=last)
    assert closed is not None
    assert change is Change.CLOSED
    assert (closed.starts_at, closed.ends_at, closed.annotations) == (NOW - 9, NOW + 5, {"summary": "at the end"})
    assert combine(closed, [], NOW + 7, last=last) == (closed, Change.NOTHING)
    moved, change = combine(closed, [], NOW + 20, last=replace(last, instance=report(fired_at=NOW + 8).instance))
    assert moved is not None
    assert change is Change.UPDATED
    assert (moved.starts_at, moved.ends_at) == (NOW + 8, NOW + 8)


def test_only_the_end_is_sent() -> None:
    """An alert that nobody knew is over from the beginning, without an episode."""
    last = replace(report("push/one", fired_at=NOW - 9), expires_at=NOW - 5)
    over, change = combine(None, [], NOW, last=last)
    assert over is not None
    assert change is Change.UPDATED
    assert (over.starts_at, over.ends_at, over.episode) == (NOW - 9, NOW - 5, "")


def test_another_producer_outlives_an_end() -> None:
    """An end that is sent ends nothing while another producer says that the alert fires."""
    last = replace(report("push/one", summary="at the end"), expires_at=NOW)
    alert = opened(report("rule"))
    assert combine(alert, [report("rule")], NOW + 1, last=last) == (alert, Change.NOTHING)


@pytest.mark.parametrize("state", [State.OK, State.PENDING])
def test_what_never_fired_is_no_alert(state: State) -> None:
    """A label set that only waits or is well has no episode."""
    assert combine(None, [report(state=state)], NOW) == (None, Change.NOTHING)
    assert combine(None, [], NOW) == (None, Change.NOTHING)


def test_opens_an_episode() -> None:
    """The first firing report opens an episode that starts when it fired."""
    alert = opened(report(fired_at=NOW - 5))
    assert (alert.starts_at, alert.ends_at, alert.fires) == (NOW - 5, None, True)
    assert alert.episode == episode_id(KEY, NOW)


def test_recovering_still_fires() -> None:
    """Within `keep_firing_for` the alert stays."""
    alert = opened()
    assert combine(alert, [report(state=State.RECOVERING)], NOW + 1) == (alert, Change.NOTHING)


def test_fires_while_one_producer_does() -> None:
    """Two producers may speak of one label set: its end is the end of the last."""
    alert = opened(report("one"), report("two"))
    assert combine(alert, [report("two")], NOW + 5) == (alert, Change.NOTHING)
    closed, change = combine(alert, [], NOW + 9)
    assert closed == replace(alert, ends_at=NOW + 9, updated_at=NOW + 9)
    assert change is Change.CLOSED


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [
        pytest.param(None, NOW + 100, id="not known better: now"),
        pytest.param(NOW + 60, NOW + 60, id="the sender's end"),
        pytest.param(NOW + 500, NOW + 100, id="never in the future"),
        pytest.param(NOW - 50, NOW, id="never before its start"),
        pytest.param(0, NOW, id="the first instant of all is an instant"),
    ],
)
def test_end(ended_at: int | None, expected: int) -> None:
    """An episode ends when its last report did, within the episode."""
    alert, change = combine(opened(), [], NOW + 100, ended_at=ended_at)
    assert alert is not None
    assert (alert.ends_at, change) == (expected, Change.CLOSED)


def test_a_resolved_alert_stays_as_it_is() -> None:
    """Nothing happens to an alert that has ended until something fires."""
    closed, _ = combine(opened(), [], NOW + 1)
    assert combine(closed, [report(state=State.PENDING)], NOW + 2) == (closed, Change.NOTHING)


def test_firing_again_is_a_new_episode() -> None:
    """A new life has a name and a start of its own; the marks are handed on for `response` to judge."""
    mark = Acknowledgement("ann", NOW, NOW + 1000)
    closed, _ = combine(replace(opened(), acknowledgement=mark), [], NOW + 1)
    again, change = combine(closed, [report(fired_at=NOW + 2)], NOW + 2)
    assert closed is not None
    assert again is not None
    assert change is Change.OPENED
    assert again.episode != closed.episode
    assert (again.starts_at, again.ends_at, again.acknowledgement) == (NOW + 2, None, mark)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("warning", "critical", Change.SEVERITY_RAISED),
        ("critical", "warning", Change.SEVERITY_LOWERED),
        ("warning", "warning", Change.NOTHING),
        pytest.param("warning", "purple", Change.UPDATED, id="nobody knows how bad purple is"),
        pytest.param("", "critical", Change.UPDATED, id="no severity ranks nowhere"),
    ],
)
def test_severity(before: str, after: str, expected: Change) -> None:
    """A change of severity is named by its direction."""
    alert, change = combine(opened(report(severity=before)), [report(severity=after)], NOW + 1)
    assert change is expected
    assert alert is not None
    assert alert.severity == after


def test_a_new_text_is_an_update_and_a_new_value_is_nothing() -> None:
    """What changes at every evaluation alone costs no write."""
    alert = opened(report(summary="one"))
    assert combine(alert, [replace(report(summary="one"), value=5.0)], NOW + 1) == (alert, Change.NOTHING)
    updated, change = combine(alert, [report(summary="two")], NOW + 1)
    assert updated == replace(alert, annotations={"summary": "two"}, updated_at=NOW + 1)
    assert change is Change.UPDATED


def test_the_earliest_start_stays() -> None:
    """Within an episode the start only moves earlier."""
    alert = opened(report(fired_at=NOW))
    earlier, change = combine(alert, [report(fired_at=NOW - 10)], NOW + 1)
    assert earlier is not None
    assert (earlier.starts_at, change) == (NOW - 10, Change.UPDATED)
    assert combine(alert, [report(fired_at=NOW + 10)], NOW + 1) == (alert, Change.NOTHING)


@pytest.mark.parametrize(
    ("reports", "leader"),
    [
        pytest.param(
            [report("one", severity="warning"), report("two", severity="critical", updated_at=NOW - 5)],
            "critical",
            id="the worst severity leads",
        ),
        pytest.param(
            [report("one", severity="a"), report("two", severity="b", updated_at=NOW + 5)],
            "b",
            id="of severities without a rank the one that spoke last",
        ),
        pytest.param(
            [report("one", severity="critical", state=State.PENDING), report("two", severity="info")],
            "info",
            id="who does not fire does not lead",
        ),
    ],
)
def test_leader(reports: list[Report], leader: str) -> None:
    """One of the firing reports speaks for the alert."""
    assert opened(*reports).severity == leader
    assert opened(*reversed(reports)).severity == leader


def test_policy_comes_with_the_leader() -> None:
    """The rule's policy travels with its report."""
    policy = Policy(receivers=("a",), cooldown=5, depends_on=("B",))
    assert opened(replace(report(), policy=policy)).policy == policy


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(["one", "two", "three"])), st.integers(1, 100)), min_size=1, max_size=10)
)
def test_an_alert_fires_exactly_while_somebody_says_so(steps: list[tuple[set[str], int]]) -> None:
    """Whatever the producers do, the alert fires while one of them reports it, and its times are in order."""
    alert: Alert | None = None
    now = NOW
    for producers, passed in steps:
        now += passed
        alert, change = combine(alert, [report(name, fired_at=now) for name in sorted(producers)], now)
        assert (alert is not None and alert.fires) == bool(producers)
        assert change is not Change.UPDATED
        if alert is not None and alert.ends_at is not None:
            assert alert.starts_at <= alert.ends_at <= now
