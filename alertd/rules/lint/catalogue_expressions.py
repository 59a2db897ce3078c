"""The checks of expressions, as people read of them."""

from __future__ import annotations

from typing import Final

from alertd.rules.lint.check import Check, Severity

EXPRESSIONS: Final = (
    Check(
        "impossible-match",
        Severity.WARNING,
        "the two sides of an operator can never match",
        "Samples match when all labels that count are equal. An aggregation takes labels away, so that the other side"
        " must do the same, or `on (…)` must name what is left.",
        "- alert: ManyErrors\n  expr: sum by (job) (rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.1\n"
        "  for: 5m\n",
        "- alert: ManyErrors\n"
        "  expr: sum by (job) (rate(errors_total[5m])) / sum by (job) (rate(requests_total[5m])) > 0.1\n  for: 5m\n",
        "promql/impossible",
    ),
    Check(
        "impossible-on",
        Severity.WARNING,
        "a match is on a label that neither side has",
        "Aggregations have taken the label away, so that it is equal on both sides and decides nothing. Keep it on both"
        " sides, or match without it.",
        "- alert: ManyErrors\n  expr: sum(errors) / on (cluster) sum(requests) > 0.1\n  for: 5m\n",
        "- alert: ManyErrors\n  expr: sum by (cluster) (errors) / on (cluster) sum by (cluster) (requests) > 0.1\n"
        "  for: 5m\n",
        "promql/impossible",
    ),
    Check(
        "impossible-grouping",
        Severity.WARNING,
        "an aggregation groups by a label that is not there any more",
        "An inner aggregation or a vector match has taken the label away, so that all samples are one group.",
        "- alert: ManyErrors\n  expr: max by (cluster) (sum(errors)) > 10\n",
        "- alert: ManyErrors\n  expr: max by (cluster) (sum by (cluster, zone) (errors)) > 10\n",
        "promql/impossible",
    ),
    Check(
        "impossible-include",
        Severity.WARNING,
        "a label of `group_left` or `group_right` does not get into the result",
        "The side that it is taken from does not have it, so that the result is without it, also where the other side"
        " had it; or it is added on the right side of `and` or `unless`, which only chooses among the left side.",
        "- alert: NotReady\n  expr: ready * on (pod) group_left (team) max by (pod) (owner) == 0\n",
        "- alert: NotReady\n  expr: ready * on (pod) group_left (team) max by (pod, team) (owner) == 0\n",
        "promql/impossible",
    ),
    Check(
        "impossible-selector",
        Severity.WARNING,
        "no series can pass all matchers of a selector",
        "Two matchers of one label exclude each other, or one excludes every value.",
        '- alert: Slow\n  expr: latency_seconds{env="prod", env!~"prod|test"} > 1\n',
        '- alert: Slow\n  expr: latency_seconds{env="prod"} > 1\n',
        "promql/impossible",
    ),
    Check(
        "never-true",
        Severity.WARNING,
        "a comparison with a number that no value can pass",
        "What is compared has a known range: a count is at least 1, as no series count to nothing and not to 0; a rate"
        " is never negative; `hour()` ends at 23.",
        '- alert: NoneUp\n  expr: count(up{job="api"} == 1) < 1\n  for: 5m\n',
        '- alert: NoneUp\n  expr: (count(up{job="api"} == 1) or vector(0)) < 1\n  for: 5m\n',
        "promql/impossible",
    ),
    Check(
        "division-by-zero",
        Severity.WARNING,
        "a division by the number 0",
        "The quotient is infinite, or NaN where 0 is divided; a remainder is always NaN.",
        "- record: job:errors:ratio\n  expr: sum by (job) (errors) / 0\n",
        "- record: job:errors:ratio\n  expr: sum by (job) (errors) / 10\n",
        "promql/nan",
    ),
    Check(
        "division-in-aggregation",
        Severity.INFO,
        "a division by zero in one series makes a whole aggregation NaN",
        "The quotient of one series with the divisor 0 is NaN or infinite, and so is every sum or mean that it goes"
        " into. Leave such series out, or aggregate before dividing.",
        "- record: cluster:errors:ratio\n  expr: avg by (cluster) (errors / requests)\n",
        "- record: cluster:errors:ratio\n  expr: avg by (cluster) (errors / (requests > 0))\n",
        "promql/nan",
    ),
    Check(
        "rate-of-gauge",
        Severity.WARNING,
        "`rate` or `increase` of what looks like a gauge",
        "These functions take each decrease for the restart of a counter. The name of the metric tells a gauge, as"
        " `_ratio`, `_free_bytes` and `node_memory_…_bytes` do; use `delta` or `deriv`.",
        "- alert: DiskFills\n  expr: rate(node_filesystem_free_bytes[1h]) > 100\n  for: 5m\n",
        "- alert: DiskFills\n  expr: deriv(node_filesystem_free_bytes[1h]) < -100\n  for: 5m\n",
        "promql/rate",
    ),
    Check(
        "delta-of-counter",
        Severity.WARNING,
        "`delta` or `deriv` of what looks like a counter",
        "A counter starts over at a restart, which these functions take for a decrease. The name ends in `_total`; use"
        " `increase` or `rate`.",
        "- alert: ManyErrors\n  expr: delta(errors_total[5m]) > 10\n",
        "- alert: ManyErrors\n  expr: increase(errors_total[5m]) > 10\n",
        "promql/rate",
    ),
    Check(
        "rate-of-aggregation",
        Severity.WARNING,
        "`rate` of an aggregation of counters",
        "When one of the series restarts the sum falls, which `rate` takes for a restart of all. Take the rate of each"
        " series first.",
        "- alert: ManyErrors\n  expr: rate(sum(errors_total)[5m:]) > 1\n",
        "- alert: ManyErrors\n  expr: sum(rate(errors_total[5m])) > 1\n",
        "promql/rate",
    ),
    Check(
        "counter-without-rate",
        Severity.INFO,
        "a counter is compared as it is",
        "A counter grows until its process restarts, so that its value says little of what happens now. The check knows"
        " counters by `_total` at the end of the name, which some gauges have, too.",
        "- alert: ManyErrors\n  expr: errors_total > 10\n",
        "- alert: ManyErrors\n  expr: increase(errors_total[1h]) > 10\n",
        "promql/counter",
    ),
    Check(
        "quantile-out-of-range",
        Severity.WARNING,
        "a quantile is less than 0 or more than 1",
        "The 95th percentile is the quantile 0.95. Beyond 0 and 1 the answer is infinite, whatever was measured.",
        "- alert: Slow\n  expr: histogram_quantile(95, sum by (le) (rate(latency_seconds_bucket[5m]))) > 1\n",
        "- alert: Slow\n  expr: histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m]))) > 1\n",
    ),
    Check(
        "quantile-without-le",
        Severity.WARNING,
        "a quantile of buckets without the label `le`",
        "`le` is the upper bound of a bucket; an aggregation before `histogram_quantile` has to keep it. Native"
        " histograms need no such label: the check looks at metrics whose names end in `_bucket`.",
        "- alert: Slow\n  expr: histogram_quantile(0.95, sum by (job) (rate(latency_seconds_bucket[5m]))) > 1\n",
        "- alert: Slow\n  expr: histogram_quantile(0.95, sum by (job, le) (rate(latency_seconds_bucket[5m]))) > 1\n",
    ),
    Check(
        "regexp-without-pattern",
        Severity.INFO,
        "a regular expression that is a plain text",
        "`=` and `!=` say the same, are faster and tell `absent` the label. A group, escapes and anchors make no"
        ' pattern of a text; `!~".+"` is `=""`.',
        '- alert: Down\n  expr: up{job=~"api"} == 0\n',
        '- alert: Down\n  expr: up{job="api"} == 0\n',
        "promql/regexp",
    ),
    Check(
        "regexp-anchors",
        Severity.INFO,
        "a regular expression with anchors",
        "Matchers compare the whole value, with and without `^` and `$`, and each alternative of a pattern with it.",
        '- alert: Down\n  expr: up{job=~"^api-.*$"} == 0\n',
        '- alert: Down\n  expr: up{job=~"api-.*"} == 0\n',
        "promql/regexp",
    ),
    Check(
        "regexp-matches-all",
        Severity.INFO,
        "a regular expression that every series matches",
        '`.*` matches the empty text, too, and so a series without the label. Write `label!=""` or `.+` to ask for the'
        " label.",
        '- alert: Down\n  expr: up{job=~".*"} == 0\n',
        "- alert: Down\n  expr: up == 0\n",
        "promql/regexp",
    ),
    Check(
        "regexp-smelly",
        Severity.INFO,
        "a regular expression that takes the label `job` apart",
        "What the pattern looks for within the value should be a label of its own, which is easier to select and to"
        " aggregate by.",
        '- alert: Down\n  expr: up{job=~"api_.+_production"} == 0\n',
        '- alert: Down\n  expr: up{job="api", env="production"} == 0\n',
        "promql/regexp",
    ),
    Check(
        "experimental-function",
        Severity.INFO,
        "a function that Prometheus has behind a switch",
        "alertd evaluates it over its own samples; a Prometheus refuses it unless it was started with the feature.",
        "- record: job:latency:mad\n  expr: mad_over_time(latency_seconds[5m])\n",
        "- record: job:latency:stddev\n  expr: stddev_over_time(latency_seconds[5m])\n",
        "promql/features",
    ),
)
