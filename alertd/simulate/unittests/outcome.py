"""What came of running files of unit tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alertd.rules.models import Rule


class Kind(StrEnum):
    """What a failure is about."""

    ALERT = "alert"
    EXPRESSION = "expression"
    RULE = "rule"
    INPUT = "input"


@dataclass(frozen=True)
class Failure:
    """One thing that is not as a test wants it: `title` says which, `details` what differs, line by line.

    `at` is the instant after the start of the test in milliseconds.
    """

    kind: Kind
    file: str
    line: int
    at: int
    title: str
    details: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class TestOutcome:
    """How one element of `tests` ended; `duration` in milliseconds.

    `stored` are all series with their samples, a line each, where they were asked for.
    """

    # pytest must not take it for a test of its own.
    __test__ = False

    name: str
    title: str
    line: int
    duration: int
    failures: tuple[Failure, ...]
    stored: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True)
class Covered:
    """A rule that was loaded. `tested` says whether a test asked about it, `fired` whether one saw an alert of it."""

    file: str
    group: str
    rule: Rule
    tested: bool
    fired: bool


@dataclass(frozen=True)
class FileOutcome:
    """How one file ended. `problems` are mistakes that let none of its tests run.

    `skipped` are the titles of the tests that were not wanted. `rules` are the rules that it loaded, by file and id;
    `watched` are the files that it read, `patterns` those of its rule files.
    """

    path: str
    tests: tuple[TestOutcome, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    rules: Mapping[tuple[str, str], Covered] = field(default_factory=dict)
    watched: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems and all(test.passed for test in self.tests)


def merged(files: Iterable[FileOutcome]) -> list[Covered]:
    """All rules that some file loaded, each once, with what any of the tests asked of it."""
    found: dict[tuple[str, str], Covered] = {}
    for file in files:
        for key, covered in file.rules.items():
            before = found.get(key, covered)
            found[key] = Covered(
                covered.file,
                covered.group,
                covered.rule,
                covered.tested or before.tested,
                covered.fired or before.fired,
            )
    return sorted(found.values(), key=lambda covered: (covered.file, covered.rule.line))
