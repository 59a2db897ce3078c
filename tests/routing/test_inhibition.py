"""Inhibition: which firing alert holds another back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.labels import Labels, fingerprint
from alertd.routing.inhibition import Inhibitor, InhibitRule
from alertd.routing.matchers import Matcher, Operator, matches_all


def equal(**labels: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in labels.items())


SEVERITY = InhibitRule(
    source=equal(severity="critical"), target=equal(severity="warning"), equal=("cluster", "service")
)


def inhibitor(*sources: Labels, rules: tuple[InhibitRule, ...] = (SEVERITY,)) -> Inhibitor:
    made = Inhibitor(rules)
    for labels in sources:
        made.add(fingerprint(labels), labels)
    return made


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        pytest.param(
            {"severity": "critical", "cluster": "a"}, {"severity": "warning", "cluster": "a"}, True, id="explained"
        ),
        pytest.param(
            {"severity": "critical", "cluster": "a"}, {"severity": "warning", "cluster": "b"}, False, id="elsewhere"
        ),
        pytest.param({"severity": "critical"}, {"severity": "warning"}, True, id="both lack the label: equal"),
        pytest.param(
            {"severity": "critical"}, {"severity": "warning", "cluster": ""}, True, id="missing and empty are equal"
        ),
        pytest.param({"severity": "critical"}, {"severity": "warning", "cluster": "a"}, False, id="one lacks it"),
        pytest.param({"severity": "warning"}, {"severity": "warning"}, False, id="no source"),
        pytest.param({"severity": "critical"}, {"severity": "info"}, False, id="no target"),
    ],
)
def test_equal_labels(source: Labels, target: Labels, expected: bool) -> None:
    """A target is inhibited by a source with equal values; a missing label is the empty value."""
    found = inhibitor(source).inhibited_by(target)
    assert found == (fingerprint(source) if expected else None)


# Everything that has `x` is a source, everything that has `y` a target, of equal `e`.
BOTH = InhibitRule(
    source=(Matcher("x", Operator.NOT_EQUAL, ""),), target=(Matcher("y", Operator.NOT_EQUAL, ""),), equal=("e",)
)


@pytest.mark.parametrize(
    ("sources", "target", "expected"),
    [
        pytest.param([{"x": "1", "y": "1"}], {"x": "1", "y": "1"}, False, id="not by itself"),
        pytest.param([{"x": "1", "y": "1"}], {"x": "2", "y": "2"}, False, id="not by another on both sides"),
        pytest.param([{"x": "1"}], {"x": "2", "y": "2"}, True, id="by one that is only a source"),
        pytest.param([{"x": "1", "y": "1"}], {"y": "2"}, True, id="a mere target by one on both sides"),
        pytest.param(
            [{"x": "1", "y": "1"}, {"x": "2"}], {"x": "1", "y": "1"}, True, id="one on both sides hides no true source"
        ),
        pytest.param([{"x": "1", "e": "1"}], {"x": "2", "y": "2"}, False, id="with another value"),
    ],
)
def test_both_sides(sources: list[Labels], target: Labels, expected: bool) -> None:
    """An alert on both sides of a rule is inhibited only by alerts that are not."""
    assert (inhibitor(*sources, rules=(BOTH,)).inhibited_by(target) is not None) == expected


def test_a_rule_without_matchers_inhibits_nothing() -> None:
    """Every alert is on both of its sides."""
    assert inhibitor({"a": "1"}, rules=(InhibitRule(),)).inhibited_by({"b": "2"}) is None


def test_the_end_of_one_source_leaves_the_others() -> None:
    """All sources of an equal-value set are kept, so that the end of one does not let the target go."""
    first, second = {"severity": "critical", "host": "1"}, {"severity": "critical", "host": "2"}
    made = inhibitor(first, second)
    target = {"severity": "warning"}
    assert made.inhibited_by(target) == fingerprint(first)
    made.remove(fingerprint(first))
    assert made.inhibited_by(target) == fingerprint(second)
    made.remove(fingerprint(second))
    made.remove(fingerprint(second))
    assert made.inhibited_by(target) is None


def test_new_labels_replace_the_old() -> None:
    """Under levels the severity of a source may change while it is the same alert."""
    made = Inhibitor([SEVERITY])
    made.add("1", {"severity": "critical"})
    made.add("1", {"severity": "info"})
    assert made.inhibited_by({"severity": "warning"}) is None


def test_the_first_rule_wins() -> None:
    """The answer is one fingerprint, by the first rule in the file that holds."""
    rules = (
        InhibitRule(source=equal(name="first"), target=equal(severity="warning")),
        InhibitRule(source=equal(name="second"), target=equal(severity="warning")),
    )
    second, first = {"name": "second"}, {"name": "first"}
    assert inhibitor(second, first, rules=rules).inhibited_by({"severity": "warning"}) == fingerprint(first)


def test_an_inhibited_source_still_inhibits() -> None:
    """There is no chain logic: B is held back by A and holds back C all the same."""
    rules = (
        InhibitRule(source=equal(name="a"), target=equal(name="b")),
        InhibitRule(source=equal(name="b"), target=equal(name="c")),
    )
    made = inhibitor({"name": "a"}, {"name": "b"}, rules=rules)
    assert made.inhibited_by({"name": "b"}) == fingerprint({"name": "a"})
    assert made.inhibited_by({"name": "c"}) == fingerprint({"name": "b"})


alerts = st.lists(
    st.dictionaries(st.sampled_from(["x", "y", "e"]), st.sampled_from(["1", "2"]), max_size=3), max_size=6
)


@given(alerts, st.data())
def test_the_index_answers_as_the_definition(sources: list[dict[str, str]], data: st.DataObject) -> None:
    """With sources coming and going, the answer is that of looking at every firing alert."""
    made = inhibitor(*sources, rules=(BOTH, SEVERITY))
    gone = data.draw(st.lists(st.sampled_from(sources))) if sources else []
    for labels in gone:
        made.remove(fingerprint(labels))
    firing = [labels for labels in sources if labels not in gone]
    target = data.draw(st.dictionaries(st.sampled_from(["x", "y", "e"]), st.sampled_from(["1", "2"])))
    explained = matches_all(BOTH.target, target) and any(
        matches_all(BOTH.source, source)
        and BOTH.key(source) == BOTH.key(target)
        and not (matches_all(BOTH.source, target) and matches_all(BOTH.target, source))
        for source in firing
    )
    assert (made.inhibited_by(target) is not None) == explained
