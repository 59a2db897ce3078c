"""Files of unit tests run: what each key of a rule and of a test makes of the verdict."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from alertd.simulate.unittests.outcome import Kind
from alertd.simulate.unittests.running import Choice, run_file
from tests.simulate.unittests.writing import alert_test, expr_test, group, run, series, told, write

HIGH = {
    "alert": "High",
    "expr": "x > 1",
    "for": "2m",
    "labels": {"team": "a"},
    "annotations": {"text": "it is {{ $value }}"},
}
WANTED = {"exp_labels": {"team": "a"}, "exp_annotations": {"text": "it is 5"}}


@pytest.mark.parametrize(
    ("at", "asked", "passed"),
    [
        ("1m", {}, True),
        ("2m", {}, True),
        ("3m", {"exp_alerts": [WANTED]}, True),
        ("3m", {"exp_alerts": []}, False),
        ("1m59s", {"exp_pending": [WANTED]}, True),
        ("1m59s", {"exp_pending": []}, False),
        ("0m", {"exp_pending": []}, True),
        ("3m", {"exp_alerts": [WANTED], "exp_pending": []}, True),
        ("3m", {"exp_pending": [WANTED]}, False),
    ],
)
def test_pending_and_firing(tmp_path: Path, at: str, asked: dict[str, Any], passed: bool) -> None:
    """`exp_pending` asks for the alerts that wait; who does not ask is told nothing of them."""
    outcome = run(
        tmp_path,
        [group(HIGH)],
        {"input_series": series(x="0 5x9"), "alert_rule_test": [alert_test(at, "High", **asked)]},
    )
    assert outcome.passed == passed, told(outcome)


@pytest.mark.parametrize(
    ("values", "at", "asked", "hint"),
    [
        ({"x": "0 5x9"}, "2m", {"exp_alerts": [{}]}, "1 alert is pending since 1m"),
        (
            {'x{i="1"}': "0 5x9", 'x{i="2"}': "0 0 5x9"},
            "2m",
            {"exp_alerts": [{}]},
            "2 alerts are pending, the first since 1m",
        ),
        ({"x": "0 5x9"}, "2m", {"exp_alerts": [{}], "exp_pending": [WANTED]}, "1 alert is pending since 1m"),
        ({"x": "0 5x9"}, "2m", {"exp_pending": []}, ""),
        ({"x": "0 5x9"}, "0m", {"exp_alerts": [{}]}, ""),
        ({"x": "0 5x9"}, "3m", {"exp_alerts": [{}]}, ""),
    ],
)
def test_what_still_waits(tmp_path: Path, values: dict[str, str], at: str, asked: dict[str, Any], hint: str) -> None:
    """An alert that should fire and does not yet is told with the time since when it waits."""
    outcome = run(
        tmp_path,
        [group(HIGH)],
        {
            "start_timestamp": 1769860800,
            "input_series": series(**values),
            "alert_rule_test": [alert_test(at, "High", **asked)],
        },
    )
    assert not outcome.passed
    assert [line for line in told(outcome) if " pending since" in line or "are pending" in line] == [hint] * bool(hint)


def test_names_that_no_rule_has(tmp_path: Path) -> None:
    """They are warnings, each with its first line, whatever was expected; tests that are skipped do not count."""
    tests = [
        {"alert_rule_test": [alert_test("0", "High"), alert_test("0", "Hgih"), alert_test("1m", "Hgih")]},
        {"alert_rule_test": [alert_test("0", "Hgih"), alert_test("0", "y", exp_alerts=[{}])]},
        {"name": "skipped", "alert_rule_test": [alert_test("0", "z")]},
    ]
    path = write(tmp_path, [group(HIGH, {"record": "y", "expr": "x"})], *tests)
    outcome = run_file(path, Choice.of(["^$"]))
    lines = path.read_text().splitlines()
    first = [
        next(number for number, line in enumerate(lines, 1) if f"alertname: {name}" in line) for name in ("Hgih", "y")
    ]
    assert [test.passed for test in outcome.tests] == [True, False]
    assert outcome.warnings == (
        f"{path}:{first[0] - 1}: no alerting rule is called Hgih; did you mean High?",
        f"{path}:{first[1] - 1}: no alerting rule is called y",
    )


@pytest.mark.parametrize(
    ("rule", "values", "at", "expected"),
    [
        ({"expr": "x > 1", "keep_firing_for": "3m"}, "5 0x9", "3m", [{}]),
        ({"expr": "x > 1", "keep_firing_for": "3m"}, "5 0x9", "4m", []),
        (
            {"expr": "x", "levels": {"warning": {"above": 1}, "critical": {"above": 5, "for": "1m"}}},
            "2 9x9",
            "1m",
            [{"exp_labels": {"severity": "warning"}}],
        ),
        (
            {"expr": "x", "levels": {"warning": {"above": 1}, "critical": {"above": 5, "for": "1m"}}},
            "2 9x9",
            "2m",
            [{"exp_labels": {"severity": "critical"}}],
        ),
        (
            {"expr": "x", "levels": {"critical": {"above": 5, "clear_below": 2}}, "cooldown": "5m", "receivers": ["a"]},
            "9 3x5",
            "3m",
            [{"exp_labels": {"severity": "critical"}}],
        ),
        ({"expr": "x > 1", "on_no_data": "keep_last"}, "5 stale", "9m", [{}]),
        ({"expr": "x > 1", "on_no_data": "alert"}, "0 stale", "2m", [{}]),
        ({"expr": "x > 1", "labels": {"v": "{{ value * 2.25 }}"}}, "5", "0", [{"exp_labels": {"v": "11.25"}}]),
    ],
)  # fmt: skip
def test_keys_of_rules(
    tmp_path: Path, rule: dict[str, Any], values: str, at: str, expected: list[dict[str, Any]]
) -> None:
    """Timers, levels and policies of alertd's own show in what fires."""
    asked = alert_test(at, "A", exp_alerts=expected)
    outcome = run(
        tmp_path, [group({"alert": "A", **rule})], {"input_series": series(x=values), "alert_rule_test": [asked]}
    )
    assert outcome.passed, told(outcome)


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        ("mad_over_time(x[3m])", 1),
        ("limitk(1, x)", 4),
        ("rate(x[2m] smoothed) * 60", 1),
        ("delta(x[2m] anchored)", 2),
        ("x + on () fill (1) y", 5),
    ],
)
def test_experimental_language(tmp_path: Path, expr: str, value: float) -> None:
    """What Prometheus has behind feature flags is asked by rules, tests and templates alike."""
    rules = [
        {"record": "r", "expr": expr},
        {"alert": "A", "expr": "x", "annotations": {"text": f'{{{{ query "{expr}" | first | value }}}}'}},
    ]
    test = {
        "input_series": series(x="0+1x4"),
        "promql_expr_test": [
            expr_test("4m", f"label_replace({expr}, '__name__', '', '', '')", {"value": value}),
            expr_test("4m", "r", {"labels": "r", "value": value}),
        ],
        "alert_rule_test": [alert_test("4m", "A", exp_alerts=[{"exp_annotations": {"text": str(value)}}])],
    }
    outcome = run(tmp_path, [group(*rules)], test)
    assert outcome.passed, told(outcome)


