from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertd.clock import HOUR, MINUTE, SECOND
from alertd.errors import InvalidInput
from alertd.rules.loading import load_rule_files, load_rules
from alertd.rules.models import (
    AlertRule,
    Level,
    OnError,
    OnNoData,
    RecordingRule,
    RuleFile,
    TemplateLanguage,
)
from alertd.rules.templates import Constant, GoField, compile_field

BROKEN = Path(__file__).parent / "broken"
CONFORMANCE = os.environ.get("ALERTD_CONFORMANCE", "")

PROMETHEUS = """
groups:
  - name: node
    interval: 30s
    query_offset: 0s
    limit: 5
    labels: {team: infra}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {level: 1.10}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1h30m
        labels: {severity: page, team: node}
        annotations: {summary: "{{ $labels.instance }} is down"}
      - alert: Down
        expr: 1
  - name: empty
"""

OWN = """
groups:
  - name: llm-proxy
    source: snapshots
    rules:
      - alert: HighResponseTime
        expr: avg_response_time_ms
        for: 2m
        levels:
          critical: {above: 5000, for: 1m, clear_below: 4000}
          warning: {above: 1000, clear_below: 1000}
          info: {below: 5, clear_above: 5}
        cooldown: 5m
        receivers: [slack, email]
        depends_on: [ProviderDown]
        on_no_data: keep_last
        on_error: alert
        source: prom
        template_language: jinja2
        annotations: {summary: "{{ labels.job }}"}
      - name: provider_down
        condition: provider_status == 'unhealthy'
        severity: critical
        description: Provider is unhealthy
        channels: [slack, pagerduty]
        cooldown_minutes: 1.5
        for: 30s
        labels: {team: a}
        annotations: {runbook_url: "https://example.org"}
"""

ALERTING = """
alerting:
  enabled: true
  interval: 15s
  rules:
    # Performance alerts
    - name: "high_response_time"
      condition: "avg_response_time_ms > 1000"
      severity: "warning"
      description: "Average response time above 1 second"
      channels: ["slack", "email"]
      cooldown_minutes: 5
    - alert: ProviderDown
      expr: provider_up == 0
"""


def test_prometheus_keys() -> None:
    """Every key of Prometheus' rule files is read, with its durations in milliseconds."""
    file = load_rules(PROMETHEUS, "node.yml")
    node, empty = file.groups
    assert (node.key, node.interval, node.query_offset, node.limit) == ("node.yml;node", 30 * SECOND, 0, 5)
    assert (empty.rules, empty.interval, empty.query_offset, empty.limit) == ((), None, None, 0)
    record, down, again = node.rules
    assert isinstance(record, RecordingRule)
    assert (record.name, record.labels, str(record.parsed)) == ("job:up:sum", {"level": "1.10"}, "sum by (job) (up)")
    assert isinstance(down, AlertRule)
    assert (down.name, down.expr, down.for_, down.keep_firing_for) == ("Down", "up == 0", 5 * MINUTE, 90 * MINUTE)
    assert down.levels == (Level(for_=5 * MINUTE),)
    assert (down.on_no_data, down.on_error, down.source) == (OnNoData.OK, OnError.KEEP_LAST, None)
    assert node.labels_of(down) == {"severity": "page", "team": "node"}
    assert isinstance(again, AlertRule)
    assert again.expr == "1"
    assert [rule.id for rule in file.rules] == [
        "node.yml;node;job:up:sum;1",
        "node.yml;node;Down;1",
        "node.yml;node;Down;2",
    ]
    assert [rule.line for rule in file.rules] == [9, 12, 18]


