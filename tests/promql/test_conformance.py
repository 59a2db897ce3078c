"""Prometheus' own evaluation tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.promql.testscript import run_script

CONFORMANCE = os.environ.get("ALERTD_CONFORMANCE", "")

# What each file holds.
FILES = {
    "aggregators": 160,
    "at_modifier": 78,
    "collision": 2,
    "limit": 37,
    "literals": 25,
    "name_label_dropping": 30,
    "operators": 214,
    "range_queries": 18,
    "selectors": 31,
    "staleness": 17,
    "trig_functions": 19,
}


@pytest.mark.conformance
@pytest.mark.skipif(not CONFORMANCE, reason="ALERTD_CONFORMANCE names no folder")
@pytest.mark.parametrize("name", FILES)
def test_file(name: str) -> None:
    """Every case of the file passes, and none is lost on the way."""
    text = (Path(CONFORMANCE) / "promqltest" / f"{name}.test").read_text()
    report = run_script(text)
    assert [f"{case.line}: {case.text}: {case.reason}" for case in report.failures] == []
    assert len(report.cases) == FILES[name]


@pytest.mark.conformance
@pytest.mark.skipif(not CONFORMANCE, reason="ALERTD_CONFORMANCE names no folder")
def test_no_file_is_forgotten() -> None:
    """Every script of the folder is in the table."""
    assert {path.stem for path in (Path(CONFORMANCE) / "promqltest").glob("*.test")} == FILES.keys()
