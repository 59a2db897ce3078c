"""Sent alerts: how their times are filled in, and how they join what was sent before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import Policy, Report, combine
from alertd.alerts.machine import State
from alertd.alerts.pushed import PushedAlert, PushedAlertRejected, former, merge, report_of, worth_writing

NOW = 1_000_000
TIMEOUT = 300_000
LABELS = {"alertname": "Down"}


def sent(starts_at: int | None = None, ends_at: int | None = None, *, now: int = NOW, summary: str = "") -> Report:
    pushed = PushedAlert(LABELS, {"summary": summary}, starts_at=starts_at, ends_at=ends_at)
    return report_of(pushed, "push/one", TIMEOUT, now)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "expected"),
    [
        pytest.param(None, None, (NOW, NOW + TIMEOUT, True), id="no times: from now until the time-out"),
        pytest.param(NOW - 5, None, (NOW - 5, NOW + TIMEOUT, True), id="no end: assumed"),
        pytest.param(None, NOW + 7, (NOW + 7, NOW + 7, False), id="no start: the end"),
        pytest.param(None, NOW - 7, (NOW - 7, NOW - 7, False), id="no start of what is over: the end"),
        pytest.param(NOW - 5, NOW + 7, (NOW - 5, NOW + 7, False), id="both"),
        pytest.param(NOW, NOW, (NOW, NOW, False), id="an empty span"),
        pytest.param(0, None, (0, NOW + TIMEOUT, True), id="the first instant is a start"),
    ],
)
def test_times(starts_at: int | None, ends_at: int | None, expected: tuple[int, int, bool]) -> None:
    """Missing times are filled in as Alertmanager does."""
    report = sent(starts_at, ends_at)
    assert (report.starts_at, report.expires_at, report.timed_out) == expected
    assert report.instance.state is State.FIRING


@pytest.mark.parametrize(
    ("pushed", "complaint"),
    [
        pytest.param(PushedAlert({}), "at least one label pair required", id="no labels"),
        pytest.param(PushedAlert({"a": ""}), "at least one label pair required", id="only empty labels"),
        pytest.param(
            PushedAlert(LABELS, starts_at=5, ends_at=4),
            "start time must be before end time",
            id="ends before it starts",
        ),
    ],
)
def test_rejected(pushed: PushedAlert, complaint: str) -> None:
    """What cannot be an alert is refused in Alertmanager's words."""
    with pytest.raises(PushedAlertRejected, match=complaint):
        report_of(pushed, "push/one", TIMEOUT, NOW)


def test_empty_labels_go_and_empty_annotations_stay() -> None:
    """An empty label is no label; an empty annotation is a text."""
    pushed = PushedAlert({**LABELS, "team": "", "severity": "page"}, {"summary": ""}, policy=Policy(cooldown=5))
    report = report_of(pushed, "push/one", TIMEOUT, NOW)
    assert report.labels == {"alertname": "Down", "severity": "page"}
    assert report.annotations == {"summary": ""}
    assert (report.instance.severity, report.policy.cooldown) == ("page", 5)


