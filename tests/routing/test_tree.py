"""The route tree: which routes an alert goes to, and how routes are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.labels import Labels
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.tree import Node, Route, RouteTree


def equal(**labels: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in labels.items())


TREE = RouteTree(
    Route(
        receiver="default",
        routes=(
            Route(
                receiver="a",
                matchers=equal(team="a"),
                routes=(
                    Route(receiver="a-page", matchers=equal(severity="page")),
                    Route(receiver="a-empty", matchers=(Matcher("env", Operator.EQUAL, ""),), continue_=True),
                    Route(receiver="a-late", matchers=equal(late="yes")),
                ),
            ),
            Route(receiver="audit", matchers=(Matcher("team", Operator.REGEX, "b|c"),), continue_=True),
            Route(receiver="b", matchers=equal(team="b")),
            Route(receiver="other", matchers=(Matcher("team", Operator.NOT_EQUAL, ""),)),
        ),
    )
)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        pytest.param({}, ["default"], id="none of the children: the root itself"),
        pytest.param({"team": "a", "severity": "page"}, ["a-page"], id="the deepest that matches"),
        pytest.param({"team": "a", "env": "x"}, ["a"], id="a node answers when none of its children does"),
        pytest.param({"team": "a"}, ["a-empty"], id="a missing label is the empty value"),
        pytest.param({"team": "a", "late": "yes"}, ["a-empty", "a-late"], id="continue goes on within the level"),
        pytest.param({"team": "b"}, ["audit", "b"], id="continue at the top"),
        pytest.param({"team": "c"}, ["audit", "other"], id="the first without continue ends it"),
        pytest.param({"team": "bc"}, ["other"], id="a pattern matches the whole value"),
    ],
)
def test_match(labels: dict[str, str], receivers: list[str]) -> None:
    """Depth first; the first match wins unless it says `continue`."""
    assert [node.route.receiver for node in TREE.match(labels)] == receivers


def test_continue_of_a_child_does_not_leave_its_parent() -> None:
    """Only the parent's own `continue` lets its siblings have a look."""
    tree = RouteTree(
        Route(
            receiver="default",
            routes=(
                Route(receiver="a", routes=(Route(receiver="a1", continue_=True),)),
                Route(receiver="b"),
            ),
        )
    )
    assert [node.route.receiver for node in tree.match({})] == ["a1"]


def test_keys_and_ids() -> None:
    """The id is Alertmanager's key; of routes that share one the later are numbered, parents before children. The key
    is the id, or Alertmanager's where the tree is not to be numbered."""
    tree = RouteTree(
        Route(
            receiver="default",
            routes=(
                Route(
                    receiver="one", matchers=equal(team="a"), routes=(Route(receiver="deep", matchers=equal(x="1")),)
                ),
                Route(
                    receiver="two", matchers=equal(team="a"), routes=(Route(receiver="deep", matchers=equal(x="1")),)
                ),
                Route(
                    receiver="three",
                    matchers=(Matcher("team", Operator.REGEX, "a|b"), Matcher("sev", Operator.NOT_EQUAL, "x y")),
                ),
            ),
        ),
        numbered=False,
    )
    assert [node.key for node in RouteTree(tree.root.route).walk()] == [node.id for node in tree.walk()]
    assert [(node.key, node.id) for node in tree.walk()] == [
        ("{}", "{}"),
        ('{}/{team="a"}', '{}/{team="a"}'),
        ('{}/{team="a"}/{x="1"}', '{}/{team="a"}/{x="1"}'),
        ('{}/{team="a"}', '{}/{team="a"}#2'),
        ('{}/{team="a"}/{x="1"}', '{}/{team="a"}/{x="1"}#2'),
        ('{}/{sev!="x y",team=~"a|b"}', '{}/{sev!="x y",team=~"a|b"}'),
    ]


def test_a_new_sibling_keeps_the_ids() -> None:
    """A route keeps its id across a reload as long as the matchers on its way stay."""
    before = Route(receiver="d", routes=(Route(receiver="a", matchers=equal(team="a")),))
    after = Route(receiver="d", routes=(Route(receiver="b", matchers=equal(team="b")), *before.routes))
    names = {node.route.receiver: node.id for node in RouteTree(after).walk()}
    assert {node.route.receiver: node.id for node in RouteTree(before).walk()}.items() <= names.items()


def test_receivers_of_a_rule_go_past_the_tree() -> None:
    """A rule that names receivers is told there alone, with the root's grouping and timers."""
    tree = RouteTree(Route(receiver="default", group_by=("team",), group_wait=1, group_interval=2, repeat_interval=3))
    nodes = tree.nodes_for({"team": "a"}, ["slack", "email"])
    assert [node.route.receiver for node in nodes] == ["slack", "email"]
    assert nodes[0].route.group_by == ("team",)
    assert (nodes[0].route.group_wait, nodes[0].route.group_interval, nodes[0].route.repeat_interval) == (1, 2, 3)
    assert tree.find(nodes[0].id) == nodes[0]
    assert tree.nodes_for({}) == (tree.root,)


def test_find() -> None:
    """Every node is found by its id; one that is gone is not."""
    assert all(TREE.find(node.id) is node for node in TREE.walk())
    assert TREE.find('{}/{team="gone"}') is None


labels = st.dictionaries(
    st.sampled_from(["team", "severity", "env", "late"]), st.sampled_from(["a", "b", "page", "yes"])
)


@given(labels)
def test_every_answer_matches_all_the_way_down(labels: Labels) -> None:
    """Somebody is always told, and a route that is an answer matches with all of its parents."""

    def way_to(node: Node, wanted: Node) -> list[Node]:
        if node is wanted:
            return [node]
        ways = (way_to(child, wanted) for child in node.children)
        return next(([node, *way] for way in ways if way), [])

    answers = TREE.match(labels)
    assert answers
    for answer in answers:
        way = way_to(TREE.root, answer)
        assert way
        assert all(matcher.matches(labels) for node in way for matcher in node.route.matchers)


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.builds(
                    Matcher,
                    st.sampled_from("ab"),
                    st.sampled_from(Operator),
                    st.sampled_from(["", "x", "y", "x|y", "x.*", ".+"]),
                ),
                max_size=2,
            ),
            st.booleans(),
        ),
        min_size=8,
        max_size=20,
    ),
    st.dictionaries(st.sampled_from("ab"), st.sampled_from(["x", "y", "xy"])),
)
def test_many_children(children: list[tuple[list[Matcher], bool]], labels: dict[str, str]) -> None:
    """An alert goes to the same routes, however many children are looked up rather than asked."""
    routes = [Route(str(place), tuple(matchers), continue_=on) for place, (matchers, on) in enumerate(children)]
    matching = [route for route in routes if all(matcher.matches(labels) for matcher in route.matchers)]
    last = next((place for place, route in enumerate(matching) if not route.continue_), len(matching))
    expected = [route.receiver for route in matching[: last + 1]] or ["root"]
    tree = RouteTree(Route("root", routes=tuple(routes)))
    assert [node.route.receiver for node in tree.match(labels)] == expected
