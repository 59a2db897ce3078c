"""The base of every error that alertd raises on purpose, and the form of a complaint about a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class AlertdError(Exception):
    """Something that alertd found wrong and can explain to a person."""


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file: where it is, and a sentence that says what was found and what would be right.

    `line` and `column` count from 1; `field` is the dotted path of the value, as `groups.0.rules.2.for`.
    """

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class InvalidInput(AlertdError):
    """A file was refused whole; `problems` holds every mistake in it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
