"""Checks of alerts, of their texts and levels, and of groups and files."""

from __future__ import annotations

import pytest

from alertd.rules.lint.linting import lint
from tests.rules.lint.linted import file_of, found_in

BY_JOB = "- alert: A\n  expr: sum by (job) (rate(a[5m])) > 1\n  annotations:\n    text: "


def messages(text: str, check: str, *, longest_repeat: int | None = None) -> list[str]:
    """What one check says of a file."""
    found = found_in(text, longest_repeat=longest_repeat)
    return [finding.problem.message for finding in found if finding.check == check]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ $labels.instance }} of {{ $labels.job }}", True),
        ("{{ .Labels.instance }}", True),
        ("{{ $.Labels.instance }}", True),
        ("{{ with $labels.instance }}{{ . }}{{ end }}", True),
        ("{{ if eq $labels.instance `x` }}y{{ end }}", True),
        ("{{ index $labels `instance` }}", True),
        ("{{ printf `%s` (toUpper $labels.instance) }}", True),
        ("{{ labels.instance }}", True),
        ("{{ labels['instance'] | upper }}", True),
        ("{{ $labels.job }} {{ .Labels.job }} {{ $labels }}", False),
        ("{{ labels.job }} {{ labels }}", False),
        ("{{ range query `up` }}{{ .Labels.instance }}{{ end }}", False),
        ("{{ range query `sum by (job) (up)` }}{{ .Labels.instance }}{{ end }}", True),
        ("{{ with query `sum(up)` }}{{ . | first | label `instance` }}{{ end }}", True),
        ("{{ with query `up` }}{{ . | first | label `instance` }}{{ end }}", False),
        ("{{ query `sum(up)` | first | label `instance` }}", True),
        ("{{ `sum(up)` | query | first | label `instance` }}", True),
        ("{{ with printf `up{job='%s'}` $labels.job | query }}{{ . | first | label `instance` }}{{ end }}", False),
        ("{{ $x := $labels.instance }}{{ $x }}", True),
        ("labels.instance", False),
    ],
)
def test_labels_that_the_expression_does_not_answer(text: str, found: bool) -> None:
    """Both template languages, in every form that reads a label of the alert or of a query."""
    quoted = "'" + text.replace("'", "''") + "'\n"
    assert bool(messages(BY_JOB + quoted, "missing-label")) is found


def test_where_a_missing_label_is_read() -> None:
    """The finding stands at the label within the text, names it once, and tells what removed it."""
    text = BY_JOB + "|\n      One\n      {{ $labels.instance }} {{ $labels.instance }}\n"
    (finding,) = [finding for finding in found_in(text) if finding.check == "missing-label"]
    line = file_of(text).text.split("\n")[finding.problem.line - 1]
    assert line[finding.problem.column - 1 :].startswith("$labels.instance")
    assert finding.problem.message == (
        "the annotation `text` uses the label `instance`, which is removed by `sum by (job) (rate(a[5m]))`"
    )


@pytest.mark.parametrize(
    ("expr", "text", "check"),
    [
        ("a / b * 100 > 5", "{{ $value | humanizePercentage }}", "humanize-misuse"),
        ("100 * (1 - a / b) > 5", "{{ humanizePercentage $value }}", "humanize-misuse"),
        ("100 - (a / b * 100) > 5", "{{ value | humanizePercentage }}", "humanize-misuse"),
        ("a / b > 0.5 and a * 100 > 5", "{{ $value | humanizePercentage }}", None),
        ("max(latency_milliseconds) > 5", "{{ $value | humanizeDuration }}", "humanize-misuse"),
        ("latency_milliseconds / 1000 > 5", "{{ $value | humanizeDuration }}", None),
        ("time() - a > 5", "{{ $value | humanizeTimestamp }}", "humanize-misuse"),
        ("a < time()", "{{ $value | humanizeTimestamp }}", None),
        ("rate(a[5m]) > 5", "{{ $value }}", "value-unformatted"),
        ("5 < sum(rate(a[5m])) / b", "{{ .Value }}", "value-unformatted"),
        ("rate(a[5m]) > 5", "{{ value }}", "value-unformatted"),
        ("rate(a[5m]) > 5", "{{ $value | printf `%.2f` }}", None),
        ("rate(a[5m]) > 5", "{{ value | round(2) }}", None),
        ("a > 5 and rate(a[5m]) > 5", "{{ $value }}", None),
        ("count(rate(a[5m]) > 5)", "{{ $value }}", None),
        ("a > 5", "{{ with query `up{` }}{{ end }}", "template-query"),
        ("a > 5", "{{ `sum(` | query | first | value }}", "template-query"),
    ],
)
def test_how_the_value_is_printed(expr: str, text: str, check: str | None) -> None:
    """A value is printed in its unit and not with all its digits; what a template asks is PromQL."""
    rule = f"- alert: A\n  expr: {expr}\n  for: 5m\n  labels: {{severity: x}}\n  annotations:\n    summary: '{text}'\n"
    assert [finding.check for finding in found_in(rule)] == ([check] if check else [])


