"""Which rules a question depends on."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alertd.promql import parse
from alertd.promql.features import ALL_FEATURES
from alertd.rules.loading import load_rules
from alertd.simulate.unittests.dependencies import Dependencies, read_by_expr
from alertd.simulate.unittests.reading import parse_tests

RULES = [
    {"record": "a:b", "expr": "x"},
    {"record": "c:d", "expr": "rate(a:b[5m])"},
    {"record": "other", "expr": "y"},
    {"alert": "High", "expr": "c:d > 1"},
    {"alert": "Waits", "expr": 'ALERTS{alertname="High"}'},
    {"alert": "AnyWaits", "expr": "count(ALERTS_FOR_STATE)"},
    {"alert": "Asks", "expr": "y", "annotations": {"text": '{{ query "other" }}'}},
    {"alert": "Pattern", "expr": '{__name__=~"c:.+|z"}'},
]
ALL = frozenset(str(rule.get("record") or rule["alert"]) for rule in RULES)


def needed(**test: Any) -> frozenset[str]:
    """The names of the rules that a test depends on."""
    groups = load_rules(yaml.safe_dump({"groups": [{"name": "g", "rules": RULES}]}), "r.yml").groups
    dependencies = Dependencies(groups)
    (read,) = parse_tests(yaml.safe_dump({"tests": [test]}), "t.yml").tests
    return frozenset(rule.name for rule in dependencies.rules if rule.id in dependencies.needed(read))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"alertname": "High"}, {"High", "c:d", "a:b"}),
        ({"alertname": "Waits"}, {"Waits", "High", "c:d", "a:b"}),
        ({"alertname": "Nobody"}, set()),
        ({"alertname": "Pattern"}, {"Pattern", "c:d", "a:b"}),
        ({"alertname": "Asks"}, ALL),
        ({"alertname": "AnyWaits"}, ALL),
        ({"expr": "a:b + x"}, {"a:b"}),
        ({"expr": "sum(other) or y"}, {"other"}),
        ({"expr": 'ALERTS{alertname!~"A.*|W.*"}'}, {"High", "Pattern", "c:d", "a:b"}),
        ({"expr": "mad_over_time(a:b[5m] smoothed)"}, {"a:b"}),
        ({"expr": "time()"}, set()),
        ({"expr": "time( +"}, set()),
        ({"expr": '{job="x"}'}, ALL),
    ],
)
def test_needed(asked: dict[str, str], expected: set[str]) -> None:
    """What is asked for, what that reads, and so on; everything where the text does not tell."""
    kind = "alert_rule_test" if "alertname" in asked else "promql_expr_test"
    assert needed(**{kind: [asked]}) == expected


def test_a_test_that_asks_nothing() -> None:
    """It depends on every rule: all of them must work."""
    assert needed() == ALL


def test_info() -> None:
    """It looks for series by the labels of others: they may be anybody's."""
    assert read_by_expr(parse("info(x)", features=ALL_FEATURES)).anything
    assert not read_by_expr(parse("abs(x)")).anything
