"""What a source is: something that answers an expression with samples, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alertd.errors import AlertdError
from alertd.promql import Expr


@dataclass(frozen=True)
class Answer:
    """An instant vector: label sets (with `__name__` where the expression keeps it) and values, and warnings.

    A scalar is answered as one sample without labels.
    """

    samples: list[tuple[dict[str, str], float]]
    warnings: tuple[str, ...] = ()


class Failure(StrEnum):
    """Why a source gave no answer."""

    BAD_EXPRESSION = "bad expression"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    SERVER = "server"


class SourceError(AlertdError):
    """A source gave no answer; `failure` is its kind, the text is the source's own where it has one."""

    def __init__(self, failure: Failure, message: str) -> None:
        self.failure = failure
        super().__init__(message)


class Source(Protocol):
    """Answers expressions."""

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at the instant `at` (milliseconds). Raises SourceError."""
        ...


class Labelled:
    """A source whose samples get labels that they do not have."""

    def __init__(self, source: Source, labels: Mapping[str, str]) -> None:
        self._source = source
        self._labels = dict(labels)

    async def query(self, expr: Expr, at: int) -> Answer:
        """What the source answers, with the labels. Raises SourceError."""
        answer = await self._source.query(expr, at)
        samples = [({**self._labels, **labels}, value) for labels, value in answer.samples]
        return Answer(samples, answer.warnings)
