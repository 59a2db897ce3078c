"""The state machine of one instance, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.machine import Instance, LevelReading, State, Step, Transition, close, keep, observe

MINUTE = 60_000


def plain(breached: bool, for_: int = 0) -> list[LevelReading]:
    return [LevelReading("", breached, for_)]


def levels(value: float, instance: Instance | None) -> list[LevelReading]:
    """warning above 1000 for 5m; critical above 5000 for 1m, cleared only below 4000."""
    held = instance is not None and instance.fires_at("critical")
    return [
        LevelReading("warning", value > 1000, 5 * MINUTE),
        LevelReading("critical", value > 5000 or (held and value >= 4000), MINUTE),
    ]


def run(
    breaches: Sequence[bool], *, for_: int = 0, keep_firing_for: int = 0
) -> list[tuple[State | None, tuple[Transition, ...]]]:
    """One evaluation a minute; the state and the transitions after each."""
    instance: Instance | None = None
    seen = []
    for minute, breached in enumerate(breaches):
        step = observe(instance, plain(breached, for_), minute * MINUTE, keep_firing_for=keep_firing_for)
        instance = step.instance
        seen.append((instance.state if instance else None, step.transitions))
    return seen


@pytest.mark.parametrize(
    ("breaches", "options", "expected"),
    [
        pytest.param([True], {}, [(State.FIRING, (Transition.FIRED,))], id="no for fires at once"),
        pytest.param(
            [True, True, True],
            {"for_": 2 * MINUTE},
            [(State.PENDING, (Transition.PENDING_STARTED,)), (State.PENDING, ()), (State.FIRING, (Transition.FIRED,))],
            id="for counts from the first breach and fires at equality",
        ),
        pytest.param(
            [True, False, True],
            {"for_": MINUTE},
            [
                (State.PENDING, (Transition.PENDING_STARTED,)),
                (None, (Transition.PENDING_CLEARED,)),
                (State.PENDING, (Transition.PENDING_STARTED,)),
            ],
            id="a gap starts the pending timer over",
        ),
        pytest.param(
            [True, False],
            {},
            [(State.FIRING, (Transition.FIRED,)), (None, (Transition.RESOLVED,))],
            id="resolves at once without keep_firing_for",
        ),
        pytest.param(
            [True, False, False, False],
            {"keep_firing_for": 2 * MINUTE},
            [
                (State.FIRING, (Transition.FIRED,)),
                (State.RECOVERING, (Transition.RECOVERING,)),
                (State.RECOVERING, ()),
                (None, (Transition.RESOLVED,)),
            ],
            id="keep_firing_for counts from the first quiet evaluation",
        ),
        pytest.param(
            [True, True, False, True, True],
            {"for_": MINUTE, "keep_firing_for": 5 * MINUTE},
            [
                (State.PENDING, (Transition.PENDING_STARTED,)),
                (State.FIRING, (Transition.FIRED,)),
                (State.RECOVERING, (Transition.RECOVERING,)),
                (State.FIRING, (Transition.FIRED_AGAIN,)),
                (State.FIRING, ()),
            ],
            id="a breach while recovering fires at once, without waiting for again",
        ),
    ],
)
def test_plain_rule(
    breaches: list[bool], options: dict[str, int], expected: list[tuple[State | None, tuple[Transition, ...]]]
) -> None:
    """A rule without levels goes through Prometheus' own states."""
    assert run(breaches, **options) == expected


def test_longer_for_sends_a_firing_instance_back_to_pending() -> None:
    """When `for` is raised above the time that the breach has lasted, the instance is pending again."""
    firing = observe(None, plain(True), 0).instance

    step = observe(firing, plain(True, 5 * MINUTE), MINUTE)

    assert step.instance is not None
    assert (step.instance.state, step.instance.fired_at) == (State.PENDING, None)
    assert step.transitions == (Transition.PENDING_RESTARTED,)


