"""The checks of alerting rules, as people read of them."""

from __future__ import annotations

from typing import Final

from alertd.rules.lint.check import Check, Severity

ALERTS: Final = (
    Check(
        "no-comparison",
        Severity.WARNING,
        "an alert without a condition on the value",
        "Each series that the expression answers is an alert, also with the value 0. Compare it with something.",
        "- alert: Errors\n  expr: increase(errors_total[5m])\n",
        "- alert: Errors\n  expr: increase(errors_total[5m]) > 0\n",
        "alerts/comparison",
    ),
    Check(
        "comparison-with-bool",
        Severity.WARNING,
        "an alert whose comparison has `bool`",
        "With `bool` a comparison answers 0 or 1 and leaves nothing out, so that the alert always fires.",
        "- alert: Down\n  expr: up == bool 0\n",
        "- alert: Down\n  expr: up == 0\n",
        "alerts/comparison",
    ),
    Check(
        "missing-label",
        Severity.WARNING,
        "a text uses a label that the expression does not answer",
        "An aggregation, a match or `absent` has taken the label away, so that the text has a gap. Keep the label, or"
        " leave it out of the text.",
        "- alert: Errors\n  expr: sum by (job) (rate(errors_total[5m])) > 1\n"
        "  annotations:\n    summary: Errors at {{ $labels.instance }}\n",
        "- alert: Errors\n  expr: sum by (job) (rate(errors_total[5m])) > 1\n"
        "  annotations:\n    summary: Errors of {{ $labels.job }}\n",
        "alerts/template",
    ),
    Check(
        "value-in-label",
        Severity.WARNING,
        "a label holds the value",
        "Labels tell alerts from each other. A value that changes makes another alert each time, and `for` starts"
        " over.",
        '- alert: Slow\n  expr: latency_seconds > 1\n  for: 5m\n  labels:\n    latency: "{{ $value }}"\n',
        '- alert: Slow\n  expr: latency_seconds > 1\n  for: 5m\n  annotations:\n    latency: "{{ $value }}"\n',
        "alerts/template",
    ),
    Check(
        "template-query",
        Severity.ERROR,
        "a template asks a query that is no PromQL",
        "The text would hold an error in place of the answer.",
        "- alert: Down\n  expr: up == 0\n"
        "  annotations:\n    summary: '{{ with query \"count(up\" }}{{ . | first | value }} are up{{ end }}'\n",
        "- alert: Down\n  expr: up == 0\n"
        "  annotations:\n    summary: '{{ with query \"count(up)\" }}{{ . | first | value }} are up{{ end }}'\n",
        "alerts/template",
    ),
    Check(
        "humanize-misuse",
        Severity.WARNING,
        "a value is printed in the wrong unit",
        "`humanizePercentage` takes a ratio, `humanizeDuration` takes seconds, `humanizeTimestamp` takes an instant.",
        "- alert: Full\n  expr: disk_used_bytes / disk_size_bytes * 100 > 90\n"
        "  annotations:\n    summary: The disk is {{ $value | humanizePercentage }} full\n",
        "- alert: Full\n  expr: disk_used_bytes / disk_size_bytes > 0.9\n"
        "  annotations:\n    summary: The disk is {{ $value | humanizePercentage }} full\n",
    ),
    Check(
        "value-unformatted",
        Severity.INFO,
        "a rate is printed with all its digits",
        "The value of `rate`, `irate` and `deriv` is a fraction that reads badly; `humanize`, `humanizePercentage` or"
        " `printf` make it short.",
        "- alert: Errors\n  expr: rate(errors_total[5m]) > 1\n"
        "  annotations:\n    summary: There are {{ $value }} errors a second\n",
        "- alert: Errors\n  expr: rate(errors_total[5m]) > 1\n"
        "  annotations:\n    summary: There are {{ $value | humanize }} errors a second\n",
        "alerts/template",
    ),
    Check(
        "absent-without-for",
        Severity.WARNING,
        "`absent` without `for`",
        "After a start of the source, series are absent until they are read for the first time. A `for` of two scrapes"
        " keeps the alert from firing then.",
        '- alert: Gone\n  expr: absent(up{job="api"})\n',
        '- alert: Gone\n  expr: absent(up{job="api"})\n  for: 2m\n',
        "alerts/absent",
    ),
    Check(
        "fragile-sampling",
        Severity.WARNING,
        "`topk`, `bottomk`, `limitk` or `limit_ratio` decides which alerts there are",
        "Each evaluation may choose other series, so that alerts come and go.",
        "- alert: Slow\n  expr: topk(10, latency_seconds > 1)\n",
        "- alert: Slow\n  expr: latency_seconds > 1\n",
        "promql/fragile",
    ),
    Check(
        "fragile-ratio",
        Severity.WARNING,
        "a ratio of aggregations from different jobs without `for`",
        "After a start of the source one job is read before the other, so that one aggregation is complete and the"
        " other is not. A `for` waits for both.",
        '- alert: ManyErrors\n  expr: sum(errors{job="a"}) / sum(requests{job="b"}) > 0.1\n',
        '- alert: ManyErrors\n  expr: sum(errors{job="a"}) / sum(requests{job="b"}) > 0.1\n  for: 2m\n',
        "promql/fragile",
    ),
    Check(
        "redundant-for",
        Severity.INFO,
        "`for` or `keep_firing_for` is 0",
        "That is what holds without the key.",
        "- alert: Down\n  expr: up == 0\n  for: 0m\n",
        "- alert: Down\n  expr: up == 0\n",
        "alerts/for",
    ),
    Check(
        "for-below-interval",
        Severity.INFO,
        "`for` is less than the group's `interval`",
        "A rule is evaluated once an interval: the alert fires at the second evaluation, whatever part of an interval"
        " `for` is.",
        "interval: 1m\nrules:\n- alert: Down\n  expr: up == 0\n  for: 10s\n",
        "interval: 1m\nrules:\n- alert: Down\n  expr: up == 0\n  for: 1m\n",
    ),
    Check(
        "no-summary",
        Severity.INFO,
        "an alert without a text",
        "Whoever gets the alert knows its name and labels only. One of the annotations `summary`, `description` and"
        " `message` should say what is wrong.",
        "- alert: Down\n  expr: up == 0\n",
        "- alert: Down\n  expr: up == 0\n  annotations:\n    summary: The instance is down\n",
        "alerts/annotation",
    ),
    Check(
        "no-severity",
        Severity.INFO,
        "an alert without the label `severity`",
        "Routes and dependencies usually look at it. Set the label, or use `levels`.",
        "- alert: Down\n  expr: up == 0\n",
        "- alert: Down\n  expr: up == 0\n  labels:\n    severity: critical\n",
        "rule/label",
    ),
    Check(
        "level-never-fires",
        Severity.WARNING,
        "no value breaches a level",
        "What the expression computes has a known range, and the bound is beyond it.",
        "- alert: Errors\n  expr: rate(errors_total[5m])\n  levels:\n    warning: {below: 0}\n",
        "- alert: Errors\n  expr: rate(errors_total[5m])\n  levels:\n    warning: {above: 1}\n",
    ),
    Check(
        "level-never-clears",
        Severity.WARNING,
        "a level whose clear threshold is never reached",
        "The level goes on firing until the value passes the clear threshold, which lies beyond what the expression can"
        " compute. It would end with the series only.",
        "- alert: Errors\n  expr: rate(errors_total[5m])\n  levels:\n    warning: {above: 1, clear_below: 0}\n",
        "- alert: Errors\n  expr: rate(errors_total[5m])\n  levels:\n    warning: {above: 1, clear_below: 0.5}\n",
    ),
    Check(
        "level-shadowed",
        Severity.WARNING,
        "a level that a worse one always covers",
        "Every value that breaches the level breaches the worse one, and the worse one waits no longer, so that the"
        " level is never the severity of the alert.",
        "- alert: Slow\n  expr: latency_seconds\n  levels:\n    warning: {above: 5}\n    critical: {above: 1}\n",
        "- alert: Slow\n  expr: latency_seconds\n  levels:\n    warning: {above: 1}\n    critical: {above: 5}\n",
    ),
    Check(
        "cooldown-over-repeat",
        Severity.INFO,
        "`cooldown` is longer than every `repeat_interval`",
        "No route's `repeat_interval` has an effect on the alert: each repetition waits for the cooldown. It is found"
        " when the configuration is checked, which has the routes.",
        "- alert: Down\n  expr: up == 0\n  cooldown: 30d\n",
        "- alert: Down\n  expr: up == 0\n  cooldown: 10m\n",
    ),
    Check(
        "no-data-of-state",
        Severity.WARNING,
        "`on_no_data` on a state that ends its series",
        "A state that changes ends the series of the former state. `keep_last` and `alert` take that for missing data,"
        " so that the alert never resolves.",
        '- alert: Down\n  expr: provider_status{state="unhealthy"} == 1\n  on_no_data: keep_last\n',
        '- alert: Down\n  expr: provider_status{state="unhealthy"} == 1\n',
    ),
)
