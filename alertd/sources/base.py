"""What a source is: something that answers an expression with samples, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

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


Pairs = Sequence[tuple[str, str]]


@runtime_checkable
class Askable(Protocol):
    """A source that is asked over HTTP."""

    def asked_with(self, params: Pairs, headers: Pairs) -> Source:
        """The same source, with these parameters and headers in every request."""
        ...


def asked_with(source: Source, params: Pairs, headers: Pairs) -> Source:
    """The source as it is asked with parameters and headers of HTTP; itself where it is not asked over HTTP."""
    if (params or headers) and isinstance(source, Askable):
        return source.asked_with(params, headers)
    return source


class Labelled:
    """A source whose samples get labels that they do not have."""

    def __init__(self, source: Source, labels: Mapping[str, str]) -> None:
        self._source = source
        self._labels = dict(labels)

    def asked_with(self, params: Pairs, headers: Pairs) -> Source:
        """The same with parameters and headers, where the source is asked over HTTP."""
        return Labelled(asked_with(self._source, params, headers), self._labels)

    async def query(self, expr: Expr, at: int) -> Answer:
        """What the source answers, with the labels. Raises SourceError."""
        answer = await self._source.query(expr, at)
        samples = [({**self._labels, **labels}, value) for labels, value in answer.samples]
        return Answer(samples, answer.warnings)