def test_query_offset(tmp_path: Path) -> None:
    """A group with `query_offset` asks for the past and writes into it."""
    rules = group({"record": "y", "expr": "x"}, {"alert": "A", "expr": "x > 2"}, query_offset="2m")
    outcome = run(
        tmp_path,
        [rules],
        {
            "input_series": series(x="0+1x9"),
            "promql_expr_test": [
                expr_test("3m", "y", {"labels": "y", "value": 3}),
                expr_test("5m", "timestamp(y)", {"value": 240}),
                expr_test(
                    "6m", "count_over_time(ALERTS[1h])", {"labels": '{alertname="A",alertstate="firing"}', "value": 2}
                ),
            ],
            "alert_rule_test": [alert_test("4m", "A"), alert_test("5m", "A", exp_alerts=[{}])],
        },
    )
    assert outcome.passed, told(outcome)


def test_start_timestamp(tmp_path: Path) -> None:
    """`start_timestamp` is when the first sample comes, and what every `eval_time` counts from."""
    for start in ("2026-01-31T12:00:00Z", 1769860800):
        outcome = run(
            tmp_path,
            [group({"alert": "Noon", "expr": "hour() == 12 and day_of_month() == 31"})],
            {
                "start_timestamp": start,
                "input_series": series(x="7 8"),
                "promql_expr_test": [
                    expr_test("1m", "x", {"labels": "x", "value": 8}),
                    expr_test("0", "time()", {"value": 1769860800}),
                ],
                "alert_rule_test": [alert_test("59m", "Noon", exp_alerts=[{}]), alert_test("60m", "Noon")],
            },
        )
        assert outcome.passed, told(outcome)


def test_interval_of_the_series_is_the_evaluations(tmp_path: Path) -> None:
    """A test without an `interval` has a sample at every evaluation."""
    asked = expr_test("1m", "x", {"labels": "x", "value": 2})
    outcome = run(
        tmp_path, [], {"input_series": series(x="0 1 2"), "promql_expr_test": [asked]}, evaluation_interval="30s"
    )
    assert outcome.passed, told(outcome)