# Times are offsets from NOW, at which the new alert is received. An old alert was received at -100.
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param((-100, 200), (-100, 260), (-100, 260, False), id="Prometheus' resend replaces: equal start"),
        pytest.param((-100, 200), (-100, 200), (-100, 200, False), id="the same again"),
        pytest.param((-100, None), (None, None), (-100, TIMEOUT, True), id="a sender without times keeps the first"),
        pytest.param((-100, 200), (-50, 260), (-100, 260, False), id="overlap by the start: earliest start, later end"),
        pytest.param((-50, 200), (-100, 100), (-100, 200, False), id="overlap by the end: a said end stays"),
        pytest.param((-50, None), (-100, 100), (-100, 100, False), id="an assumed end gives way to one that was said"),
        pytest.param((-50, 200), (-60, 0), (-60, 0, False), id="resolved now: its own end"),
        pytest.param((-90, -10), (-80, -20), (-90, -10, False), id="both over: the later end"),
        pytest.param((-90, -30), (-80, -20), (-90, -20, False), id="both over: the later end is the new one's"),
        pytest.param((-90, -50), (-40, 300), (-40, 300, False), id="after the end: a new occurrence"),
        pytest.param((-90, -40), (-40, 300), (-40, 300, False), id="from the end on: a new occurrence"),
        pytest.param((50, 100), (-20, 40), (-20, 40, False), id="before the start: replaced"),
        pytest.param((50, 100), (-20, 50), (-20, 50, False), id="up to the start: replaced"),
    ],
)
def test_merge(
    old: tuple[int, int | None], new: tuple[int | None, int | None], expected: tuple[int, int, bool]
) -> None:
    """Alertmanager's table: strict bounds, earliest start, no assumed end beyond a said one."""

    def at(offset: int | None) -> int | None:
        return None if offset is None else NOW + offset

    before = sent(at(old[0]), at(old[1]), now=NOW - 100, summary="old")
    merged = merge(before, sent(at(new[0]), at(new[1]), summary="new"))
    starts_at, ends_at, timed_out = expected
    assert (merged.starts_at, merged.expires_at, merged.timed_out) == (NOW + starts_at, NOW + ends_at, timed_out)
    assert merged.annotations == {"summary": "new"}


def test_what_was_said_of_an_alert_that_is_over() -> None:
    """An end that was sent goes on to count when its report is gone; what fires or is not known was not over."""
    said = sent(NOW - 10, NOW - 5, summary="old")
    over, _ = combine(None, [], NOW, last=said)
    assert over is not None
    assert former(over, "push/one") == said
    assert merge(former(over, "push/one"), sent(NOW - 7)).starts_at == NOW - 10
    assert former(None, "push/one") is None
    assert former(replace(over, ends_at=None), "push/one") is None


def test_merge_with_nothing() -> None:
    """What was never sent before is taken as it is."""
    assert merge(None, sent()) == sent()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(None, sent(), True, id="never heard of"),
        pytest.param(sent(now=NOW - 60_000), sent(NOW - 60_000), False, id="renewed with most of its time left"),
        pytest.param(sent(now=NOW - 200_000), sent(NOW - 200_000), True, id="renewed with less than half left"),
        pytest.param(sent(now=NOW - 10), sent(NOW - 10, summary="new"), True, id="says something else"),
        pytest.param(sent(NOW - 10), sent(NOW - 10, NOW), True, id="is over"),
        pytest.param(sent(NOW - 10), sent(NOW - 10, NOW + 200_000), True, id="ends sooner than was assumed"),
        pytest.param(sent(NOW - 10), sent(NOW - 20), True, id="began earlier"),
        pytest.param(sent(NOW, NOW + 2_400), sent(NOW, NOW + 3_400), True, id="renewed shortly before its end"),
        pytest.param(sent(NOW, NOW + 2_400), sent(NOW, NOW + 2_400), False, id="the same, shortly before its end"),
    ],
)
def test_worth_writing(old: Report | None, new: Report, expected: bool) -> None:
    """A mere renewal is written only when half of its time is gone or little is left; anything new is written."""
    assert worth_writing(old, new, NOW) is expected


@given(st.integers(-500, 500), st.integers(0, 500), st.integers(-500, 500), st.integers(0, 500))
def test_merged_times_are_in_order(old_start: int, old_span: int, new_start: int, new_span: int) -> None:
    """Whatever was sent, the merged alert does not end before it starts, and starts with one of the two."""
    old = sent(NOW + old_start, NOW + old_start + old_span, now=NOW - 600)
    new = sent(NOW + new_start, NOW + new_start + new_span)
    merged = merge(old, new)
    assert merged.expires_at is not None
    assert merged.starts_at <= merged.expires_at
    assert merged.starts_at in {old.starts_at, new.starts_at}
