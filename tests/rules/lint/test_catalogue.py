"""The checks: each one's examples hold, its documentation is printed and linked to pint's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.rules.lint.catalogue import CHECKS, PINT
from alertd.rules.lint.check import Severity
from alertd.rules.lint.linting import lint
from alertd.rules.lint.reference import sections
from tests.rules.lint.linted import file_of, found_in

DOCS = Path(__file__).parents[3] / "docs" / "linting.md"


@pytest.mark.parametrize("name", [name for name in CHECKS if name != "repeated-rule"])
def test_the_wrong_example_is_found(name: str) -> None:
    """What a check shows as wrong is what it finds."""
    assert name in {finding.check for finding in found_in(CHECKS[name].wrong)}


@pytest.mark.parametrize("name", CHECKS)
def test_the_right_example_is_good(name: str) -> None:
    """What a check shows as better has no finding of it, and none of another check that is more than a hint."""
    found = {finding.check for finding in found_in(CHECKS[name].right)}
    assert name not in found
    assert {other for other in found if CHECKS[other].severity > Severity.INFO} == set()


def test_a_rule_in_two_files_is_found() -> None:
    """The one example that needs two files."""
    example = CHECKS["repeated-rule"].wrong
    (finding,) = [
        finding
        for finding in lint([file_of(example, "a.yml"), file_of(example, "b.yml")], now=0)
        if finding.check == "repeated-rule"
    ]
    assert str(finding.problem) == (
        "b.yml:4:13: groups.0.rules.0.record: the same rule is in a.yml, line 4; keep one of them"
    )


def test_the_documentation_is_current() -> None:
    """docs/linting.md ends with what `python -m alertd.rules.lint.reference` prints."""
    assert DOCS.read_text(encoding="utf-8").endswith(sections())


def test_what_is_printed_of_a_check() -> None:
    """A check's explanation names it, shows both examples and how to switch it off."""
    text = CHECKS["redundant-for"].explained()
    assert text.startswith("redundant-for (info): `for` or `keep_firing_for` is 0\n")
    assert "Found:\n    - alert: Down\n" in text
    assert "# alertd disable redundant-for" in text
    assert text.endswith("pint's name for it: alerts/for")


def test_names_of_pint() -> None:
    """One check of pint may be several here."""
    assert PINT["alerts/comparison"] == ("no-comparison", "comparison-with-bool")
    assert set(PINT["promql/regexp"]) == {name for name in CHECKS if name.startswith("regexp-")}