def test_levels_rise_fall_and_clear_with_hysteresis() -> None:
    """The worst level that holds is the severity; each has its own timer and critical clears only below 4000."""
    instance: Instance | None = None
    seen = []
    for minute, value in enumerate([6000, 6000, 4500, 3000, 3000, 900]):
        step = observe(instance, levels(value, instance), minute * MINUTE)
        instance = step.instance
        seen.append((instance.state if instance else None, instance.severity if instance else "", step.transitions))

    assert seen == [
        (State.PENDING, "", (Transition.PENDING_STARTED,)),
        (State.FIRING, "critical", (Transition.FIRED,)),
        (State.FIRING, "critical", ()),
        (State.FIRING, "warning", (Transition.SEVERITY_LOWERED,)),
        (State.FIRING, "warning", ()),
        (None, "", (Transition.RESOLVED,)),
    ]


def test_raised_severity_is_one_named_transition() -> None:
    """An instance that fires as warning and then breaches critical for its time is raised, not fired anew."""
    instance: Instance | None = None
    for minute, value in enumerate([2000, 2000, 2000, 2000, 2000, 2000, 6000]):
        instance = observe(instance, levels(value, instance), minute * MINUTE).instance

    step = observe(instance, levels(6000, instance), 7 * MINUTE)

    assert step.instance is not None
    assert (step.instance.severity, step.transitions) == ("critical", (Transition.SEVERITY_RAISED,))
    assert step.instance.fired_at == 5 * MINUTE


def test_missing_series_is_kept_and_named_once() -> None:
    """keep_last keeps the state through any number of evaluations without data and says so once."""
    firing = observe(None, plain(True), 0).instance
    assert firing is not None

    first = keep(firing, MINUTE)
    assert first.instance is not None
    second = keep(first.instance, 2 * MINUTE)
    back = observe(second.instance, plain(True), 3 * MINUTE)

    assert (first.transitions, second.transitions) == ((Transition.KEPT_NO_DATA,), ())
    assert back.transitions == (Transition.DATA_RETURNED,)
    assert back.instance == firing


def test_missing_series_as_a_breach_waits_for_its_time() -> None:
    """on_no_data: alert counts a missing series as breached: remembered while ok, pending, then firing."""
    known = observe(None, plain(False), 0, remember_ok=True).instance
    assert known == Instance(State.OK)

    pending = observe(known, plain(True, MINUTE), MINUTE, remember_ok=True, missing=True)
    firing = observe(pending.instance, plain(True, MINUTE), 2 * MINUTE, remember_ok=True, missing=True)

    assert pending.transitions == (Transition.NO_DATA, Transition.PENDING_STARTED)
    assert firing.transitions == (Transition.FIRED,)


def test_missing_series_resolves_with_its_own_name() -> None:
    """Where a missing series counts as ok, the resolve says that the series was missing."""
    firing = observe(None, plain(True), 0).instance

    assert observe(firing, plain(False), MINUTE, missing=True) == Step(None, (Transition.RESOLVED_MISSING,))


@pytest.mark.parametrize("state", list(State))
def test_close_names_the_reason_only_for_what_fires(state: State) -> None:
    """An instance ended from outside resolves under the given name if it fires, and vanishes silently if not."""
    step = close(Instance(state), Transition.RESOLVED_RULE_REMOVED)

    assert step == Step(None, (Transition.RESOLVED_RULE_REMOVED,) if state.fires else ())


@given(
    st.lists(st.booleans(), max_size=30),
    st.integers(0, 4).map(lambda minutes: minutes * MINUTE),
    st.integers(0, 4).map(lambda minutes: minutes * MINUTE),
)
def test_every_fired_has_one_resolved(breaches: list[bool], for_: int, keep_firing_for: int) -> None:
    """Whatever happens, an episode that opens closes exactly once before another opens."""
    opened = 0
    for _, transitions in run([*breaches, *[False] * 10], for_=for_, keep_firing_for=keep_firing_for):
        for transition in transitions:
            opened += (transition is Transition.FIRED) - (transition is Transition.RESOLVED)
            assert opened in {0, 1}

    assert opened == 0