def test_samples_after_the_last_evaluation_never_come(tmp_path: Path) -> None:
    """As in promtool, what lies between the last evaluation and the question is not there yet."""
    asked = expr_test("55s", "x", {"labels": "x", "value": 0})
    outcome = run(tmp_path, [], {"interval": "10s", "input_series": series(x="0+1x9"), "promql_expr_test": [asked]})
    assert outcome.passed, told(outcome)


HISTOGRAM = "{{schema:0 count:4 sum:8 buckets:[1 3]}}"


def test_native_histograms(tmp_path: Path) -> None:
    """Histograms come in, are recorded by rules, and are compared."""
    outcome = run(
        tmp_path,
        [group({"record": "y", "expr": "h * 2"}, {"record": "q", "expr": "histogram_count(y)"})],
        {
            "input_series": series(h=f"{HISTOGRAM}x5"),
            "promql_expr_test": [
                expr_test(
                    "2m",
                    "y",
                    {
                        "labels": "y",
                        "histogram": "{{schema:0 count:8 sum:16 buckets:[2 6] counter_reset_hint:not_reset}}",
                    },
                ),
                expr_test("2m", "q", {"labels": "q", "value": 8}),
            ],
        },
    )
    assert outcome.passed, told(outcome)
    asked = {
        "input_series": series(h=HISTOGRAM),
        "promql_expr_test": [expr_test("0", "h", {"labels": "h", "value": 4})],
    }
    assert not run(tmp_path, [], asked).passed


UNREAD = [
    group({"record": "fails", "expr": "x + on () group_left () x"}, {"record": "a:b", "expr": "x"}, name="first"),
    group({"alert": "Reads", "expr": "a:b > 0"}, {"alert": "Other", "expr": "x > 0"}, name="second"),
]


@pytest.mark.parametrize(("all_rules", "passed"), [(False, True), (True, False)])
def test_only_what_a_question_depends_on_is_evaluated(tmp_path: Path, all_rules: bool, passed: bool) -> None:
    """A rule that fails and that nobody asks for is left alone, unless all rules are wanted."""
    pairs = [{"series": f'x{{i="{i}"}}', "values": "1"} for i in "12"]
    asked = alert_test("0", "Reads", exp_alerts=[{"exp_labels": {"i": "1"}}, {"exp_labels": {"i": "2"}}])
    test = {"input_series": pairs, "alert_rule_test": [asked]}
    outcome = run(tmp_path, UNREAD, test, choice=Choice(all_rules=all_rules))
    assert outcome.passed == passed, told(outcome)


def test_a_test_without_questions_evaluates_everything(tmp_path: Path) -> None:
    """Such tests are there to see that the rules work: one that fails has its file and line."""
    pairs = [{"series": f'x{{i="{i}"}}', "values": "1"} for i in "12"]
    (test,) = run(tmp_path, UNREAD, {"input_series": pairs}).tests
    (failure,) = test.failures
    assert (failure.kind, failure.title) == (Kind.RULE, "rule: fails, time: 0s")
    lines = Path(failure.file).read_text().splitlines()
    assert "x + on () group_left () x" in lines[failure.line - 1]


def test_every_rule_that_fails_at_an_instant_is_told(tmp_path: Path) -> None:
    """As in promtool the test ends with that instant, not with that rule."""
    pairs = [{"series": f'x{{i="{i}"}}', "values": "_ 1"} for i in "12"]
    rules = [{"record": name, "expr": "sum(x) * on () x"} for name in ("a", "b")]
    (test,) = run(
        tmp_path, [group(*rules)], {"input_series": pairs, "promql_expr_test": [expr_test("9m", "a + b")]}
    ).tests
    assert [failure.title for failure in test.failures] == ["rule: a, time: 1m", "rule: b, time: 1m"]


def test_run_chooses_by_name(tmp_path: Path) -> None:
    """Tests whose names match are run; one without a name is called nothing."""
    tests = [{"name": "one"}, {"name": "two"}, {}]
    path = write(tmp_path, [], *tests)
    names = {
        pattern: [test.name for test in run_file(path, Choice.of([pattern])).tests]
        for pattern in ("o", "^$", "^tw", "x", "^[[:alpha:]]+$", "(?i)ON\\z")
    }
    assert names == {
        "o": ["one", "two"],
        "^$": [""],
        "^tw": ["two"],
        "x": [],
        "^[[:alpha:]]+$": ["one", "two"],
        "(?i)ON\\z": [],
    }
    assert run_file(path, Choice.of(["two", "one"])).skipped == ("unnamed#2",)


