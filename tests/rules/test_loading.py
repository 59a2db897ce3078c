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


def test_truth_values_of_any_spelling() -> None:
    """`True` is a truth value where one is wanted, and the text `True` where a text is, as for Prometheus."""
    rule = "{alert: A, expr: up, debug: True, labels: {page: True, quoted: 'true', plain: true}}"
    [loaded] = load_rules(f"groups: [{{name: g, rules: [{rule}]}}]", "r.yml").groups[0].rules
    assert isinstance(loaded, AlertRule)
    assert loaded.labels == {"page": "True", "quoted": "true", "plain": "true"}


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


def complaints() -> dict[str, list[str]]:
    """The complaints about each broken file, in their order, from the table beside them."""
    table: dict[str, list[str]] = {}
    for line in (BROKEN / "complaints.txt").read_text().splitlines():
        table.setdefault(line.partition(":")[0], []).append(line)
    return table


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.glob("*.yml")))
def test_a_broken_file(name: str) -> None:
    """Each kind of mistake has its place, its field and its sentence, and all mistakes of a file are told."""
    with pytest.raises(InvalidInput) as caught:
        load_rules((BROKEN / name).read_text(), name)
    assert [str(problem) for problem in caught.value.problems] == complaints()[name]


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


EXTENDED = """
namespace: shop
groups:
  - name: g
    owner: me
    rules:
      - {alert: Down, expr: up == 0, name: N 7, condition: 4, severity: page}
      - {record: "a:b", expr: up, name: x}
"""


def test_unknown_keys_passed_over() -> None:
    """Where they shall be, what others have added to Prometheus' keys is no mistake, not even as in the short form."""
    with pytest.raises(InvalidInput, match="'namespace'"):
        load_rules(EXTENDED, "r.yml")
    assert [rule.name for rule in load_rules(EXTENDED, "r.yml", ignore_unknown=True).rules] == ["Down", "a:b"]
    with pytest.raises(InvalidInput, match="not a valid duration"):
        load_rules(EXTENDED.replace("severity: page", "for: x"), "r.yml", ignore_unknown=True)
