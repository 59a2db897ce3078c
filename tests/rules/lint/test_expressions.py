"""Checks of expressions: what each finds, and what looks alike and is good."""

from __future__ import annotations

import pytest

from alertd.rules.lint.catalogue import CHECKS
from alertd.rules.lint.check import Severity
from tests.rules.lint.linted import file_of, found_in, found_in_alert


@pytest.mark.parametrize(
    ("expr", "check"),
    [
        ('foo{job="bar"} unless sum(foo)', "impossible-match"),
        ("sum(foo) / on (cluster) sum by (cluster) (bar) > 1", "impossible-match"),
        ("sum by (job) (a) / sum by (instance) (b) > 1", "impossible-match"),
        ('a{x="1"} / ignoring (y) a{x=""} > 1', "impossible-match"),
        ("max by (cluster) (sum without (cluster) (a)) > 1", "impossible-grouping"),
        ('a > on (x) group_left (team) b{team=""}', "impossible-include"),
        ("a > 1 and on (x) (b == 0) * on (y) group_left (team) c", "impossible-include"),
        ('a{x="1", x=~"2|3"} > 1', "impossible-selector"),
        ('a{x!~".*"} > 1', "impossible-selector"),
        ("sum(a) / on (x) count(b) > 1", "impossible-on"),
        ("sum by (y) (a) and on (y, x) count by (y) (b) > 1", "impossible-on"),
        ("count(a) == 0", "never-true"),
        ("0 > count(a)", "never-true"),
        ("rate(a[5m]) < 0", "never-true"),
        ("sum(a == 0) > 0", "never-true"),
        ("absent(a) == 0", "never-true"),
        ("hour() > 23", "never-true"),
        ("a / 0 > 1", "division-by-zero"),
        ("sum by (x) (a) % (0) > 1", "division-by-zero"),
        ("histogram_quantile(95, a_bucket) > 1", "quantile-out-of-range"),
        ("quantile_over_time(-0.1, a[5m]) > 1", "quantile-out-of-range"),
        ("quantile(1.5, a) > 1", "quantile-out-of-range"),
        ("histogram_quantiles(a, 'q', 0.5, 99) > 1", "quantile-out-of-range"),
        ("histogram_quantile(0.9, sum by (x) (rate(a_bucket[5m]))) > 1", "quantile-without-le"),
        ("histogram_fraction(0, 1, sum without (le) (rate(a_bucket[5m]))) > 1", "quantile-without-le"),
        ("sum(a / b) > 1", "division-in-aggregation"),
        ("avg by (x) (1 - a / b) > 1", "division-in-aggregation"),
        ("increase(cpu_usage_ratio[5m]) > 1", "rate-of-gauge"),
        ("rate(node_memory_MemAvailable_bytes[5m]) > 1", "rate-of-gauge"),
        ("deriv(errors_total[5m]) > 1", "delta-of-counter"),
        ("increase(sum by (x) (errors_total)[5m:1m]) > 1", "rate-of-aggregation"),
        ("sum(errors_total) > 100", "counter-without-rate"),
        ('a{x!~"b"} > 1', "regexp-without-pattern"),
        ('a{x=~"(b)"} > 1', "regexp-without-pattern"),
        ('a{x=~"b\\\\.c"} > 1', "regexp-without-pattern"),
        ('a{x=~"^b$"} > 1', "regexp-without-pattern"),
        ('a{x=~"b\\\\$"} > 1', "regexp-without-pattern"),
        ('a{x!~".+"} > 1', "regexp-without-pattern"),
        ('a{x=~"^b.*"} > 1', "regexp-anchors"),
        ('a{x=~"^(b|c)$"} > 1', "regexp-anchors"),
        ('a{x=~"^(?:b|c)"} > 1', "regexp-anchors"),
        ('a{x=~"^b|c$"} > 1', "regexp-anchors"),
        ('a{x=~"b|^c$"} > 1', "regexp-anchors"),
        ('a{x=~"\\\\Ab.*\\\\z"} > 1', "regexp-anchors"),
        ('a{x=~".*"} > 1', "regexp-matches-all"),
        ('a{job=~"a_.+_c_.*_d"} > 1', "regexp-smelly"),
        ("ts_of_max_over_time(a[5m]) > 1", "experimental-function"),
        ("a", "no-comparison"),
        ("sum(rate(a[5m])) * 100", "no-comparison"),
        ("a > 1 or b", "no-comparison"),
        ("(a > bool 1)", "comparison-with-bool"),
        ("sum(a > bool 1)", "no-comparison"),
        ("topk(5, a) > 1", "fragile-sampling"),
        ("a > 1 and limitk(1, b)", "fragile-sampling"),
    ],
)
def test_found(expr: str, check: str) -> None:
    """Each check in its forms."""
    assert check in found_in_alert(expr)


