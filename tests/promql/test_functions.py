"""What functions and operators compute, told in promqltest scripts (tests/promql/scripts)."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.promql.testscript import run_script

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path) -> None:
    """Every case of the script holds."""
    report = run_script(path.read_text())
    assert [f"{case.line}: {case.text}: {case.reason}" for case in report.failures] == []
    assert report.cases
