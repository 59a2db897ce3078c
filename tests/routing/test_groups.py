"""Groups: which alerts share one, what it is called, when it is flushed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.routing.groups import first_flush, group_of, next_flush
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.tree import Route, RouteTree

ALERT = {"alertname": "A", "team": "a", "empty": ""}


def key(group_by: tuple[str, ...] | None) -> str:
    return group_of(RouteTree(Route(receiver="r", group_by=group_by)).root, ALERT).key


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ((), "{}:{}"),
        (("alertname",), '{}:{alertname="A"}'),
        pytest.param(("team", "alertname"), '{}:{alertname="A", team="a"}', id="sorted by name"),
        pytest.param(("alertname", "cluster"), '{}:{alertname="A"}', id="labels that the alert lacks are left out"),
        pytest.param(("alertname", "empty"), '{}:{alertname="A"}', id="so are empty ones"),
        pytest.param(None, '{}:{alertname="A", team="a"}', id="all labels"),
    ],
)
def test_key(group_by: tuple[str, ...] | None, expected: str) -> None:
    """The group key is Alertmanager's."""
    assert key(group_by) == expected


def test_key_of_a_route() -> None:
    """Matchers are joined without a space, labels with one."""
    matchers = (Matcher("team", Operator.REGEX, "a|b"), Matcher("sev", Operator.NOT_EQUAL, "x y"))
    tree = RouteTree(Route(receiver="r", routes=(Route(receiver="s", matchers=matchers, group_by=("alertname",)),)))
    assert group_of(tree.match(ALERT)[0], ALERT).key == '{}/{sev!="x y",team=~"a|b"}:{alertname="A"}'


def test_groups_of_twin_routes_and_organisations_are_apart() -> None:
    """Two routes with the same matchers have groups of their own, and so have two organisations."""
    twin = Route(receiver="s", continue_=True, group_by=("alertname",))
    tree = RouteTree(Route(receiver="r", routes=(twin, twin)))
    first, second = (group_of(node, ALERT) for node in tree.match(ALERT))
    assert first.id != second.id
    assert first.labels == second.labels
    assert group_of(tree.root, ALERT, "one").id != group_of(tree.root, ALERT, "two").id


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])))
def test_equal_group_labels_are_one_group(labels: dict[str, str]) -> None:
    """Labels outside of `group_by` do not matter, and a missing label is an empty one."""
    node = RouteTree(Route(receiver="r", group_by=("a", "b"))).root
    full = {name: labels.get(name, "") for name in "abc"}
    assert group_of(node, labels) == group_of(node, {**full, "c": "z"})


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        pytest.param(1_000, 1_030, id="a fresh alert waits"),
        pytest.param(980, 1_030, id="one that is younger than group_wait waits"),
        pytest.param(970, 1_030, id="just as old as group_wait: waits"),
        pytest.param(969, 1_000, id="older: at once"),
        pytest.param(5_000, 1_030, id="one from the future waits no longer"),
    ],
)
def test_first_flush(starts_at: int, expected: int) -> None:
    """An alert that is older than `group_wait` has waited already."""
    assert first_flush(starts_at, 30, 1_000) == expected


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        pytest.param(1_000, 1_000, 1_300, id="on time"),
        pytest.param(1_000, 1_020, 1_300, id="a little late: the beat stays"),
        pytest.param(1_000, 1_299, 1_300, id="nearly an interval late"),
        pytest.param(1_000, 1_300, 1_600, id="a whole interval late: a new beat"),
        pytest.param(1_000, 9_999, 10_299, id="very late: no flushes are made up for"),
    ],
)
def test_next_flush(due: int, now: int, expected: int) -> None:
    """The beat is that of the due times."""
    assert next_flush(due, 300, now) == expected
