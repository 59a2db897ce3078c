"""vmalert's keys: those with a meaning are read, the others are refused with a sentence that helps."""

from __future__ import annotations

import pytest

from alertd.clock import MINUTE, SECOND
from alertd.errors import InvalidInput
from alertd.rules.loading import load_rules
from alertd.rules.models import RuleGroup

EVERYTHING = """
groups:
- name: g
  type: prometheus
  interval: 5m
  concurrency: 3
  eval_offset: -1m
  eval_alignment: true
  params:
    nocache: ["1"]
    "extra_filters[]": ['{env="prod"}', 7]
  headers: ["AccountID: 12:3", "X-Scope: a"]
  debug: true
  rules:
  - {alert: A, expr: up, debug: true}
  - {record: r, expr: up}
  - {record: s, expr: up, debug: true}
"""


def group_with(keys: str, rule: str = "alert: A, expr: up") -> str:
    return f"groups:\n- name: g\n{keys}  rules:\n  - {{{rule}}}\n"


def load(text: str) -> RuleGroup:
    (group,) = load_rules(text, "v.yml").groups
    return group


def test_keys_with_a_meaning() -> None:
    """Every key is in the group or the rule; a negative offset counts from the interval's end."""
    group = load(EVERYTHING)
    assert (group.concurrency, group.eval_offset, group.aligned, group.debug) == (3, 4 * MINUTE, True, True)
    assert group.params == (("nocache", "1"), ("extra_filters[]", '{env="prod"}'), ("extra_filters[]", "7"))
    assert group.headers == (("AccountID", "12:3"), ("X-Scope", "a"))
    assert [rule.debug for rule in group.rules] == [True, False, True]


def test_without_them() -> None:
    """A group of Prometheus is as it was."""
    group = load(group_with(""))
    assert (group.concurrency, group.eval_offset, group.aligned, group.debug) == (1, None, False, False)
    assert (group.params, group.headers, group.query_offset) == ((), (), None)


@pytest.mark.parametrize(("keys", "query_offset"), [("  eval_delay: 45s\n", 45 * SECOND), ("  eval_delay: 0s\n", 0)])
def test_a_delay_is_an_offset(keys: str, query_offset: int) -> None:
    """`eval_delay` is `query_offset` by another name."""
    assert load(group_with(keys)).query_offset == query_offset


@pytest.mark.parametrize(("written", "offset"), [("0s", 0), ("5m", 0), ("90s", 90 * SECOND), ("-30s", 270 * SECOND)])
def test_offsets(written: str, offset: int) -> None:
    """The place within an interval of five minutes."""
    assert load(group_with(f"  interval: 5m\n  eval_offset: {written}\n")).eval_offset == offset


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("  type: graphite\n", "3:9: groups.0.type: alertd evaluates PromQL; expressions of Graphite cannot be asked"),
        ("  type: vlogs\n", "3:9: groups.0.type: alertd evaluates PromQL; expressions of VictoriaLogs cannot"),
        ("  type: sql\n", "3:9: groups.0.type: the type of a group is prometheus; this is 'sql'"),
        (
            "  eval_delay: 1s\n  query_offset: 1s\n",
            "3:15: groups.0.eval_delay: `eval_delay` and `query_offset` are one",
        ),
        (
            "  interval: 1m\n  eval_delay: 1s\n  eval_offset: 1s\n",
            "4:15: groups.0.eval_delay: `eval_delay` cannot be combined with `eval_offset`",
        ),
        ("  eval_offset: 1s\n", "3:16: groups.0.eval_offset: `eval_offset` is a place within the interval"),
        ("  interval: 1m\n  eval_offset: 61s\n", "4:16: groups.0.eval_offset: `eval_offset` must lie within"),
        ("  interval: 1m\n  eval_offset: soon\n", "4:16: groups.0.eval_offset: not a valid duration"),
        ("  params: [a]\n", "3:11: groups.0.params: `params` is a mapping of names to lists of texts"),
        ("  params: {a: b}\n", "3:15: groups.0.params.a: `a` is a list"),
        ("  params: {a: [{b: c}]}\n", "3:16: groups.0.params.a.0: a parameter's value is a text; this is a mapping"),
        ("  headers: [a]\n", "3:13: groups.0.headers.0: a header is written as `Name: value`"),
        ("  concurrency: -1\n", "3:16: groups.0.concurrency: `concurrency` is a whole number from 0"),
        ("  debug: loud\n", "3:10: groups.0.debug: `debug` is true or false"),
        ("  tenant: '12:3'\n", "3:3: groups.0.tenant: a tenant is part of a source's url"),
        ("  notifier_headers: ['A: b']\n", "3:3: groups.0.notifier_headers: headers for an Alertmanager stand"),
    ],
)
def test_keys_of_a_group_that_are_refused(keys: str, complaint: str) -> None:
    """The complaint names the place and what would be right."""
    with pytest.raises(InvalidInput) as refused:
        load(group_with(keys))
    assert str(refused.value).startswith(f"v.yml:{complaint}")


@pytest.mark.parametrize("rule", ["alert: A, expr: up", "record: a, expr: up"])
def test_keys_of_a_rule_that_are_refused(rule: str) -> None:
    """alertd keeps more than the last evaluations, and says so."""
    with pytest.raises(InvalidInput, match="alertd keeps every transition of an alert in its history"):
        load(group_with("", f"{rule}, update_entries_limit: 30"))