def test_own_keys() -> None:
    """Levels are ordered from the least severity and take the rule's `for` where they have none."""
    (group,) = load_rules(OWN, "own.yml").groups
    rule = group.rules[0]
    assert isinstance(rule, AlertRule)
    assert rule.levels == (
        Level("info", below=5.0, clear_above=5.0, for_=2 * MINUTE),
        Level("warning", above=1000.0, clear_below=1000.0, for_=2 * MINUTE),
        Level("critical", above=5000.0, clear_below=4000.0, for_=MINUTE),
    )
    assert (rule.cooldown, rule.receivers, rule.depends_on) == (5 * MINUTE, ("slack", "email"), ("ProviderDown",))
    assert (rule.on_no_data, rule.on_error) == (OnNoData.KEEP_LAST, OnError.ALERT)
    assert (rule.source, rule.template_language) == ("prom", TemplateLanguage.JINJA2)
    assert group.source_of(rule) == "prom"
    assert group.source_of(group.rules[1]) == "snapshots"


def test_the_short_form() -> None:
    """The short form is an alert rule like any other; its condition may compare a state with a text."""
    rule = load_rules(OWN, "own.yml").rules[1]
    assert isinstance(rule, AlertRule)
    assert rule.expr == "provider_status == 'unhealthy'"
    assert str(rule.parsed) == 'provider_status{state="unhealthy"}'
    assert rule.labels == {"team": "a", "severity": "critical"}
    assert rule.annotations == {"runbook_url": "https://example.org", "description": "Provider is unhealthy"}
    assert rule.receivers == ("slack", "pagerduty")
    assert (rule.cooldown, rule.for_, rule.levels) == (90 * SECOND, 30 * SECOND, (Level(for_=30 * SECOND),))


def test_the_section_alerting() -> None:
    """An application's own section is one group, with rules of both forms."""
    (group,) = load_rules(ALERTING, "app.yml").groups
    assert (group.key, group.interval) == ("app.yml;alerting", 15 * SECOND)
    assert [rule.name for rule in group.rules] == ["high_response_time", "ProviderDown"]


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "groups:\n", "groups: []\n", "alerting:\n", ALERTING.replace("true", "false")],
)
def test_files_without_rules(text: str) -> None:
    """An empty file is fine, and a section that is not enabled has no rules."""
    assert load_rules(text, "x.yml") == RuleFile("x.yml", ())


def test_a_section_that_is_not_enabled_is_checked_all_the_same() -> None:
    """Switching it on again is no surprise."""
    with pytest.raises(InvalidInput):
        load_rules(ALERTING.replace("true", "false").replace("> 1000", ">"), "x.yml")


