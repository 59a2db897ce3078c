"""Silences: their state, what may be changed, and what they hold back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import (
    Silence,
    Silencer,
    SilenceRejected,
    SilenceState,
    can_update,
    check,
    expire,
)

NOW = 10_000_000
TEAM = Matcher("team", Operator.EQUAL, "a")


def silence(starts: int = 0, ends: int = 60_000, *matchers: Matcher, key: str = "1") -> Silence:
    return Silence(key, matchers or (TEAM,), NOW + starts, NOW + ends, "ann", "deploy", NOW)


@pytest.mark.parametrize(
    ("starts", "ends", "state"),
    [
        (1, 100, SilenceState.PENDING),
        (0, 100, SilenceState.ACTIVE),
        (-100, 1, SilenceState.ACTIVE),
        pytest.param(-100, 0, SilenceState.EXPIRED, id="the end is the first instant without it"),
    ],
)
def test_state(starts: int, ends: int, state: SilenceState) -> None:
    """The state follows from the times alone."""
    assert silence(starts, ends).state(NOW) is state


def test_a_start_in_the_past_becomes_now() -> None:
    """A silence never covers what has been said already."""
    assert check(silence(-5_000), NOW) == silence(0)
    assert check(silence(5_000), NOW) == silence(5_000)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (replace(silence(), matchers=()), "at least one matcher is required"),
        (silence(0, 60_000, Matcher("a", Operator.REGEX, ".*")), "must not match the empty string"),
        (silence(10, 10), "start time must be before end time"),
        (silence(-10, 0), "end time can't be in the past"),
    ],
)
def test_rejected(wrong: Silence, complaint: str) -> None:
    """What cannot be a silence is refused in words that say what to change."""
    with pytest.raises(SilenceRejected, match=complaint):
        check(wrong, NOW)


def test_one_matcher_that_does_not_match_the_empty_string_is_enough() -> None:
    """The others may; and a negative matcher counts as one that does not, as in Alertmanager."""
    assert check(silence(0, 60_000, Matcher("a", Operator.REGEX, ".*"), TEAM), NOW)
    assert check(silence(0, 60_000, Matcher("a", Operator.NOT_EQUAL, "b")), NOW)


ACTIVE, PENDING, EXPIRED = silence(-5_000), silence(5_000, 60_000), silence(-5_000, -1)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(ACTIVE, silence(-5_000, 90_000), True, id="active: another end"),
        pytest.param(ACTIVE, silence(-5_000, 0), True, id="active: ends now"),
        pytest.param(ACTIVE, silence(-5_000, -1), False, id="active: ends in the past"),
        pytest.param(ACTIVE, silence(-4_001), True, id="active: the same start to the second"),
        pytest.param(ACTIVE, silence(-4_000), False, id="active: another start"),
        pytest.param(PENDING, silence(0), True, id="pending: starts now"),
        pytest.param(PENDING, silence(-1), False, id="pending: starts in the past"),
        pytest.param(EXPIRED, silence(-5_000), False, id="expired: never"),
        pytest.param(ACTIVE, silence(-5_000, 90_000, TEAM, TEAM), True, id="a matcher twice is one matcher"),
        pytest.param(ACTIVE, silence(-5_000, 90_000, Matcher("team", Operator.EQUAL, "b")), False, id="other matchers"),
    ],
)
def test_can_update(old: Silence, new: Silence, expected: bool) -> None:
    """Alertmanager's rule for what keeps the id."""
    assert can_update(old, new, NOW) is expected


def test_expire() -> None:
    """Ending an active one ends it now, a pending one never begins, one that is over stays as it is."""
    assert expire(ACTIVE, NOW).ends_at == NOW
    assert expire(PENDING, NOW).starts_at == expire(PENDING, NOW).ends_at == NOW
    assert expire(EXPIRED, NOW) == EXPIRED
    assert expire(expire(ACTIVE, NOW), NOW + 5) == expire(ACTIVE, NOW)


def test_silenced_by() -> None:
    """The ids of the active silences whose matchers all hold, sorted."""
    silencer = Silencer([silence(key="2"), silence(key="1"), replace(PENDING, id="3"), replace(EXPIRED, id="4")])
    assert silencer.silenced_by({"team": "a", "x": "y"}, NOW) == ("1", "2")
    assert silencer.silenced_by({"team": "b"}, NOW) == ()
    assert silencer.silenced_by({"team": "a"}, NOW + 5_000) == ("1", "2", "3")
    silencer.put(expire(silence(key="1"), NOW))
    silencer.forget_expired(NOW)
    assert silencer.silenced_by({"team": "a"}, NOW) == ("2",)


@given(st.integers(-100, 100), st.integers(1, 100), st.integers(-100, 100))
def test_an_expired_silence_never_silences_again(starts: int, span: int, at: int) -> None:
    """Whatever its times, once ended it is over, and ending it does not bring it about."""
    old = silence(starts, starts + span)
    ended = expire(old, NOW + at)
    assert ended.state(NOW + at) is SilenceState.EXPIRED
    assert ended.ends_at <= max(old.ends_at, NOW + at)
