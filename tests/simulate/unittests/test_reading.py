"""Files of unit tests are read strictly: each mistake has its line and says what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.errors import InvalidInput
from alertd.simulate.unittests.reading import parse_tests, read_test_file


def test_defaults() -> None:
    """An empty file has no tests; a test that says nothing has the file's interval and starts at 0."""
    assert parse_tests("", "t.yml").tests == ()
    file = parse_tests("evaluation_interval: 30s\ntests: [{}, {interval: 5s, name: two}]", "t.yml")
    assert [(test.title, test.interval, test.start) for test in file.tests] == [
        ("unnamed#0", 30_000, 0),
        ("two", 5_000, 0),
    ]
    assert parse_tests("evaluation_interval: 0s", "t.yml").interval == 60_000


def test_further_documents_are_left_alone() -> None:
    """As in promtool, a file is its first YAML document."""
    assert len(parse_tests("tests: [{}]\n---\ngroups: []\n", "t.yml").tests) == 1


@pytest.mark.parametrize(
    ("text", "partial"),
    [
        ("tests: [{alert_rule_test: [{alertname: A}]}]", False),
        ("{match: partial, tests: [{alert_rule_test: [{alertname: A}]}]}", True),
        ("tests: [{match: partial, alert_rule_test: [{alertname: A}]}]", True),
        ("{match: partial, tests: [{match: exact, alert_rule_test: [{alertname: A}]}]}", False),
        ("tests: [{match: exact, alert_rule_test: [{alertname: A, match: partial}]}]", True),
    ],
)
def test_match(text: str, partial: bool) -> None:
    """`match` stands at the file, at a test and at a question; the nearest one counts."""
    assert parse_tests(text, "t.yml").tests[0].alert_tests[0].partial == partial


def test_texts_stay_as_they_are_written() -> None:
    """Numbers and truth values among labels and values are texts; a series that is commented out is none."""
    file = parse_tests(
        "tests:\n"
        "  - input_series: [{series: up, values: 1.10}, {series: '# up', values: 1}]\n"
        "    alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: {code: 500, on: true}}]}]\n",
        "t.yml",
    )
    (test,) = file.tests
    assert [series.values for series in test.series] == ["1.10"]
    (alert,) = test.alert_tests[0].firing
    assert {name: wanted.text for name, wanted in alert.labels.items()} == {
        "alertname": "A",
        "code": "500",
        "on": "true",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("-0x10", -16.0),
        ("1e3", 1000.0),
        ("0x10", 16.0),
        ("1_000", 1000.0),
        ("+.5", 0.5),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
        ("''", 0.0),
    ],
)
def test_values(text: str, value: float) -> None:
    """Numbers as Go and YAML write them."""
    file = parse_tests(f"tests: [{{promql_expr_test: [{{expr: x, exp_samples: [{{value: {text}}}]}}]}}]", "t.yml")
    assert file.tests[0].expr_tests[0].samples[0].value == value


@pytest.mark.parametrize(
    ("start", "instant"),
    [("1.5", 1500), ("2026-01-31T12:00:00Z", 1769860800000), ("'2026-01-31T12:00:00.250+01:00'", 1769857200250)],
)
def test_start(start: str, instant: int) -> None:
    """A start is in seconds or a time."""
    assert parse_tests(f"tests: [{{start_timestamp: {start}}}]", "t.yml").tests[0].start == instant


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("groups: []", 1, "no key 'groups'"),
        ("test: []", 1, "did you mean 'tests'?"),
        (
            "tests:\n  - alert_rule_test:\n      - eval_time: 5m",
            3,
            "misses required attribute alertname at eval_time 5m",
        ),
        ("tests:\n  - name: n\n    alert_rule_test: [{}]", 3, "at eval_time 0s (in TestGroup n)"),
        ("tests:\n  - alert_rule_test:\n      - {alertname: A, eval_time: 5}", 3, "not a valid duration"),
        ("match: some", 1, "one of exact, partial"),
        ("group_eval_order:\n  - a\n  - a", 3, "group name repeated in evaluation order: a"),
        ("tests:\n  - start_timestamp: noon", 2, "in seconds or a time such as"),
        ("tests:\n  - promql_expr_test: [{exp_samples: [{value: many}]}]", 2, "`value` is a number; this is 'many'"),
        (
            "tests:\n  - alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: {a: {has: b}}}]}]",
            2,
            "{contains: TEXT}",
        ),
        (
            "tests:\n  - alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: {a: {matches: '('}}}]}]",
            2,
            "no regular",
        ),
        (
            "tests:\n  - alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: []}]}]",
            2,
            "a mapping of names to texts",
        ),
        ("rule_files:\n  - [a]", 2, "a list of texts"),
        ("tests: [1]", 1, "a test is a mapping"),
    ],
)
def test_mistakes(text: str, line: int, message: str) -> None:
    """A mistake is told with its line."""
    with pytest.raises(InvalidInput) as refused:
        parse_tests(text, "t.yml")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == ("t.yml", line)
    assert message in problem.message


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        ("a/*.yml", True),
        ("[a-z]?", True),
        ("[^a-b]]", True),
        ("[[]", True),
        ("[\\]]", True),
        ("\\[", True),
        ("a[", False),
        ("[]", False),
        ("[]a]", False),
        ("[^]", False),
        ("[-a]", False),
        ("[a-]", False),
        ("[a/b]", False),
        ("a\\", False),
    ],
)
def test_patterns_of_rule_files(pattern: str, right: bool) -> None:
    """What Go does not take as a pattern is a mistake, as in promtool."""
    text = f"tests: []\nrule_files:\n  - x.yml\n  - '{pattern}'\n"
    if right:
        assert parse_tests(text, "t.yml").rule_files == ("x.yml", pattern)
        return
    with pytest.raises(InvalidInput, match=r"t.yml:4:5: rule_files.1: syntax error in pattern"):
        parse_tests(text, "t.yml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there, and one that is not UTF-8."""
    with pytest.raises(InvalidInput, match="the file cannot be read: No such file"):
        read_test_file(tmp_path / "none.yml")
    path = tmp_path / "latin.yml"
    path.write_bytes(b"tests:\n  - name: \xe9\n")
    with pytest.raises(InvalidInput, match=r"latin.yml:2:1: the file is not UTF-8 here"):
        read_test_file(path)