COULD_NOT = "could not parse expression: "
ONE_FORM = "a rule has either `name` and `condition` or `alert` and `expr`"
UNIT = "; write a number with its unit, as 30s, 5m or 1h30m"
RULE = "groups.0.rules.0"
SEVERITIES = "info, low, warning, medium, error, high, critical, page"
TABLE: dict[str, list[str]] = {
    "alerting_bad_rule.yml": [
        "2:12: alerting.enabled: `enabled` is true or false; this is a text, 'yes'",
        f"5:31: alerting.rules.0.condition: {COULD_NOT}1:13: parse error: unexpected <op:>>; expected an expression",
        "7:26: alerting.rules.0.labels.severity: `severity` stands beside `labels` already; keep one",
        "8:25: alerting.rules.0.cooldown_minutes: `cooldown_minutes` is a number; this is a text, 'two'",
        "9:7: alerting.rules.0.depends_on: the short form of a rule has no key 'depends_on'; write "
        "the rule with `alert` and `expr` to use it",
        "10:7: alerting.rules.1.name: `name` must say how the alert is called",
        "11:7: alerting.rules.2.condition: a rule needs `condition`, the expression that it evaluates",
    ],
    "alerting_other_keys.yml": [
        "3:3: alerting.alertmanager_url: an Alertmanager is told through a receiver; name its "
        "address in alertd.yml under `receivers`",
        "4:3: alerting.slack_webhook: 'slack_webhook' belongs into alertd.yml, under `receivers`, "
        "as a value of `slack_configs`",
        "5:3: alerting.group_by: 'group_by' says how alerts are grouped and routed; it belongs "
        "into alertd.yml, under `route`",
        "6:3: alerting.inhibit_rules: 'inhibit_rules' belongs into alertd.yml, under the key of the same name",
        "7:3: alerting.email: 'email' belongs into alertd.yml, under `receivers`, as a value of `email_configs`",
        "8:3: alerting.colour: the section `alerting` has no key 'colour'; it has enabled, interval, rules",
    ],
    "bad_choice.yml": [
        f"6:21: {RULE}.on_no_data: `on_no_data` is one of ok, keep_last, alert; this is 'keep'",
        f"7:19: {RULE}.on_error: `on_error` is one of keep_last, ok, alert; this is 'alerts'",
        f"8:28: {RULE}.template_language: `template_language` is one of go, jinja2; this is 'mustache'",
    ],
    "bad_duration.yml": [
        f'3:15: groups.0.interval: not a valid duration string: "30"{UNIT}',
        f'7:14: {RULE}.for: unknown unit "x" in duration "5x"{UNIT}',
        f'8:26: {RULE}.keep_firing_for: not a valid duration string: "1h5h"{UNIT}',
    ],
    "bad_expr.yml": [
        f"5:20: {RULE}.expr: {COULD_NOT}1:6: parse error: unexpected end of input; expected an expression",
    ],
    "bad_expr_block.yml": [
        f"7:20: {RULE}.expr: {COULD_NOT}2:10: parse error: unexpected <bool>; expected an expression",
    ],
    "bad_expr_folded.yml": [
        f'7:13: {RULE}.expr: {COULD_NOT}1:11: parse error: unknown function with name "nosuch"',
    ],
    "bad_expr_quoted.yml": [
        f"5:22: {RULE}.expr: {COULD_NOT}1:7: parse error: unclosed left parenthesis",
    ],
    "bad_jinja.yml": [
        f"8:20: {RULE}.annotations.summary: the template of the annotation 'summary' is wrong: line "
        "1: there is no variable 'lables'; "
        "there are alertname, expr, external_labels, external_url, labels, severity, value",
    ],
    "bad_template.yml": [
        f"7:17: {RULE}.labels.tier: the template of the label 'tier' is wrong: template: "
        '__alert_A:1: undefined variable "$label"',
        f"9:20: {RULE}.annotations.summary: the template of the annotation 'summary' is wrong: "
        'template: __alert_A:1: function "nofn" not defined',
        f"10:24: {RULE}.annotations.description: the template of the annotation 'description' is "
        "wrong: template: __alert_A:1: unclosed action",
    ],
    "both_forms.yml": [
        "2:1: alerting: a rule file has either `groups` or `alerting`; move one to another file",
    ],
    "duplicate_key.yml": [
        f"6:9: {RULE}.expr: the key 'expr' is here twice, first in line 5; keep one of them",
    ],
    "group_bad_limit.yml": [
        "3:12: groups.0.limit: `limit` is a whole number from 0; this is the number -1",
    ],
    "group_twice.yml": [
        "4:11: groups.1.name: the group 'a' is here already, in line 2; name it otherwise",
    ],
    "group_unknown_key.yml": [
        "3:5: groups.0.intervall: a group has no key 'intervall'; did you mean 'interval'?",
    ],
    "group_without_name.yml": [
        "2:5: groups.0.name: a group needs a name",
    ],
    "label_name.yml": [
        "3:14: groups.0.labels.__name__: '__name__' cannot be the name of labels; choose another",
        f"7:18: {RULE}.labels.__name__: '__name__' cannot be the name of labels; choose another",
        f"8:23: {RULE}.annotations.: '' cannot be the name of annotations; choose another",
    ],
    "label_no_text.yml": [
        f"7:17: {RULE}.labels.team: `team` is a text; this is a list",
    ],
    "level_bound_no_number.yml": [
        f"7:28: {RULE}.levels.warning.above: `above` is a number; this is a text, 'high'",
    ],
    "level_clear_wrong_side.yml": [
        f"7:44: {RULE}.levels.warning.clear_below: `clear_below` 2 must not be above `above` 1, or "
        "the alert would end at once",
        f"8:45: {RULE}.levels.critical.clear_above: `clear_above` 4 must not be below `below` 5, or "
        "the alert would end at once",
        f"9:35: {RULE}.levels.page.below: every value is above 1 or below 2; leave a gap between",
    ],
    "level_without_bound.yml": [
        f"7:20: {RULE}.levels.warning: a level needs `above`, `below` or at least a `for` of its own",
        f"10:26: {RULE}.levels.critical.clear_below: `clear_below` goes with `above`, which this level does not have",
    ],
    "levels_and_severity.yml": [
        f"6:28: {RULE}.labels.severity: the levels set the label severity; remove it here",
    ],
    "levels_empty.yml": [
        f"6:17: {RULE}.levels: `levels` needs at least one severity of {SEVERITIES}",
    ],
    "mixed_forms.yml": [
        f"5:9: {RULE}.expr: {ONE_FORM}; 'expr' is of the other",
    ],
    "no_expr.yml": [
        f"4:9: {RULE}.expr: a rule needs `expr`, the expression that it evaluates",
    ],
    "no_mapping.yml": [
        "1:1: a rule file is a mapping of keys to values; this is a list",
    ],
    "receivers_no_list.yml": [
        f"6:20: {RULE}.receivers: `receivers` is a list; this is a text, 'slack'; put a `-` before each element",
        f"7:25: {RULE}.depends_on.1: 'B' is here twice; keep one",
    ],
    "record_and_alert.yml": [
        f"5:9: {RULE}.alert: a rule has either `record` or `alert`; keep one of them",
    ],
    "recording_braces.yml": [
        "4:17: groups.0.rules.0.record: a series' name has no braces; 'a{b=\"c\"}' looks like an expression, "
        "which belongs into `expr`",
    ],
    "recording_with_for.yml": [
        f"6:9: {RULE}.for: a recording rule has no key 'for'; only a rule with `alert` has",
        f"7:9: {RULE}.annotations: a recording rule has no key 'annotations'; only a rule with `alert` has",
    ],
    "rule_without_name.yml": [
        f"4:9: {RULE}.alert: a rule needs `alert`, the alert's name, or `record`, the series' name",
    ],
    "rules_no_list.yml": [
        "4:7: groups.0.rules: `rules` is a list; this is a mapping; put a `-` before each element",
    ],
    "short_keys_in_long_form.yml": [
        f"6:9: {RULE}.severity: `severity` belongs into `labels`, or use `levels` for several",
        f"7:9: {RULE}.channels: a rule with `alert` and `expr` names them in `receivers`",
        f"8:9: {RULE}.anotations: a rule has no key 'anotations'; did you mean 'annotations'?",
    ],
    "top_level_route.yml": [
        "2:1: route: a rule file holds `groups` or `alerting`; 'route' belongs into alertd.yml, as "
        "`route` and `receivers`",
    ],
    "top_level_unknown.yml": [
        "1:1: group: a rule file has no key 'group'; did you mean 'groups'?",
    ],
    "unknown_severity.yml": [
        f"7:11: {RULE}.levels.fatal: 'fatal' is no severity that alertd ranks; use one of {SEVERITIES}",
    ],
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_a_broken_file(name: str) -> None:
    """Each kind of mistake has its place, its field and its sentence, and all mistakes of a file are told."""
    with pytest.raises(InvalidInput) as caught:
        load_rules((BROKEN / name).read_text(), name)
    assert [str(problem).removeprefix(f"{name}:") for problem in caught.value.problems] == TABLE[name]


def write(folder: Path, *names: str, text: str = PROMETHEUS) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["rules/*.yml"], ["rules/a.yml", "rules/b.yml"]),
        (["rules/b.yml", "rules/*.yml"], ["rules/b.yml", "rules/a.yml"]),
        (["rules/[^a].yml", "c.y?l"], ["rules/b.yml", "c.yml"]),
        (["rules/**"], ["rules/.hidden", "rules/a.yml", "rules/b.yml"]),
        (["nothing/*.yml", "missing.yml"], []),
        (["*"], ["c.yml"]),
    ],
)
def test_globs(tmp_path: Path, globs: list[str], expected: list[str]) -> None:
    """Globs are Prometheus': sorted matches, each file once, and none is fine."""
    write(tmp_path, "rules/b.yml", "rules/a.yml", "rules/deep/d.yml", "rules/.hidden", "c.yml")
    files = load_rule_files(globs, tmp_path)
    assert [str(Path(file.path).relative_to(tmp_path)) for file in files] == expected
    assert all(group.file == file.path for file in files for group in file.groups)


