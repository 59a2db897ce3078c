"""The outcome as JUnit's XML, in the form that promtool writes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from alertd.simulate.unittests.junit import junit
from alertd.simulate.unittests.running import Choice
from tests.simulate.unittests.writing import alert_test, expr_test, group, run


def test_suites(tmp_path: Path) -> None:
    """A file is a suite, a test a case: one that fails says why, one without a name is numbered, others are skipped."""
    tests = [
        {"alert_rule_test": [alert_test("0", "A")], "name": "good"},
        {"promql_expr_test": [expr_test("0", 'vector(1) or vector(2) < "\x01"')]},
        {"name": "left out"},
    ]
    outcome = run(tmp_path, [], *tests, choice=Choice.of(["good", "^$"]))
    (suite,) = ET.fromstring(junit([outcome], "2026-01-31T12:00:00.000Z"))
    assert {name: suite.attrib[name] for name in ("name", "tests", "failures", "errors", "skipped", "timestamp")} == {
        "name": str(tmp_path / "tests.yml"),
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "timestamp": "2026-01-31T12:00:00.000Z",
    }
    good, bad, left_out, warnings = suite
    assert (warnings.tag, warnings.text) == ("system-err", f"{tmp_path}/tests.yml:5: no alerting rule is called A")
    assert (good.attrib["name"], len(good)) == ("good", 0)
    assert bad.attrib["name"] == "unnamed#1"
    assert (left_out.attrib["name"], [element.tag for element in left_out]) == ("left out", ["skipped"])
    (failure,) = bad
    assert failure.attrib["type"] == "expression"
    assert f"{tmp_path}/tests.yml:" in str(failure.text)


def test_files_that_cannot_be_run(tmp_path: Path) -> None:
    """A mistake in a file is an error of a case of its own."""
    outcome = run(tmp_path, [group({"alert": "A", "expr": "x +"})], {"name": "a"})
    (suite,) = ET.fromstring(junit([outcome], ""))
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    (case,) = suite
    assert case.attrib["name"] == "unknown"
    assert "could not parse expression" in str(case[0].text)