@pytest.mark.parametrize(
    "expr",
    [
        "sum by (job) (a) / sum by (job) (b) > 1",
        "sum by (job, x) (a) / ignoring (x) group_left sum by (job) (b) > 1",
        "sum by (job, x) (a) / on (job) group_left (team) b > 1",
        "a / on (job) group_left sum by (job) (b) > 1",
        "sum(a) / scalar(sum(b)) > 1",
        "(sum(a) or vector(0)) < 1",
        "a > 1 unless on (job) b",
        "(a > 1 and on (x) (b == 0)) * on (y) group_left (team) c",
        "a > 1 and on (team) b * on (y) group_left (team) c",
        "a > 1 and on () vector(1)",
        "sum(a) > 1 or sum by (x) (b) > 1",
        "label_replace(sum(a), 'x', 'y', '', '') * on (x) b > 1",
        'a{x=~"1|2", x!="1"} > 1',
        'a{x!="", x!="1"} > 1',
        'a{x=~".+"} > 1',
        'a{x=~"(a|b)"} > 1',
        'a{x=~"[|^]b.*"} > 1',
        'a{x=~"b.*\\\\$"} > 1',
        'a{x=~"(?i)b"} > 1',
        "sum(a) / on () count(b) > 1",
        "sum by (x) (a) / on (x) count by (x) (b) > 1",
        "a / on (x) group_left sum by (x) (b) > 1",
        "histogram_quantile(0.9, sum by (x) (rate(a_seconds[5m]))) > 1",
        "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1",
        "histogram_quantile(1, a_bucket) > 1",
        "histogram_quantile(scalar(b), a_bucket) > 1",
        "a / 0.5 > 1",
        'a{job=~".*api.*"} > 1',
        "count(a) > 0",
        "count(a) <= 1",
        "(count(a) or vector(0)) == 0",
        "absent(a) == 1",
        "rate(a[5m]) <= 0",
        "hour() >= 23",
        "a > 1 < 2",
        "sum(a / (b > 0)) > 1",
        "sum(a / clamp_min(b, 1)) > 1",
        "sum(a / 100) > 1",
        "count(a / b) > 1",
        "sum((a / b) > 0.5) > 1",
        "sum(a) / sum(b) > 1",
        "rate(requests_total[5m]) > 1",
        "rate(cpu_seconds_total[5m]) > 1",
        "delta(cpu_temperature_celsius[5m]) > 1",
        "rate(sum(rate(a[5m]))[5m:]) > 1",
        "nodes_offline_total > 0",
        "nodes_total / 2 > 1",
        "vector(1)",
        'ALERTS{alertname="A"}',
        "absent(a)",
        "a unless b",
        "a > 1 and b",
        "(a > 1) * 2",
        "sum(a > 1)",
        "sum(topk(3, a)) > 1",
        "max_over_time((a > 1)[5m:])",
        "1 < a",
    ],
)
def test_not_found(expr: str) -> None:
    """Expressions that are good, or may be, have no finding that is more than a hint about texts and labels."""
    found = found_in_alert(expr, "  for: 5m\n  labels: {severity: x}\n  annotations: {summary: y}\n")
    assert found == {}


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (
            "sum by (job) (a) / sum(b) > 1",
            (
                "the left side has only the labels `job`, the right side has no labels, and both must be equal to"
                " match; there is never a result"
            ),
        ),
        (
            "sum(a) / on (x) b > 1",
            "the left side has no label `x` to match on: it is removed by `sum(a)`; there is never a result",
        ),
        (
            'foo{job="bar"} unless sum(foo)',
            "the left side always has the label `job`, the right side never; nothing is ever excluded",
        ),
    ],
)
def test_why_two_sides_never_match(expr: str, message: str) -> None:
    """The message says which side has what."""
    assert found_in_alert(expr)["impossible-match"] == message


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (
            "sum(a) / on (x) count(b) > 1",
            (
                "neither side has `x` to match on, which decides nothing: on the left it is removed by `sum(a)`, on the"
                " right it is removed by `count(b)`"
            ),
        ),
        (
            'a{x=""} and on (x) absent(b)',
            (
                "neither side has `x` to match on, which decides nothing: on the left it is never there, on the right"
                " it is removed by `absent(b)`"
            ),
        ),
    ],
)
def test_why_a_match_decides_nothing(expr: str, message: str) -> None:
    """The message says of both sides where the label is."""
    assert found_in_alert(expr)["impossible-on"] == message