def test_an_absolute_glob(tmp_path: Path) -> None:
    """It does not care for the base."""
    write(tmp_path, "a.yml")
    assert len(load_rule_files([str(tmp_path / "*.yml")], Path("/nowhere"))) == 1


def test_the_mistakes_of_all_files_are_told(tmp_path: Path) -> None:
    """One bad file does not hide the next, nor a bad glob or an unreadable file."""
    write(tmp_path, "a.yml", "b.yml", text="groups:\n  - name: a\n    rules: [{alert: A, expr: up +}]\n")
    (tmp_path / "c.yml").write_bytes(b"# \xff\n")
    with pytest.raises(InvalidInput) as caught:
        load_rule_files(["*/x.yml", "*.yml"], tmp_path)
    assert [(Path(problem.file).name, problem.line, problem.message) for problem in caught.value.problems] == [
        (
            "x.yml",
            1,
            "invalid rule file path '*/x.yml'; wildcards may stand in the last element of the path only",
        ),
        ("a.yml", 3, caught.value.problems[1].message),
        ("b.yml", 3, caught.value.problems[2].message),
        ("c.yml", 1, "the file is not UTF-8 from byte 2 on; convert it"),
    ]


def conformance(pattern: str) -> Iterator[Path]:
    return iter(sorted(Path(CONFORMANCE).rglob(pattern)) if CONFORMANCE else [])


