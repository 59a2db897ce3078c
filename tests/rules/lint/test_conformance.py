"""The lint over a large public collection of rules, and beside promtool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from alertd.errors import InvalidInput
from alertd.rules.lint.catalogue import CHECKS
from alertd.rules.lint.check import Severity
from alertd.rules.lint.linting import lint, read
from alertd.rules.lint.subject import LintFile

ROOT = Path(os.environ.get("ALERTD_CONFORMANCE", ""))
PROMTOOL = shutil.which("promtool")
_METRIC = re.compile(r"^Metric: (.+)$", re.MULTILINE)

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set"),
]


def files(folder: str, pattern: str) -> list[LintFile]:
    """The good rule files below a folder of the collection."""
    found = []
    for path in sorted((ROOT / folder).glob(pattern)):
        try:
            found.append(read(path.read_text(encoding="utf-8"), str(path)))
        except InvalidInput:
            continue
    return found


def test_the_collection() -> None:
    """What the lint finds in the collection; a change of these counts asks to look at what changed."""
    counts = Counter(finding.check for finding in lint(files("rules", "**/*.yml"), now=0))
    assert counts == {
        "absent-without-for": 2,
        "delta-of-counter": 2,
        "division-in-aggregation": 4,
        "impossible-match": 5,
        "missing-label": 231,
        "never-true": 4,
        "no-comparison": 1,
        "redundant-for": 246,
        "regexp-anchors": 8,
        "regexp-without-pattern": 5,
        "value-unformatted": 244,
    }
    assert {name for name in counts if CHECKS[name].severity is Severity.ERROR} == set()


def duplicates(file: LintFile) -> set[str]:
    """The names of the rules that alertd finds twice."""
    names = {".".join(map(str, subject.path)): subject.rule.name for subject in file.subjects()}
    found = [finding for finding in lint([file], now=0) if finding.check == "duplicate-rules"]
    return {names[finding.problem.field.rpartition(".")[0]] for finding in found}


def promtool(*paths: str) -> tuple[int, set[str]]:
    """The exit code of promtool's lint, and the names that it finds twice."""
    assert PROMTOOL is not None
    command = [PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, set(_METRIC.findall(done.stdout + done.stderr))


@pytest.mark.peer
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_duplicates_are_those_of_promtool() -> None:
    """promtool finds the same names twice in its own files, and none in the collection."""
    own = files("promtool", "*.yml")
    theirs = {file.rules.path: promtool(file.rules.path) for file in own}
    assert {file.rules.path: (3 if duplicates(file) else 0, duplicates(file)) for file in own} == theirs
    assert {code for code, _ in theirs.values()} == {0, 3}
    assert promtool(*(file.rules.path for file in files("rules", "**/*.yml"))) == (0, set())
