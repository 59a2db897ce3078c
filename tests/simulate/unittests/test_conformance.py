"""The public files of promtool's own tests: the verdict of each, beside that of the promtool that is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.simulate.unittests.running import run_file
from tests.simulate.unittests.promtool import PROMTOOL, ask, reasons, titles

SUITE = os.environ.get("ALERTD_CONFORMANCE")
FOLDER = Path(SUITE or "/nowhere") / "promtool"

#: For each file the part of the reason that it must fail for, "" for those that must pass.
VERDICTS = {
    "at-modifier-test.yml": "",
    "bad-input-series.yml": "inside braces",
    "bad-promql.yml": "many-to-many matching not allowed: matching labels must be unique on one side",
    "bad-rules-error-test.yml": "many-to-many matching not allowed: matching labels must be unique on one side",
    "bad-rules-syntax-test.yml": "could not parse expression: 1:7: parse error: unexpected end of input",
    "failing.yml": "exp: 1 firing alert, got: no firing alert",
    "long-period.yml": "",
    "negative-offset-test.yml": "",
    "no-test-group-interval.yml": "",
    "rules_run.yml": 'got: {__name__="test"} 0',
    "rules_run_fuzzy.yml": 'got: {__name__="test_low"} 2.9999999999999987',
    "rules_run_no_fuzzy.yml": 'got: {__name__="test_low"} 2.9999999999999996',
    "unittest.yml": "",
}
#: What promtool 2.42 says of those that were written for a later one, with the reason.
LATER = {
    # There a test without an interval has all its samples at one instant; now it has the evaluation interval.
    "no-test-group-interval.yml": 'got: {__name__="test"} 0E+00',
    # `fuzzy_compare` came later.
    "rules_run_fuzzy.yml": "field fuzzy_compare not found",
    "rules_run_no_fuzzy.yml": "field fuzzy_compare not found",
    # Expected samples that are native histograms came later.
    "unittest.yml": "field histogram not found",
}

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(SUITE is None, reason="ALERTD_CONFORMANCE does not name the suites"),
]


def test_no_file_is_forgotten() -> None:
    """Every file of the suite that holds tests has its verdict here."""
    with_tests = {path.name for path in FOLDER.glob("*.yml") if "\ntests:" in f"\n{path.read_text()}"}
    assert with_tests == VERDICTS.keys()


@pytest.mark.parametrize(("name", "reason"), VERDICTS.items())
def test_verdict(name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file passes, or fails for the reason that it was written for."""
    monkeypatch.chdir(FOLDER)
    outcome = run_file(Path(name))
    assert outcome.passed == (not reason), reasons(outcome)
    assert reason in "\n".join(reasons(outcome))


@pytest.mark.peer
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize(("name", "reason"), VERDICTS.items())
def test_beside_promtool(name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """promtool says the same, question by question, except where a file needs a later one."""
    monkeypatch.chdir(FOLDER)
    theirs = ask(FOLDER / name)
    if name in LATER:
        assert not theirs.passed
        assert LATER[name] in theirs.output
        return
    outcome = run_file(Path(name))
    assert outcome.passed == theirs.passed
    assert titles(outcome) == theirs.titles or titles(outcome) == ["input_series"]
    for shared in ("many-to-many matching", "unexpected end of input", "inside braces"):
        assert (shared in reason) == (shared in theirs.output)
