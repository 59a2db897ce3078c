"""`alertd test`: promtool's files with promtool's exit codes, and the outcome in every form."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

import pytest

from alertd.cli.app import run

RULES = """
groups:
  - name: g
    rules:
      - {alert: Down, expr: up == 0, labels: {severity: page}, annotations: {summary: "{{ $labels.job }} is down"}}
      - {record: unread, expr: up}
"""
TESTS = """
rule_files: [rules.yml]
tests:
  - name: all down
    input_series: [{series: 'up{job="a"}', values: 0x5}]
    alert_rule_test:
      - eval_time: 1m
        alertname: Down
        exp_alerts: [{exp_labels: {severity: %s, job: a}, exp_annotations: {summary: {contains: down}}}]
  - name: others
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """A file of two tests that pass."""
    (tmp_path / "rules.yml").write_text(RULES)
    path = tmp_path / "tests.yml"
    path.write_text(TESTS % "page")
    return path


def fail(tests: Path) -> None:
    tests.write_text(TESTS % "info")


def test_success(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What passes is told as promtool does."""
    assert run(["test", str(tests)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"Unit Testing:  {tests}\n  SUCCESS\n\n"
    assert printed.err == ""


def test_failure(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What fails has its name, its time, its file and line, and the difference."""
    fail(tests)
    assert run(["test", str(tests)]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"Unit Testing:  {tests}\n\n"
    assert printed.err.splitlines() == [
        "  FAILED:",
        "    name: all down,",
        f"    alertname: Down, time: 1m, at {tests}:7:",
        "        exp: 1 firing alert, got: 1 firing alert",
        "        an alert that differs (line 9):",
        "            labels:",
        '                alertname: "Down"',
        '                job: "a"',
        '              - severity: "info"',
        '              + severity: "page"',
        "            annotations:",
        '                summary: "a is down"',
        "",
    ]


def test_mistakes(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a mistake fails with file and line; the others are run."""
    broken = tests.with_name("broken.yml")
    broken.write_text("tests:\n  - names: x\n")
    assert run(["test", str(broken), str(tests)]) == 1
    printed = capsys.readouterr()
    assert f"    {broken}:2:5: tests.0.names: a test has no key 'names'; did you mean 'name'?" in printed.err
    assert f"Unit Testing:  {tests}\n  SUCCESS" in printed.out


def test_a_pattern_without_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a warning, as in promtool."""
    path = tmp_path / "t.yml"
    path.write_text("rule_files: [none.yml]\ntests: [{}]\n")
    assert run(["test", str(path)]) == 0
    assert capsys.readouterr().err == f"  WARNING: no file match pattern {tmp_path}/none.yml\n"


def test_run(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only tests whose name matches are run; what is no pattern is a mistake of the command line."""
    fail(tests)
    assert run(["test", "--run", "oth", str(tests)]) == 0
    assert run(["test", "--run", "oth", "--run", "all", str(tests)]) == 1
    assert run(["test", "--run", "(", str(tests)]) == 2
    assert "no regular expression: error parsing regexp: missing closing ): `(`" in capsys.readouterr().err


def test_run_that_matches_nothing(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no failure, as in promtool, but nobody is told that something succeeded."""
    assert run(["test", "--run", "nobody", str(tests)]) == 0
    assert capsys.readouterr().out == f"Unit Testing:  {tests}\n  no test matches --run (2 skipped)\n\n"


def test_json(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get every failure with its place, and the coverage where it is asked for."""
    fail(tests)
    assert run(["test", "--json", "--coverage", str(tests)]) == 1
    printed = capsys.readouterr()
    outcome = json.loads(printed.out)
    assert printed.err == ""
    (file,) = outcome["files"]
    assert (outcome["passed"], file["passed"]) == (False, False)
    failed, passed = file["tests"]
    assert (failed["name"], failed["passed"], passed["passed"]) == ("all down", False, True)
    (failure,) = failed["failures"]
    assert (failure["kind"], failure["line"], failure["time"]) == ("alert", 7, "1m")
    assert (outcome["coverage"]["percent"], outcome["coverage"]["minimum"]) == (50.0, None)
    assert [(rule["name"], rule["tested"], rule["fired"]) for rule in outcome["coverage"]["rules"]] == [
        ("Down", True, True),
        ("unread", False, False),
    ]


@pytest.mark.parametrize(("least", "code"), [("50", 0), ("50.1", 1)])
def test_coverage(tests: Path, least: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that no test touches are listed with their place; fewer tested than asked for is a failure."""
    assert run(["test", "--coverage-min", least, str(tests)]) == code
    printed = capsys.readouterr()
    assert "Coverage: 1 of 2 rules are tested (50.0 %)\n" in printed.out
    assert f"  no test touches the recording rule unread of the group g ({tests.parent}/rules.yml:6)" in printed.out
    assert ("FAILED: the coverage is 50.0 %, at least 50.1 % is asked for" in printed.err) == bool(code)


@pytest.mark.parametrize(("least", "passed"), [("50", True), ("50.1", False)])
def test_coverage_as_json(tests: Path, least: str, passed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict is the exit code's; the files and the coverage have verdicts of their own."""
    assert run(["test", "--json", "--coverage-min", least, str(tests)]) == (not passed)
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["passed"], outcome["files"][0]["passed"]) == (passed, True)
    assert (outcome["coverage"]["passed"], outcome["coverage"]["minimum"]) == (passed, float(least))


@pytest.mark.parametrize(
    ("pattern", "rules", "told"),
    [
        ("nobody", RULES, "0 of 2 rules are tested (0.0 %)"),
        ("others", RULES, "0 of 2 rules are tested (0.0 %)"),
        ("others", "groups: []", "0 of 0 rules are tested (0.0 %)"),
    ],
)
def test_coverage_of_nothing(
    tests: Path, pattern: str, rules: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no test is run every rule is untested, and where there is no rule none is tested."""
    tests.with_name("rules.yml").write_text(rules)
    assert run(["test", "--run", pattern, "--coverage", str(tests)]) == 0
    assert f"Coverage: {told}" in capsys.readouterr().out
    assert run(["test", "--run", pattern, "--coverage-min", "1", str(tests)]) == 1


def test_junit(tests: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The XML is written beside what is printed; a place where it cannot be is told."""
    path = tmp_path / "junit.xml"
    assert run(["test", "--junit", str(path), str(tests)]) == 0
    assert [suite.attrib["tests"] for suite in ET.parse(path).getroot()] == ["2"]
    assert run(["test", "--junit", str(tmp_path / "none" / "junit.xml"), str(tests)]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_unknown_fields(tests: Path) -> None:
    """Keys that others have added to rules are passed over when that is asked for; those of tests never are."""
    rules = tests.with_name("rules.yml")
    rules.write_text(RULES.replace("expr: up == 0", "expr: up == 0, owner: me"))
    assert run(["test", str(tests)]) == 1
    assert run(["test", "--ignore-unknown-fields", str(tests)]) == 0
    tests.write_text(f"{TESTS % 'page'}    owner: me\n")
    assert run(["test", "--ignore-unknown-fields", str(tests)]) == 1


SAVES_THE_NAME = """
tests:
  - input_series: [{series: up, values: 1}]
    promql_expr_test:
      - expr: label_replace(abs(up), "n", "$1", "__name__", "(.*)")
        exp_samples: [{labels: '{n="up"}', value: 1}]
"""


@pytest.mark.parametrize(
    ("features", "code", "unknown"),
    [
        ([], 1, ""),
        (["promql-experimental-functions,promql-duration-expr"], 1, ""),
        (["promql-at-modifier", "promql-delayed-name-removal,"], 0, ""),
        (["promql-delayed-name-removal,new"], 0, "'new'"),
    ],
)
def test_features(
    tests: Path, features: list[str], code: int, unknown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Features are named as for promtool; one that it does not have is a warning, as there."""
    tests.write_text(SAVES_THE_NAME)
    options = [f"--enable-feature={names}" for names in features]
    assert run(["test", *options, str(tests)]) == code
    complaints = [line for line in capsys.readouterr().err.splitlines() if "WARNING" in line]
    assert len(complaints) == bool(unknown)
    assert all(f"unknown feature {unknown} for --enable-feature" in line for line in complaints)


def test_options_of_promtool(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--diff` changes nothing, and a threshold is a minimum by another name."""
    assert run(["test", "--diff", str(tests)]) == 0
    assert run(["test", "--coverage-threshold=50.1", str(tests)]) == 1
    assert "at least 50.1 % is asked for" in capsys.readouterr().err


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_debug(tests: Path, form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """All series with their samples are shown: what was fed in and what rules have written; times are the test's."""
    histogram = "{{count:4 sum:8 buckets:[1 3]}}"
    tests.write_text(
        "rule_files: [rules.yml]\n"
        "tests:\n"
        "  - name: one\n"
        "    start_timestamp: 2026-01-31T12:00:00Z\n"
        "    interval: 30s\n"
        f"    input_series: [{{series: 'h', values: '1 _ {histogram} stale'}}, {{series: up, values: 1}}]\n"
        "    promql_expr_test: [{expr: up, eval_time: 2m, exp_samples: [{labels: up, value: 1}]}]\n"
    )
    assert run(["test", "--debug", "--all-rules", *form, str(tests)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("DEBUG: one took ")
    assert told[1:] == [
        f'    {{__name__="h"}} 1 at 0s, {histogram} at 60s, stale at 90s',
        '    {__name__="up"} 1 at 0s',
        '    {__name__="unread"} 1 at 0s, 1 at 60s, 1 at 120s',
        "",
    ]


def test_all_rules(tests: Path) -> None:
    """A rule that fails and that no question needs is found when all are wanted."""
    rules = tests.with_name("rules.yml")
    rules.write_text(f"{RULES}      - {{record: fails, expr: up * on () (up or vector(1))}}\n")
    tests.write_text((TESTS % "page").replace("  - name: others\n", ""))
    assert run(["test", str(tests)]) == 0
    assert run(["test", "--all-rules", str(tests)]) == 1


@contextmanager
def watching(tests: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    """`alertd test --watch` at work, with what it prints and what it complains of."""
    command = [sys.executable, "-m", "alertd", "test", "--watch", str(tests)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            yield process, process.stdout, process.stderr
        finally:
            process.kill()


def read_until(complaints: IO[str], text: str) -> list[str]:
    """The lines up to the one that has the text."""
    lines = [complaints.readline()]
    while text not in lines[-1]:
        assert lines[-1], "it has ended"
        lines.append(complaints.readline())
    return lines


def test_watch(tests: Path) -> None:
    """The tests run again when a file of rules changes, and end with the last verdict when interrupted."""
    with watching(tests) as (process, printed, complaints):
        assert complaints.readline() == "Waiting for a change; Ctrl-C ends it.\n"
        tests.with_name("rules.yml").write_text(RULES.replace("up == 0", "up == 9"))
        assert complaints.readline() == "  FAILED:\n"
        read_until(complaints, "Waiting")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
        assert printed.read().count("Unit Testing:") == 2


def test_watch_sees_the_first_file_of_a_folder(tests: Path) -> None:
    """What a pattern matches later counts, too, wherever it comes."""
    tests.write_text((TESTS % "page").replace("rules.yml", "rules/*.yml"))
    with watching(tests) as (process, _, complaints):
        read_until(complaints, "Waiting")
        folder = tests.with_name("new")
        folder.mkdir()
        (folder / "r.yml").write_text(RULES)
        folder.rename(tests.with_name("rules"))
        assert len(read_until(complaints, "Waiting")) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
