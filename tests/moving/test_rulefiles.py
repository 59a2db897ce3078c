"""Rule files are copied without what records, and everything else in them stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.errors import InvalidInput
from alertd.moving.changes import Action
from alertd.moving.proof import rule_meanings
from alertd.moving.rulefiles import rule_file_of
from alertd.rules.loading import load_rules

CASES = {
    "nothing to do": ("groups:\n- name: g # c\n  rules:\n  - alert: A\n    expr: up\n",) * 2,
    "a rule that records": (
        "groups:\n- name: g\n  rules:\n  # sum\n  - record: r\n    expr: up\n  # all\n  - alert: A\n    expr: r\n",
        "groups:\n- name: g\n  rules:\n  # all\n  - alert: A\n    expr: r\n",
    ),
    "a group that only records": (
        "groups:\n- name: r\n  rules:\n  - record: r\n    expr: up\n- name: g\n  rules:\n  - alert: A\n    expr: r\n",
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: r\n",
    ),
    "brackets": (
        "groups: [{name: g, rules: [{record: r, expr: up}, {alert: A, expr: r}]}]\n",
        "groups: [{name: g, rules: [{alert: A, expr: r}]}]\n",
    ),
    "a group without rules": ("groups:\n- name: g\n", "groups:\n- name: g\n"),
    "no groups": ("", ""),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_alerts_stay(text: str, wanted: str) -> None:
    """What is left is what was written, and its alerts mean the same."""
    written, changes = rule_file_of(text, "r.yml")
    assert written == wanted
    assert all(change.action is Action.LEFT_OUT for change in changes)
    assert bool(changes) is (text != wanted)
    assert rule_meanings((load_rules(wanted, "n.yml"),), None) == rule_meanings((load_rules(text, "r.yml"),), None)


def test_only_records() -> None:
    """A file without alerts is not copied, and every group that stays behind is named with its place."""
    text = "groups:\n- name: a\n  rules: [{record: r, expr: up}]\n- name: b\n  rules: [{record: s, expr: up}]\n"
    written, changes = rule_file_of(text, "r.yml")
    assert written is None
    assert [str(change.place)[:32] for change in changes] == [
        "r.yml:2:3: groups.0: the group '",
        "r.yml:4:3: groups.1: the group '",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("groups:\n- name: g # c\n  rules: []\n", "groups:\n- name: g\n  query_offset: 1m # c\n  rules: []\n"),
        ("groups: [{name: 'g', rules: []}]\n", "groups: [{name: 'g', query_offset: 1m, rules: []}]\n"),
        ("groups:\n- name: g\n  query_offset: 0s\n", "groups:\n- name: g\n  query_offset: 0s\n"),
    ],
)
def test_the_query_offset_of_all_groups(text: str, wanted: str) -> None:
    """Groups without one get the offset that all of them had."""
    written, _ = rule_file_of(text, "r.yml", "1m")
    assert written == wanted
    assert rule_meanings((load_rules(wanted, "n.yml"),), None) == rule_meanings((load_rules(text, "r.yml"),), 60_000)


def test_a_rule_that_others_share() -> None:
    """A recording rule that has a name for aliases is not taken away from under them."""
    text = "groups:\n- name: g\n  rules:\n  - record: r\n    expr: &e up\n  - alert: A\n    expr: *e\n"
    with pytest.raises(InvalidInput, match=r"r\.yml:4:5: groups\.0\.rules\.0: .*write its aliases out first"):
        rule_file_of(text, "r.yml")


def test_a_changed_rule_is_seen() -> None:
    """The comparison sees a threshold, a label, an order and an interval."""
    text = (
        "groups:\n- name: g\n  interval: 1m\n  rules:\n"
        "  - {alert: A, expr: up > 1, labels: {a: b}}\n  - {alert: B, expr: up}\n"
    )
    old = rule_meanings((load_rules(text, "r.yml"),), None)
    for found, other in (("> 1", "> 2"), ("a: b", "a: c"), ("alert: A", "alert: C"), ("1m", "2m")):
        assert rule_meanings((load_rules(text.replace(found, other), "r.yml"),), None) != old


FOLDER = Path(os.environ.get("ALERTD_CONFORMANCE", "")) / "rules"


@pytest.mark.conformance
@pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set")
def test_rules_that_people_run() -> None:
    """All public rules are copied as they are, and none of them gets lost."""
    count = 0
    for path in sorted(FOLDER.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        written, changes = rule_file_of(text, str(path))
        assert (written, changes) == (text, []), path
        count += len(load_rules(text, str(path)).rules)
    assert count >= 950
