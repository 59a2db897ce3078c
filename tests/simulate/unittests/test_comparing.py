"""Differences are told line by line, and what is told apart follows the rules of exact and of partial comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.alert import Report
from alertd.alerts.machine import Instance, State
from alertd.promql import ParseError, Sample
from alertd.routing.patterns import LabelPattern
from alertd.simulate.unittests.comparing import assign, compare_alerts, compare_samples
from alertd.simulate.unittests.model import ExpectedAlert, ExpectedSample, Wanted

Labels = Mapping[str, str]


def got(labels: Labels, annotations: Labels | None = None) -> Report:
    return Report("rule", "f", labels, annotations or {}, Instance(State.FIRING), 0)


def want(labels: Labels, annotations: Labels | None = None, line: int = 7) -> ExpectedAlert:
    return ExpectedAlert(
        {name: Wanted(text) for name, text in labels.items()},
        {name: Wanted(text) for name, text in (annotations or {}).items()},
        line,
    )


PAGE = {"alertname": "A", "severity": "page"}


@pytest.mark.parametrize(
    ("wanted", "found", "exact", "partial"),
    [
        ([], [], True, True),
        ([want(PAGE)], [got(PAGE)], True, True),
        ([want(PAGE)], [], False, False),
        ([], [got(PAGE)], False, False),
        ([want({"alertname": "A"})], [got(PAGE)], False, True),
        ([want(PAGE)], [got({"alertname": "A"})], False, False),
        ([want(PAGE)], [got(PAGE, {"text": "t"})], False, True),
        ([want(PAGE, {"text": "t"})], [got(PAGE, {"text": "u"})], False, False),
        ([want(PAGE), want(PAGE)], [got(PAGE)], False, False),
        # The first could take either, the second only one of them.
        ([want({"alertname": "A"}), want({**PAGE, "i": "1"})], [got({**PAGE, "i": "1"}), got(PAGE)], False, True),
    ],
)
def test_comparison(wanted: list[ExpectedAlert], found: list[Report], exact: bool, partial: bool) -> None:
    """Exactly, everything counts; partially, what the test names. The number of alerts counts in both."""
    assert (compare_alerts(wanted, found, "firing", partial=False) == []) == exact
    assert (compare_alerts(wanted, found, "firing", partial=True) == []) == partial


@pytest.mark.parametrize(
    ("wanted", "found", "accepted"),
    [
        (Wanted("a b"), "a b", True),
        (Wanted("a"), "a b", False),
        (Wanted(""), None, False),
        (Wanted("a b", "contains"), "x a b y", True),
        (Wanted("a c", "contains"), "x a b y", False),
        (Wanted("a.*", "matches", LabelPattern("a.*")), "a\nb", True),
        (Wanted("a.*", "matches", LabelPattern("a.*")), "b a", False),
        (Wanted(".*", "matches", LabelPattern(".*")), None, False),
    ],
)
def test_texts(wanted: Wanted, found: str | None, accepted: bool) -> None:
    """A text is equal, contained, or matched as a whole; a name that is not there is never right."""
    assert wanted.accepts(found) == accepted


def test_difference_of_alerts() -> None:
    """The likest are put side by side; a line that agrees has no sign, one that does not has both sides."""
    wanted = [
        want({**PAGE, "i": "1"}, {"text": "one"}, 10),
        ExpectedAlert({"alertname": Wanted("A"), "i": Wanted("2")}, {"text": Wanted("tw", "contains")}, 20),
        want({"alertname": "A", "i": "3"}, line=30),
    ]
    found = [got({"alertname": "A", "i": "3"}), got({**PAGE, "i": "1"}, {"text": "uno", "more": "m"})]
    assert compare_alerts(wanted, found, "firing", partial=False) == [
        "exp: 3 firing alerts, got: 2 firing alerts",
        "an alert that differs (line 10):",
        "    labels:",
        '        alertname: "A"',
        '        i: "1"',
        '        severity: "page"',
        "    annotations:",
        '      + more: "m"',
        '      - text: "one"',
        '      + text: "uno"',
        "an alert that should be firing and is not (line 20):",
        "    labels:",
        '      - alertname: "A"',
        '      - i: "2"',
        "    annotations:",
        '      - text: contains "tw"',
    ]


def test_difference_under_partial_comparison() -> None:
    """What a test does not name is not shown as wrong."""
    lines = compare_alerts([want({"alertname": "A", "i": "1"})], [got({**PAGE, "i": "2"})], "pending", partial=True)
    assert lines == [
        "exp: 1 pending alert, got: 1 pending alert",
        "an alert that differs (line 7):",
        "    labels:",
        '        alertname: "A"',
        '      - i: "1"',
        '      + i: "2"',
    ]


@given(st.lists(st.sets(st.integers(0, 4), max_size=4), max_size=5), st.integers(0, 5))
def test_assignment_is_the_largest(choices: list[set[int]], number: int) -> None:
    """As many as can have a partner get one, each another: found by trying all ways."""

    def most(row: int, taken: frozenset[int]) -> int:
        if row == len(choices):
            return 0
        free = [got for got in choices[row] if got < number and got not in taken]
        return max([most(row + 1, taken), *(1 + most(row + 1, taken | {got}) for got in free)])

    pairs = assign(choices, range(number), lambda wanted, found: found in wanted)
    assert len(pairs) == most(0, frozenset())
    assert len(set(pairs.values())) == len(pairs)
    assert all(found in choices[wanted] for wanted, found in pairs.items())


MANY = 1500


@pytest.mark.parametrize(
    ("accepts", "wanted", "found", "paired"),
    [
        (lambda _want, _got: True, MANY, MANY, MANY),
        (lambda _want, _got: True, MANY, MANY // 2, MANY // 2),
        # The last one takes the first place, and everybody else moves on by one.
        (lambda want, got: got in ((0,) if want == MANY - 1 else (want, want + 1)), MANY, MANY, MANY),
    ],
)
def test_assignment_of_many(accepts: Callable[[int, int], bool], wanted: int, found: int, paired: int) -> None:
    """Thousands of alerts are no matter of depth, nor of hours."""
    assert len(assign(range(wanted), range(found), accepts)) == paired


def sample(value: float, **labels: str) -> Sample:
    return Sample(labels, value, 0)


def expect(labels: str, value: float = 0.0, histogram: str = "") -> ExpectedSample:
    return ExpectedSample(labels, value, histogram, 1)


@pytest.mark.parametrize(
    ("wanted", "found", "exact", "fuzzy"),
    [
        (expect("", 1), sample(1), True, True),
        (expect("{}", 1), sample(1), True, True),
        (expect('a{b="c"}', 1), sample(1, __name__="a", b="c"), True, True),
        (expect("a", 1), sample(1, __name__="b"), False, False),
        (expect("", 3), sample(2.9999999999999996), False, True),
        (expect("", 3), sample(3.0000000000000004), False, True),
        (expect("", 3), sample(2.999999999999999), False, False),
        (expect("", math.nan), sample(math.nan), True, True),
        (expect("", math.inf), sample(1.7976931348623157e308), False, True),
    ],
)
def test_samples(wanted: ExpectedSample, found: Sample, exact: bool, fuzzy: bool) -> None:
    """Labels and numbers are equal, with `fuzzy` up to the last bit; what is no number equals itself."""
    assert (compare_samples([wanted], [found], fuzzy=False) == []) == exact
    assert (compare_samples([wanted], [found], fuzzy=True) == []) == fuzzy


def test_difference_of_samples() -> None:
    """One sample is told in two lines; of several, those that differ are named again."""
    assert compare_samples([expect("a", 1)], [], fuzzy=False) == ['exp: {__name__="a"} 1', "got: nil"]
    wanted = [expect("a", 1), expect('b{c="d"}', 0.25)]
    found = [sample(1, __name__="a"), sample(7, __name__="b", c="e")]
    assert compare_samples(wanted, found, fuzzy=False) == [
        'exp: {__name__="a"} 1, {__name__="b", c="d"} 0.25',
        'got: {__name__="a"} 1, {__name__="b", c="e"} 7',
        '  - {__name__="b", c="d"} 0.25',
        '  + {__name__="b", c="e"} 7',
    ]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (expect('a{b="c"'), "labels"),
        (expect("", histogram="5"), "expected one histogram, found"),
        (expect("", histogram="{{count:1}}x3"), "expected one histogram, found"),
        (expect("", histogram="{{counts:1}}"), "unknown key"),
    ],
)
def test_expectations_that_cannot_be_read(wanted: ExpectedSample, message: str) -> None:
    """The complaint has the text."""
    with pytest.raises(ParseError, match=message):
        compare_samples([wanted], [], fuzzy=False)
