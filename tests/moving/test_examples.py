"""Label sets that try out a configuration."""

from __future__ import annotations

import pytest

from alertd.moving.examples import examples_of, labels_of_rules
from alertd.routing.matchers import parse_matchers
from alertd.routing.tree import Route, RouteTree
from alertd.rules.loading import load_rules


def tree(*children: str | Route) -> RouteTree:
    """A tree whose root has a route for each of these conditions."""
    routes = [child if isinstance(child, Route) else Route("r", parse_matchers(child)) for child in children]
    return RouteTree(Route("root", routes=tuple(routes)))


@pytest.mark.parametrize(
    "conditions",
    [
        'a="b"', 'a=~"b|c", d!="e"', 'a!=""', 'a!~""', 'a=~".+"', 'a=~"x.*|y"', 'a=~"^(?:ab.*)$"', 'a=~"db-[0-9]+"',
        'a!~"b.*", a!=""', 'a=""',
    ],
)  # fmt: skip
def test_every_route_is_reached(conditions: str) -> None:
    """For each usual condition there is a label set that fulfils it."""
    asked = tree(conditions, 'z="z"', 'n="db-1"')
    examples = examples_of([asked.root], [{"a": "db-7"}])
    assert examples.unreached == ()
    assert not examples.cut
    wanted = asked.root.children[0].id
    assert any(wanted in {node.id for node in asked.match(labels)} for labels in examples.label_sets)


def test_every_value_of_an_alternation() -> None:
    """A route for several values is tried with each of them."""
    examples = examples_of([tree('a=~"x|y|z"').root], [])
    assert {labels.get("a") for labels in examples.label_sets} == {None, "x", "y", "z"}


def test_conditions_are_combined() -> None:
    """Two trees that ask in another order differ only for alerts that fulfil both conditions."""
    examples = examples_of([tree('a="1"', 'b="2"').root], [{"alertname": "A"}])
    assert {"a": "1", "b": "2"} in examples.label_sets
    assert {"alertname": "A", "a": "1"} in examples.label_sets


def test_what_cannot_be_reached_is_told() -> None:
    """A route that nothing reaches, or whose pattern is too hard to guess, is named."""
    asked = tree(Route("r", parse_matchers('a="1"'), routes=(Route("r", parse_matchers('a="2"')),)), 'b=~"[0-9]{3}x"')
    assert examples_of([asked.root], []).unreached == ('{}/{a="1"}/{a="2"}', '{}/{b=~"[0-9]{3}x"}')


def test_the_labels_of_rules() -> None:
    """What a rule's alerts carry for sure: no templates, one set for each level, and not past the routes."""
    rules = load_rules(
        "groups:\n- name: g\n  labels: {team: t}\n  rules:\n"
        "  - {alert: A, expr: up, labels: {severity: page, who: '{{ $labels.x }}'}}\n"
        "  - {alert: B, expr: up, receivers: [r]}\n"
        "  - {alert: C, expr: up, levels: {warning: {above: 1}, critical: {above: 2}}}\n"
        "  - {record: x, expr: up}\n",
        "r.yml",
    )
    assert list(labels_of_rules([rules], {"cluster": "c"})) == [
        {"cluster": "c", "team": "t", "severity": "page", "alertname": "A"},
        {"cluster": "c", "team": "t", "severity": "warning", "alertname": "C"},
        {"cluster": "c", "team": "t", "severity": "critical", "alertname": "C"},
    ]


def test_there_is_a_limit() -> None:
    """So many routes that their combinations cannot all be tried are said to be so."""
    examples = examples_of([tree(*(f'l{number}="1"' for number in range(220))).root], [])
    assert examples.cut
    assert len(examples.label_sets) == 20_000