@pytest.mark.parametrize(
    ("label", "found"), [("{{ $value }}", True), ("{{ if gt $value 5.0 }}a{{ else }}b{{ end }}", False)]
)
def test_the_value_in_a_label(label: str, found: bool) -> None:
    """A printed value is found; one that chooses among a few texts is not."""
    text = f"- alert: A\n  expr: a > 1\n  labels:\n    l: '{label}'\n"
    assert bool(messages(text, "value-in-label")) is found


@pytest.mark.parametrize(
    ("levels", "check"),
    [
        ("warning: {above: 1, clear_below: 0}", "level-never-clears"),
        ("warning: {above: 1, clear_below: 0.5}", None),
        ("warning: {below: 0}", "level-never-fires"),
        ("warning: {above: 5}, critical: {above: 5, for: 1m}", None),
        ("warning: {above: 5}, critical: {above: 5}", "level-shadowed"),
        ("warning: {above: 5, for: 5m}, critical: {above: 1, for: 1m}", "level-shadowed"),
        ("warning: {above: 1}, critical: {below: 1}", None),
        ("warning: {for: 1m}, critical: {for: 5m}", None),
    ],
)
def test_levels(levels: str, check: str | None) -> None:
    """Levels that nothing breaches, that nothing clears, and that a worse one covers."""
    text = f"- alert: A\n  expr: rate(a[5m])\n  levels: {{{levels}}}\n"
    own = {"no-summary", "no-comparison"}
    assert {finding.check for finding in found_in(text)} - own == ({check} if check else set())


def test_levels_of_a_range_with_an_end() -> None:
    """`clear_above` must be within what the expression can compute, too."""
    text = "- alert: A\n  expr: hour()\n  levels: {warning: {below: 5, clear_above: 23}}\n"
    (message,) = messages(text, "level-never-clears")
    assert message == "`hour()` is never above 23, so that the level ends with its series only"


@pytest.mark.parametrize(("repeat", "found"), [(None, False), (3_600_000, True), (7_200_000, False)])
def test_a_cooldown_and_the_routes(repeat: int | None, found: bool) -> None:
    """Only the configuration tells how often its routes repeat."""
    text = "- alert: A\n  expr: a > 1\n  cooldown: 2h\n"
    assert bool(messages(text, "cooldown-over-repeat", longest_repeat=repeat)) is found


def test_the_short_form() -> None:
    """The keys of the short form are looked at and named as they are; the comparison of a state is a condition."""
    text = (
        "- name: Down\n  condition: provider_status == 'unhealthy'\n  description: '{{ $value }}'\n"
        "- name: Errors\n  condition: sum(rate(a[5m]))\n  description: '{{ labels.instance }}'\n"
        "  cooldown_minutes: 600\n"
    )
    found = {(finding.check, finding.problem.field) for finding in found_in(text)}
    assert found == {
        ("no-severity", "groups.0.rules.0"),
        ("no-severity", "groups.0.rules.1"),
        ("no-comparison", "groups.0.rules.1.condition"),
        ("missing-label", "groups.0.rules.1.description"),
        ("cooldown-over-repeat", "groups.0.rules.1.cooldown_minutes"),
    }


def test_an_alerting_section() -> None:
    """Rules in the section `alerting` have their places there; a section that is off has no rules."""
    text = "alerting:\n  enabled: {}\n  rules:\n  - {{name: A, condition: a}}\n"
    from alertd.rules.lint.linting import read

    found = lint([read(text.format("true"), "a.yml")], now=0)
    assert ("no-comparison", 4, 26) in {(one.check, one.problem.line, one.problem.column) for one in found}
    assert lint([read(text.format("false"), "a.yml")], now=0) == []


def test_duplicates_count_the_labels_of_the_group() -> None:
    """As promtool has it: the same name and labels, whatever the expression and the group."""
    text = (
        "groups:\n"
        "- name: a\n  labels: {team: x}\n  rules:\n  - {alert: A, expr: a > 1}\n"
        "- name: b\n  rules:\n  - {alert: A, expr: b > 1, labels: {team: x}}\n  - {alert: A, expr: a > 1}\n"
    )
    (finding,) = [finding for finding in found_in(text) if finding.check == "duplicate-rules"]
    assert (finding.problem.line, finding.problem.column) == (8, 13)


def test_a_file_that_is_given_twice_is_no_repetition() -> None:
    """Rules are only compared with those of other files."""
    file = file_of("- {alert: A, expr: a > 1}\n")
    assert not [finding for finding in lint([file, file], now=0) if finding.check == "repeated-rule"]


def test_an_interval_with_keep_firing_for() -> None:
    """A group of alerts that outlive the interval may be slow."""
    slow = "interval: 10m\nrules:\n- {alert: A, expr: a > 1, keep_firing_for: %s}\n"
    assert messages(slow % "10m", "interval-over-lookback") == []
    assert len(messages(slow % "9m", "interval-over-lookback")) == 1


def test_on_no_data_of_a_state() -> None:
    """Only a selected state ends its series when it changes."""
    text = "- alert: A\n  expr: %s == 1\n  on_no_data: alert\n"
    assert len(messages(text % 's{state="down"}', "no-data-of-state")) == 1
    assert messages(text % "s", "no-data-of-state") == []
