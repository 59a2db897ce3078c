"""The index finds every set of matchers that may match, whatever they are: silences and routes alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.routing import matcher_index
from alertd.routing.matcher_index import MatcherIndex
from alertd.routing.matchers import Matcher, Operator, matches_all
from alertd.routing.silences import Silence, Silencer

NOW = 1_000

names = st.sampled_from("abc")
values = st.sampled_from(["", "x", "y", "xy", "line\nend"])
patterns = st.sampled_from(["", "x", "x|y", "x|", ".*", ".+", "x.*", "[xy]+", "(x|y)?", "line.end", "x$|^y"])
matchers = st.one_of(
    st.builds(Matcher, names, st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]), values),
    st.builds(Matcher, names, st.sampled_from([Operator.REGEX, Operator.NOT_REGEX]), patterns),
)
silences = st.lists(st.lists(matchers, min_size=1, max_size=3), max_size=8)
alerts = st.dictionaries(names, values.filter(bool))


def silencer(made: list[list[Matcher]]) -> Silencer:
    return Silencer(Silence(str(key), tuple(own), 0, 2 * NOW, "", "", 0) for key, own in enumerate(made))


@given(silences, alerts)
def test_the_same_as_asking_each(made: list[list[Matcher]], labels: dict[str, str]) -> None:
    """With the index and without it, an alert is silenced by the same."""
    each = sorted(str(key) for key, own in enumerate(made) if matches_all(own, labels))
    assert list(silencer(made).silenced_by(labels, NOW)) == each


@given(silences, silences, alerts)
def test_changes(first: list[list[Matcher]], then: list[list[Matcher]], labels: dict[str, str]) -> None:
    """A silence that was replaced is found by what it says now, also after the index has been asked."""
    changed = silencer(first)
    changed.silenced_by(labels, NOW)
    for key, own in enumerate(then):
        changed.put(Silence(str(key), tuple(own), 0, 2 * NOW, "", "", 0))
    assert changed.silenced_by(labels, NOW) == silencer([*then, *first[len(then) :]]).silenced_by(labels, NOW)


@given(silences, alerts)
def test_removed(made: list[list[Matcher]], labels: dict[str, str]) -> None:
    """What was taken out is a candidate no more."""
    index: MatcherIndex[str] = MatcherIndex()
    for key, own in enumerate(made):
        index.add(str(key), own)
    list(index.candidates(labels))
    for key in range(len(made)):
        index.remove(str(key))
    assert list(index.candidates(labels)) == []


def test_few_candidates() -> None:
    """Of many silences, only those are asked that name a value of the alert, or whose pattern matches one."""
    index: MatcherIndex[str] = MatcherIndex()
    for number in range(1000):
        index.add(f"value {number}", [Matcher("instance", Operator.EQUAL, f"i{number}")])
        pattern = Matcher("job", Operator.REGEX, f"job-{number}-.*")
        index.add(f"pattern {number}", [Matcher("team", Operator.NOT_EQUAL, "a"), pattern])
    assert sorted(index.candidates({"instance": "i7", "job": "job-8-x"})) == ["pattern 8", "value 7"]


def test_a_matcher_that_all_have_leaves_out_nobody() -> None:
    """Silences that share one matcher are told apart by their others."""
    index: MatcherIndex[str] = MatcherIndex()
    for number in range(1000):
        own = Matcher("instance", Operator.REGEX, f"host-{number}:.*")
        index.add(str(number), [Matcher("job", Operator.EQUAL, "node"), own])
    assert len(list(index.candidates({"job": "node", "instance": "host-7:9100"}))) == 2


def test_a_set_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that do not fit into memory together are asked one by one: nothing goes unsilenced."""
    monkeypatch.setattr(matcher_index, "_SET_MEMORY", 1 << 12)
    index: MatcherIndex[str] = MatcherIndex()
    for number in range(50):
        index.add(str(number), [Matcher("a", Operator.REGEX, f"(x|y){{1,20}}.*{number}.*z")])
    assert len(list(index.candidates({"a": "xx7z"}))) == 50
