"""What templates ask with `query`: expressions are collected first, answered outside, and read when rendered again.

Rendering is pure and asks nothing by itself. A text whose question has no answer yet is abandoned and its expression
noted; whoever evaluates the rule answers what was noted and evaluates again, until nothing is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alertd.errors import AlertdError

Sample = tuple[Mapping[str, str], float]

#: How many different expressions the texts of one rule may ask in one evaluation.
MAX_QUESTIONS = 1_000


class Unanswered(AlertdError):
    """A template asked what nobody has answered yet."""


class Answers:
    """The answers that the texts of one rule may read in one evaluation, and what they asked in vain."""

    def __init__(self, limit: int = MAX_QUESTIONS) -> None:
        self._limit = limit
        self._known: dict[str, Sequence[Sample] | str] = {}
        self._missing: dict[str, None] = {}

    def ask(self, expression: str) -> Sequence[Sample]:
        """The samples of an expression. Raises ValueError with the reason when there are none to be had, and
        `Unanswered`."""
        answer = self._known.get(expression)
        if isinstance(answer, str):
            raise ValueError(answer)
        if answer is not None:
            return answer
        if len(self._known) + len(self._missing) >= self._limit and expression not in self._missing:
            raise ValueError(f"the texts of one rule may ask {self._limit} different queries in one evaluation")
        self._missing[expression] = None
        raise Unanswered(expression)

    def answer(self, expression: str, answer: Sequence[Sample] | str) -> None:
        """Give the samples of an expression, or the reason why there are none."""
        self._known[expression] = answer

    def missing(self) -> list[str]:
        """What was asked since the last time and has no answer."""
        missing = list(self._missing)
        self._missing.clear()
        return missing