def test_coverage(tmp_path: Path) -> None:
    """A rule is tested when a question names it or what is asked for reads it; an alert fires when a test sees it."""
    test = {
        "input_series": series(x="1"),
        "alert_rule_test": [alert_test("0", "Reads", exp_alerts=[{}]), alert_test("0", "Quiet")],
    }
    groups = [*UNREAD, group({"alert": "Quiet", "expr": "x > 5"}, name="third")]
    outcome = run(tmp_path, groups, test)
    assert outcome.passed, told(outcome)
    found = {covered.rule.name: (covered.tested, covered.fired) for covered in outcome.rules.values()}
    assert found == {
        "fails": (False, False),
        "a:b": (True, False),
        "Reads": (True, True),
        "Other": (False, False),
        "Quiet": (True, False),
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("r*.yml", 1), ("*/r.yml", 1), ("sub/../r?les.yml", 1), ("[^a]ules.yml", 1), ("none*.yml", 0)],
)
def test_rule_files(tmp_path: Path, pattern: str, found: int) -> None:
    """Patterns are seen from the file's folder, with wildcards in any part; one without a match is a warning."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "r.yml").write_text("groups: []\n")
    outcome = run_file(write(tmp_path, [], {}, rule_files=[pattern, pattern]))
    assert outcome.passed
    assert len(outcome.watched) == 1 + found
    assert outcome.warnings == (() if found else (f"no file match pattern {tmp_path}/{pattern}",) * 2)


def test_mistakes_in_rule_files(tmp_path: Path) -> None:
    """A rule file that cannot be read lets no test run, and names the place."""
    outcome = run(tmp_path, [group({"alert": "A", "expr": "x +"})], {})
    assert not outcome.passed
    assert f"{tmp_path}/rules.yml:5:" in outcome.problems[0]
    assert run(tmp_path, [group({"alert": "A", "expr": "x +"})], {"name": "a"}, choice=Choice.of(["b"])).passed


def test_rule_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder that a pattern matches, and a file that is not UTF-8."""
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "latin.yml").write_bytes(b"\xe9")
    outcome = run_file(write(tmp_path, [], {}, rule_files=["folder.*", "latin.*"]))
    assert outcome.problems == (
        f"{tmp_path}/folder.yml:1:1: the file cannot be read: Is a directory",
        f"{tmp_path}/latin.yml:1:1: the file is not UTF-8 from byte 0 on; convert it",
    )


def test_input_series_that_cannot_be_read(tmp_path: Path) -> None:
    """All of them are told, each with its line; the other tests are run."""
    bad = [{"series": "a{", "values": "1"}, {"series": "a", "values": "1"}, {"series": "b", "values": "1 x"}]
    path = write(tmp_path, [], {"input_series": bad}, {})
    first, second = run_file(path).tests
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if "series: " in line]
    assert [failure.line for failure in first.failures] == [lines[0], lines[2]]
    assert all(failure.kind is Kind.INPUT for failure in first.failures)
    assert second.passed


def test_external_labels_and_url(tmp_path: Path) -> None:
    """Templates see them; alerts do not have them, as in Prometheus before it sends."""
    rule = {"alert": "A", "expr": "x", "annotations": {"text": "{{ $externalLabels.zone }} {{ $externalURL }}"}}
    expected = {"exp_annotations": {"text": "z http://a.example"}}
    test = {"input_series": series(x="1"), "alert_rule_test": [alert_test("0", "A", exp_alerts=[expected])]}
    test = {**test, "external_labels": {"zone": "z"}, "external_url": "http://a.example"}
    outcome = run(tmp_path, [group(rule)], test)
    assert outcome.passed, told(outcome)


def test_a_month_at_thirty_seconds(tmp_path: Path) -> None:
    """Windows of 28 days cost what changes in them: a day at their end is as quick as one at their beginning."""
    rules = [
        {"record": "r", "expr": "rate(x[28d])"},
        {"alert": "A", "expr": "r < 0.1 or avg_over_time(x[28d]) < 0 or max_over_time(sum(x)[28d:30s]) < 0"},
    ]
    test = {"interval": "30s", "input_series": series(x="0+60x86400"), "alert_rule_test": [alert_test("29d", "A")]}
    started = time.process_time()
    outcome = run(tmp_path, [group(*rules)], test, evaluation_interval="30m")
    assert outcome.passed, told(outcome)
    # Over all samples of every window it would be minutes.
    assert time.process_time() - started < 30
