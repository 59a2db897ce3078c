"""The checks of groups and files, as people read of them."""

from __future__ import annotations

from typing import Final

from alertd.rules.lint.check import Check, Severity

FILES: Final = (
    Check(
        "duplicate-rules",
        Severity.WARNING,
        "two rules of a file have the same name and labels",
        "Their series or alerts cannot be told from each other. This is what `promtool check rules --lint` finds: the"
        " labels of the group count, the expressions do not.",
        "- record: job:up:sum\n  expr: sum by (job) (up)\n- record: job:up:sum\n  expr: sum without (instance) (up)\n",
        "- record: job:up:sum\n  expr: sum by (job) (up)\n",
        "rule/duplicate",
    ),
    Check(
        "repeated-rule",
        Severity.WARNING,
        "the same rule is in two files",
        "Name, labels and expression are equal, so that every result is there twice. It is found when both files are"
        " checked together.",
        "groups:\n- name: a\n  rules:\n  - record: job:up:sum\n    expr: sum by (job) (up)\n",
        "groups:\n- name: a\n  rules:\n  - record: job:up:count\n    expr: count by (job) (up)\n",
        "rule/duplicate",
    ),
    Check(
        "recorded-already",
        Severity.INFO,
        "an expression computes what a rule records",
        "Use the recorded series, which costs less and has the same values.",
        "- record: job:errors:rate5m\n  expr: sum by (job) (rate(errors_total[5m]))\n"
        "- alert: Errors\n  expr: sum by (job) (rate(errors_total[5m])) > 1\n",
        "- record: job:errors:rate5m\n  expr: sum by (job) (rate(errors_total[5m]))\n"
        "- alert: Errors\n  expr: job:errors:rate5m > 1\n",
        "promql/performance",
    ),
    Check(
        "recorded-later",
        Severity.WARNING,
        "a rule uses a series that is recorded further down in its group",
        "Rules of a group are evaluated from top to bottom. The rule sees the value of the evaluation before.",
        "- record: job:errors:max\n  expr: max(job:errors:sum)\n"
        "- record: job:errors:sum\n  expr: sum by (job) (errors)\n",
        "- record: job:errors:sum\n  expr: sum by (job) (errors)\n"
        "- record: job:errors:max\n  expr: max(job:errors:sum)\n",
        "rule/dependency",
    ),
    Check(
        "recorded-elsewhere",
        Severity.INFO,
        "a recording rule uses a series that another group records",
        "Groups are evaluated at different instants, so that the result is up to one interval late.",
        "groups:\n- name: a\n  rules:\n  - record: job:errors:sum\n    expr: sum by (job) (errors)\n"
        "- name: b\n  rules:\n  - record: job:errors:max\n    expr: max(job:errors:sum)\n",
        "groups:\n- name: a\n  rules:\n  - record: job:errors:sum\n    expr: sum by (job) (errors)\n"
        "  - record: job:errors:max\n    expr: max(job:errors:sum)\n",
        "rule/dependency",
    ),
    Check(
        "record-name",
        Severity.INFO,
        "a recorded series is named as a scraped one",
        "By convention the name is `level:metric:operations`; the colons tell that the series is recorded.",
        "- record: errors_by_job\n  expr: sum by (job) (errors)\n",
        "- record: job:errors:sum\n  expr: sum by (job) (errors)\n",
        "rule/name",
    ),
    Check(
        "interval-over-lookback",
        Severity.WARNING,
        "a group is evaluated less often than every five minutes",
        "Series are seen for five minutes after their last sample, so that what the group records is gone in between."
        " Alerts with a `keep_firing_for` of at least the interval are fine.",
        "interval: 10m\nrules:\n- record: job:up:sum\n  expr: sum by (job) (up)\n",
        "interval: 5m\nrules:\n- record: job:up:sum\n  expr: sum by (job) (up)\n",
        "group/interval",
    ),
    Check(
        "unknown-check",
        Severity.WARNING,
        "a comment switches off what there is not",
        "The instruction, the name or the day in the comment is wrong, so that it has no effect.",
        "# alertd disable no-comparisons\n- alert: Down\n  expr: up == 0\n",
        "# alertd disable no-comparison\n- alert: Down\n  expr: up == 0\n",
    ),
)
