"""The real promtool beside alertd: the same file in both, and what each of them says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alertd.simulate.unittests.outcome import FileOutcome

PROMTOOL = shutil.which("promtool")

_TITLE = re.compile(r'^    ((?:alertname|rule): .*?, time: \w+|expr: "(?:[^"\\]|\\.)*", time: \w+),', re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """Whether a file passed, the questions that failed, and everything that was printed."""

    passed: bool
    titles: list[str]
    output: str


def ask(path: Path) -> Verdict:
    """What promtool says of a file of unit tests."""
    assert PROMTOOL is not None
    ran = subprocess.run(
        [PROMTOOL, "test", "rules", path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stderr
    return Verdict(ran.returncode == 0, sorted(_TITLE.findall(ran.stderr)), ran.stdout + ran.stderr)


def titles(outcome: FileOutcome) -> list[str]:
    """The questions that alertd found answered wrongly, in promtool's words."""
    return sorted(failure.title for test in outcome.tests for failure in test.failures)


def reasons(outcome: FileOutcome) -> Sequence[str]:
    """All that alertd says against a file."""
    details = [detail for test in outcome.tests for failure in test.failures for detail in failure.details]
    return [*outcome.problems, *details]