@pytest.mark.conformance
@pytest.mark.skipif(not CONFORMANCE, reason="ALERTD_CONFORMANCE names no folder")
def test_the_rules_that_people_run() -> None:
    """Every published rule loads unchanged, and each of its texts renders as a Go template."""
    rules = 0
    for path in conformance("rules/**/*.yml"):
        for rule in load_rules(path.read_text(), str(path)).rules:
            rules += 1
            assert isinstance(rule, AlertRule)
            for text in (*rule.labels.values(), *rule.annotations.values()):
                field = compile_field(text, None, rule.name)
                assert isinstance(field, Constant | GoField)
                rendered = field.render(
                    {"instance": "a"}, 1.5, now=HOUR, expr=rule.expr, for_=0, active_at=0, alertname=rule.name
                )
                assert "<error" not in rendered
    assert rules >= 900


@pytest.mark.conformance
@pytest.mark.skipif(not CONFORMANCE, reason="ALERTD_CONFORMANCE names no folder")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rules.yml", ""),
        ("rules_duplicates.yml", ""),
        ("at-modifier.yml", ""),
        ("negative-offset.yml", ""),
        ("long-period.yml", "a rule file has no key 'evaluation_interval'"),
        ("bad-rules-error.yml", ""),
        ("bad-rules-syntax.yml", "could not parse expression: 1:7: parse error: unexpected end of input"),
        ("rules-bad.yml", "the template of the annotation 'summary' is wrong"),
        ("rules_extrafields.yml", "a group has no key 'namespace'"),
    ],
)
def test_promtools_rule_files(name: str, sentence: str) -> None:
    """What promtool accepts loads; what it refuses is refused, and the first complaint names the mistake."""
    path = Path(CONFORMANCE) / "promtool" / name
    complaint = ""
    try:
        load_rules(path.read_text(), name)
    except InvalidInput as invalid:
        complaint = invalid.problems[0].message
    assert complaint.startswith(sentence)
    assert bool(complaint) == bool(sentence)
