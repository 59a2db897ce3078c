"""The plan of a flush: what each integration is told, what is settled quietly, what is left to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from alertd.alerts.alert import Alert, Policy
from alertd.clock import HOUR, MINUTE
from alertd.notify.message import Reason
from alertd.notify.plan import FlushPlan, Integration, Member, Send, Situation, message_order, plan_flush
from alertd.routing.gates import OPEN, Gate, Verdict
from alertd.routing.told import Content, Entry, OpenNotification, Page

NOW = 100 * HOUR
PAGER, MAIL = "team/pagerduty/0", "team/email/0"
SILENCED = Verdict(Gate.SILENCED, "s1")
ACKNOWLEDGED = Verdict(Gate.ACKNOWLEDGED, "ann", NOW + HOUR)
SNOOZED = Verdict(Gate.SNOOZED, "bob", NOW + MINUTE)


def alert(key: str, severity: str = "warning", *, ends_at: int | None = None, cooldown: int = 0) -> Alert:
    return Alert(
        fingerprint=key,
        labels={"alertname": key},
        annotations={},
        severity=severity,
        starts_at=NOW - HOUR,
        ends_at=ends_at,
        episode="e",
        updated_at=NOW,
        policy=Policy(cooldown=cooldown),
    )


def fires(key: str, severity: str = "warning", verdict: Verdict = OPEN, *, cooldown: int = 0) -> Member:
    return Member(alert(key, severity, cooldown=cooldown), verdict)


def over(key: str, verdict: Verdict = OPEN) -> Member:
    return Member(alert(key, ends_at=NOW - 1), verdict)


def firing(
    *keys: str, resolved: str = "", held: str = "", acknowledged: str = "", severity: str = "warning"
) -> Content:
    return Content(dict.fromkeys(keys, severity), frozenset(resolved), frozenset(held), frozenset(acknowledged))


def told(content: Content, *more: str, ago: int = MINUTE) -> Entry:
    return Entry(content, frozenset((*content.firing, *more)), NOW - ago, "e", 1)


def way(content: Content, *, attempts: int = 0, sending: bool = False) -> OpenNotification:
    return OpenNotification("n1", PAGER, content, Reason.FIRST.value, attempts, NOW, sending)


def plan(
    *members: Member,
    entry: Entry | None = None,
    open: OpenNotification | None = None,  # noqa: A002 - the planner's word
    integration: Integration = Integration(PAGER, send_resolved=True),
    pages: Mapping[str, Page] | None = None,
    **options: Any,
) -> FlushPlan:
    return plan_flush(
        Situation(
            members=members,
            integrations=(integration,),
            repeat_interval=4 * HOUR,
            entries={} if entry is None else {integration.id: entry},
            open={} if open is None else {integration.id: open},
            pages={(integration.id, key): page for key, page in (pages or {}).items()},
            **options,
        ),
        NOW,
    )


def send(reason: Reason, content: Content, **how: str) -> tuple[Send, ...]:
    return (Send(PAGER, reason, content, **how),)


MUTE = Integration(PAGER, send_resolved=False)
CURIOUS = Integration(PAGER, send_resolved=True, wants_acknowledged=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(plan(fires("a")), send(Reason.FIRST, firing("a")), id="the first"),
        pytest.param(plan(fires("a"), fires("b")), send(Reason.FIRST, firing("a", "b")), id="several at once"),
        pytest.param(
            plan(fires("a"), fires("b"), entry=told(firing("a"))),
            send(Reason.NEW_ALERTS, firing("a", "b")),
            id="a new one: all that fire are told",
        ),
        pytest.param(plan(fires("a"), entry=told(firing("a"))), (), id="nothing new"),
        pytest.param(plan(over("a")), (), id="over before anybody was told"),
        pytest.param(
            plan(over("a"), entry=told(firing("a"))),
            send(Reason.ALL_RESOLVED, firing(resolved="a")),
            id="the end of all",
        ),
        pytest.param(
            plan(fires("a"), over("b"), entry=told(firing("a", "b"))),
            send(Reason.SOME_RESOLVED, firing("a", resolved="b")),
            id="the end of one",
        ),
        pytest.param(plan(over("a"), entry=told(firing("a")), integration=MUTE), (), id="no end without send_resolved"),
        pytest.param(
            plan(fires("a"), fires("b"), over("c"), entry=told(firing("a", "c")), integration=MUTE),
            send(Reason.NEW_ALERTS, firing("a", "b", resolved="c")),
            id="a message to who hears no ends still clears the memory",
        ),
        pytest.param(plan(fires("a", verdict=SILENCED)), (), id="silenced before it was told"),
        pytest.param(plan(fires("a", verdict=SILENCED), entry=told(firing("a"))), (), id="told, then silenced"),
        pytest.param(
            plan(fires("a"), fires("b", verdict=SILENCED)), send(Reason.FIRST, firing("a")), id="the others are told"
        ),
        pytest.param(
            plan(over("a", SILENCED), entry=told(firing("a"))),
            send(Reason.ALL_RESOLVED, firing(resolved="a")),
            id="told, silenced, over: its end is told",
        ),
        pytest.param(
            plan(fires("b"), over("a", SILENCED), entry=told(firing("b"), "a")),
            send(Reason.SOME_RESOLVED, firing("b", resolved="a")),
            id="told, left out meanwhile, over: its end is told",
        ),
        pytest.param(plan(over("a", SILENCED)), (), id="silenced all its life"),
        pytest.param(
            plan(over("a", SILENCED), entry=told(firing("a")), as_alertmanager=True),
            (),
            id="as Alertmanager: a silenced end is never told",
        ),
        pytest.param(
            plan(fires("a"), entry=told(firing("a"), ago=4 * HOUR + 1)), send(Reason.REPEAT, firing("a")), id="a repeat"
        ),
        pytest.param(plan(Member(alert("a"), OPEN, moved=True)), (), id="routed elsewhere before it was told"),
        pytest.param(
            plan(Member(alert("a"), OPEN, moved=True), entry=told(firing("a"))),
            send(Reason.ALL_RESOLVED, firing(resolved="a")),
            id="routed elsewhere: over as far as this group knows",
        ),
        pytest.param(
            plan(fires("a", "critical"), entry=told(firing("a"))),
            send(Reason.SEVERITY_RAISED, firing("a", severity="critical")),
            id="worse",
        ),
        pytest.param(plan(fires("a", "info"), entry=told(firing("a"))), (), id="better"),
    ],
)
def test_sends(given: FlushPlan, expected: tuple[Send, ...]) -> None:
    """Who hears what, when nothing is on its way."""
    assert given.sends == expected


ANSWERED = firing("a", held="a", acknowledged="a")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(plan(fires("a", verdict=ACKNOWLEDGED)), (), id="acknowledged before it was told: not told"),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), entry=told(firing("a"), ago=99 * HOUR)), (), id="not repeated"
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), fires("b"), entry=told(firing("a"))),
            send(Reason.NEW_ALERTS, firing("a", "b", held="a", acknowledged="a")),
            id="still shown beside a new one",
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), entry=told(firing("a")), integration=CURIOUS),
            send(Reason.ACKNOWLEDGED, ANSWERED),
            id="told to who wants to know",
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), entry=told(ANSWERED), integration=CURIOUS), (), id="told once"
        ),
        pytest.param(
            plan(fires("a", verdict=SNOOZED), entry=told(firing("a")), integration=CURIOUS),
            (),
            id="a snooze is not told",
        ),
        pytest.param(
            plan(fires("a"), entry=told(ANSWERED)), send(Reason.UNACKNOWLEDGED, firing("a")), id="its end pages again"
        ),
        pytest.param(
            plan(fires("a", verdict=SILENCED), entry=told(ANSWERED)), (), id="its end under a silence pages nobody"
        ),
        pytest.param(
            plan(over("a", ACKNOWLEDGED), entry=told(ANSWERED)),
            send(Reason.ALL_RESOLVED, firing(resolved="a")),
            id="the end of an acknowledged alert is told",
        ),
        pytest.param(
            plan(fires("a", "critical"), entry=told(ANSWERED)),
            send(Reason.SEVERITY_RAISED, firing("a", severity="critical")),
            id="worse, which dropped the acknowledgement",
        ),
    ],
)
def test_answered(given: FlushPlan, expected: tuple[Send, ...]) -> None:
    """An answered alert is shown and not repeated; the end of the answer pages again."""
    assert given.sends == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            plan(over("a"), entry=told(firing("a")), integration=MUTE),
            {PAGER: firing(resolved="a")},
            id="an end that is not told counts as told",
        ),
        pytest.param(
            plan(fires("a"), over("b"), entry=told(firing("a", "b")), integration=MUTE),
            {PAGER: firing("a", resolved="b")},
            id="so that the next life of one of several is new",
        ),
        pytest.param(
            plan(fires("a"), over("b"), entry=told(firing("a", "b")), integration=MUTE, as_alertmanager=True),
            {},
            id="as Alertmanager: the end of one of several is forgotten",
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), entry=told(firing("a"))),
            {PAGER: firing("a", held="a")},
            id="an acknowledgement is remembered, so that its end is noticed",
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), over("b"), entry=told(firing("a", "b")), integration=MUTE),
            {PAGER: firing("a", resolved="b", held="a")},
            id="both at once",
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), fires("b", verdict=SILENCED), entry=told(firing("a", "b"))),
            {PAGER: firing("a", "b", held="a")},
            id="what is held back meanwhile is not forgotten",
        ),
        pytest.param(
            plan(fires("a", verdict=SILENCED), entry=told(ANSWERED)), {}, id="an answer that ends unheard stays noted"
        ),
        pytest.param(plan(fires("a", verdict=ACKNOWLEDGED), entry=told(ANSWERED)), {}, id="nothing changed"),
        pytest.param(plan(over("a"), over("b", SILENCED)), {}, id="nobody was told anything"),
    ],
)
def test_settle(given: FlushPlan, expected: Mapping[str, Content]) -> None:
    """What is remembered without a message."""
    assert given.settle == expected
    assert given.sends == ()


FIRST, CHANGED = firing("a"), firing("a", "b")
A_AND_B = (fires("a"), fires("b"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(plan(fires("a"), open=way(FIRST)), FlushPlan(), id="says what is true: untouched"),
        pytest.param(plan(fires("a"), open=way(FIRST, sending=True)), FlushPlan(), id="in the air and true"),
        pytest.param(plan(fires("a"), open=way(FIRST, attempts=2)), FlushPlan(), id="maybe seen and true: tried again"),
        pytest.param(
            plan(*A_AND_B, open=way(FIRST)),
            FlushPlan(sends=send(Reason.FIRST, CHANGED, update="n1")),
            id="nobody can have seen it: rewritten",
        ),
        pytest.param(
            plan(*A_AND_B, open=way(FIRST, attempts=1)),
            FlushPlan(sends=send(Reason.FIRST, CHANGED, supersede="n1")),
            id="somebody may have seen it: another takes its place",
        ),
        pytest.param(
            plan(*A_AND_B, open=way(FIRST, sending=True)),
            FlushPlan(outdated=("n1",)),
            id="in the air: planned again when it has landed",
        ),
        pytest.param(
            plan(over("a"), open=way(FIRST)), FlushPlan(withdraw=("n1",), drop=frozenset("a")), id="over: withdrawn"
        ),
        pytest.param(
            plan(fires("a", verdict=SILENCED), open=way(FIRST)), FlushPlan(withdraw=("n1",)), id="silenced: withdrawn"
        ),
        pytest.param(
            plan(fires("a", verdict=ACKNOWLEDGED), open=way(FIRST)),
            FlushPlan(withdraw=("n1",), wake_at=NOW + HOUR),
            id="acknowledged before anybody was told: withdrawn",
        ),
        pytest.param(
            plan(over("a"), open=way(FIRST, sending=True)),
            FlushPlan(outdated=("n1",)),
            id="over while in the air: nothing is dropped before it has landed",
        ),
        pytest.param(
            plan(over("a"), open=way(FIRST, attempts=1)),
            FlushPlan(sends=send(Reason.ALL_RESOLVED, firing(resolved="a"), supersede="n1")),
            id="over, but somebody may have seen it: its end is told",
        ),
        pytest.param(
            plan(over("a"), open=way(FIRST, attempts=1), integration=MUTE),
            FlushPlan(settle={PAGER: firing(resolved="a")}, withdraw=("n1",), drop=frozenset("a")),
            id="over, and nobody hears of ends",
        ),
        pytest.param(
            plan(fires("a"), over("b"), entry=told(CHANGED), open=way(firing("a", resolved="b"))),
            FlushPlan(),
            id="an end that is on its way keeps its alert",
        ),
    ],
)
def test_on_its_way(given: FlushPlan, expected: FlushPlan) -> None:
    """A message that waits says what is true when it goes, and one handle never carries two contents."""
    assert replace(given, verdicts={}) == expected


def test_drop_waits_for_all_integrations() -> None:
    """An alert that is over stays until every integration has been told."""
    mail = Integration(MAIL, send_resolved=True)
    situation = Situation(
        members=(over("a"),),
        integrations=(Integration(PAGER, send_resolved=True), mail),
        repeat_interval=HOUR,
        entries={PAGER: told(firing(resolved="a")), MAIL: told(firing("a"))},
    )
    first = plan_flush(situation, NOW)
    assert [item.integration for item in first.sends] == [MAIL]
    assert first.drop == frozenset()
    landed = replace(situation, entries={PAGER: told(firing(resolved="a")), MAIL: told(firing(resolved="a"))})
    assert plan_flush(landed, NOW).drop == frozenset("a")


def test_verdicts_and_wake() -> None:
    """Every firing alert has its verdict; the group wakes when the first gate opens by itself."""
    given = plan(fires("a", verdict=ACKNOWLEDGED), fires("b", verdict=SNOOZED), fires("c", verdict=SILENCED), over("d"))
    assert given.verdicts == {"a": ACKNOWLEDGED, "b": SNOOZED, "c": SILENCED}
    assert given.wake_at == NOW + MINUTE
    assert given.drop == frozenset("d")


COOLDOWN = 5 * MINUTE
HOT = {"a": Page(NOW - MINUTE, "warning")}
ENDS = NOW + 4 * MINUTE
TOLD_ENDED = told(firing(resolved="a"))


@pytest.mark.parametrize(
    ("given", "sends", "wake_at"),
    [
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN)), send(Reason.FIRST, firing("a")), None, id="never the first page"
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), pages=HOT, entry=TOLD_ENDED), (), ENDS, id="the next one too soon"
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), pages={"a": Page(NOW - COOLDOWN, "warning")}, entry=TOLD_ENDED),
            send(Reason.FIRST, firing("a")),
            None,
            id="and when it has cooled down",
        ),
        pytest.param(
            plan(fires("a", "critical", cooldown=COOLDOWN), pages=HOT, entry=TOLD_ENDED),
            send(Reason.FIRST, firing("a", severity="critical")),
            None,
            id="never a worse severity",
        ),
        pytest.param(
            plan(over("a"), pages=HOT, entry=told(firing("a"))),
            send(Reason.ALL_RESOLVED, firing(resolved="a")),
            None,
            id="never an end",
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), pages=HOT, entry=told(firing("a"), ago=99 * HOUR)),
            (),
            ENDS,
            id="a repeat waits",
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), fires("b"), pages=HOT, entry=told(firing("a"))),
            send(Reason.NEW_ALERTS, CHANGED),
            ENDS,
            id="what is told stays shown beside a new one",
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), fires("b"), pages=HOT, entry=TOLD_ENDED),
            send(Reason.FIRST, firing("b")),
            ENDS,
            id="what is not told is not shown",
        ),
        pytest.param(
            plan(fires("a", cooldown=COOLDOWN), pages=HOT, entry=told(ANSWERED)),
            (),
            ENDS,
            id="the end of an answer waits for it",
        ),
        pytest.param(
            plan(fires("a", "critical", cooldown=COOLDOWN), pages=HOT, entry=told(firing("a"))),
            send(Reason.SEVERITY_RAISED, firing("a", severity="critical")),
            None,
            id="a severity that is raised does not wait",
        ),
    ],
)
def test_cooldown(given: FlushPlan, sends: tuple[Send, ...], wake_at: int | None) -> None:
    """A cooldown never delays the first page, an end, or a worse severity."""
    assert given.sends == sends
    assert given.wake_at == wake_at


def test_cooldown_is_a_gate_for_who_was_not_told() -> None:
    """Whoever knows of the alert misses nothing while it cools down."""
    hot = fires("a", cooldown=COOLDOWN)
    assert plan(hot, pages=HOT, entry=TOLD_ENDED).verdicts == {"a": Verdict(Gate.COOLDOWN, PAGER, ENDS)}
    assert plan(hot, pages=HOT, entry=told(firing("a"))).verdicts == {"a": OPEN}


def test_cooldown_is_for_each_integration() -> None:
    """One that was not paged lately is told at once."""
    situation = Situation(
        members=(fires("a", cooldown=COOLDOWN),),
        integrations=(Integration(PAGER, send_resolved=True), Integration(MAIL, send_resolved=True)),
        repeat_interval=HOUR,
        pages={(PAGER, "a"): HOT["a"]},
    )
    assert [item.integration for item in plan_flush(situation, NOW).sends] == [MAIL]


def test_message_order() -> None:
    """By job, then instance, who lacks one last; then fewer labels first, and then the first label that differs, who
    lacks it first: the order in which Alertmanager lists alerts."""
    labels: list[dict[str, str]] = [
        {"job": "a", "instance": "1"},
        {"job": "a", "instance": "1", "x": "1"},
        {"job": "a", "instance": "1", "x": "2"},
        {"job": "a", "instance": "2"},
        {"job": "a"},
        {"job": "b", "instance": "1"},
        {"instance": "10", "z": "1"},
        {"instance": "9"},
        {},
        {"y": "1"},
        {"x": "1"},
        {"w": "2", "x": "1"},
        {"w": "2", "x": "2"},
        {"v": "1", "w": "1"},
    ]
    made = [replace(alert(str(number)), labels=item) for number, item in enumerate(labels)]
    assert [item.labels for item in message_order(reversed(made))] == labels