@pytest.mark.parametrize(
    ("expr", "check", "message"),
    [
        ("quantile(95, a) > 1", "quantile-out-of-range", "a quantile is from 0 to 1, and 95 gives +Inf; write 0.95"),
        ("quantile(1.5, a) > 1", "quantile-out-of-range", "a quantile is from 0 to 1, and 1.5 gives +Inf"),
        ("quantile(-1, a) > 1", "quantile-out-of-range", "a quantile is from 0 to 1, and -1 gives -Inf"),
        ("a / 0 > 1", "division-by-zero", "`/` by 0 gives NaN or infinity, whatever is divided"),
        ("a % 0 > 1", "division-by-zero", "`%` by 0 gives NaN, whatever is divided"),
        (
            "histogram_quantile(0.9, sum(a_bucket)) > 1",
            "quantile-without-le",
            (
                "`histogram_quantile` tells buckets apart by the label `le`, which is removed by `sum(a_bucket)`;"
                " there is never a result"
            ),
        ),
        ('a{x=~"b\\\\.c"} > 1', "regexp-without-pattern", '`x=~"b\\\\.c"` has no pattern; write `x="b.c"`'),
        ('a{x!~".+"} > 1', "regexp-without-pattern", '`x!~".+"` selects the series without the label; write `x=""`'),
        (
            'a{x=~"^(b|c)$"} > 1',
            "regexp-anchors",
            'a regular expression matches the whole value anyway; write `x=~"(b|c)"`',
        ),
    ],
)
def test_what_would_be_right(expr: str, check: str, message: str) -> None:
    """The message says what was found, and what to write where that is known."""
    assert found_in_alert(expr)[check] == message


@pytest.mark.parametrize(
    ("expr", "check", "place"),
    [
        ('a{x="1", y=~"b"} > 1', "regexp-without-pattern", 'y=~"b"'),
        ('a > 1 and c{"y.z" =~ "^b.*", x="1",} > 1', "regexp-anchors", '"y.z"'),
        ('{__name__=~"a|b", y=~".*"} > 1', "regexp-matches-all", "y="),
        ('{"a", y!~".*"} > 1', "impossible-selector", "y!"),
        ('a{x="1", y="2", x="3"} > 1', "impossible-selector", 'x="3"'),
    ],
)
def test_the_place_of_a_matcher(expr: str, check: str, place: str) -> None:
    """What is found of a matcher stands at the matcher."""
    text = f"- {{alert: A, expr: '{expr}'}}\n"
    (finding,) = [finding for finding in found_in(text) if finding.check == check]
    line = file_of(text).text.split("\n")[finding.problem.line - 1]
    assert line[finding.problem.column - 1 :].startswith(place)


def test_nothing_is_said_of_what_a_machine_wrote() -> None:
    """A chain of thousands of operators is not followed down, and nothing breaks."""
    found = found_in_alert(" + ".join(["a"] * 3000))
    assert not any(CHECKS[name].severity is not Severity.INFO for name in found)


@pytest.mark.parametrize(
    "text",
    [
        "- {alert: A, expr: sum(up) == 1 and count(up) == 0}\n",
        "- alert: A\n  expr: |\n    sum(up) == 1\n    and\n      count(up) == 0\n",
        "- alert: A\n  expr: >-\n    sum(up) == 1\n    and count(up) == 0\n",
        "- alert: A\n  expr: 'sum(up) == 1 and count(up) == 0'\n",
        '- alert: A\n  expr: "sum(up) == 1\n    and count(up) == 0"\n',
        "- name: A\n  condition: sum(up) == 1 and count(up) == 0\n",
    ],
)
def test_the_place_of_a_finding(text: str) -> None:
    """The place within the expression is that in the file, however the expression is written."""
    (finding,) = [finding for finding in found_in(text) if finding.check == "never-true"]
    line = file_of(text).text.split("\n")[finding.problem.line - 1]
    assert line[finding.problem.column - 1 :].startswith("count(up) == 0")
