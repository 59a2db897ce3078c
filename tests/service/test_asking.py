"""What the texts of a rule ask of its source: rounds of questions, failures, and the time that they may take."""

from __future__ import annotations

import asyncio

import pytest

from alertd.promql import Expr
from alertd.rules.asking import Unanswered
from alertd.rules.evaluation import Context, RuleFailed
from alertd.service.asking import decided
from alertd.sources.base import Answer, Failure, SourceError


class Numbers:
    """A source that answers with the length of what it is asked; `hang` never answers, `fail` fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def query(self, expr: Expr, at: int) -> Answer:
        self.asked.append((str(expr), at))
        if str(expr) == "hang":
            await asyncio.Event().wait()
        if str(expr) == "fail":
            raise SourceError(Failure.SERVER, "out of order")
        return Answer([({}, float(len(str(expr))))])


def value(context: Context, expression: str) -> float:
    """What a template would see."""
    assert context.query is not None
    ((_, found),) = context.query(expression)
    return found


async def test_questions_that_follow_from_answers() -> None:
    """A decision is made again until everything that it asks is answered, as of one instant, each question once."""
    source = Numbers()

    def decide(context: Context) -> float:
        try:
            return value(context, "c" * int(value(context, "ab") + value(context, "ab")))
        except Unanswered:
            return -1.0

    assert await decided(decide, Context(), source, 5, 60_000) == 4.0
    assert source.asked == [("ab", 5), ("cccc", 5)]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("fail", "out of order"),
        ("up{", "1:4: parse error: unexpected end of input inside braces"),
        ("hang", "the texts of the rule asked for longer than its group's interval"),
    ],
)
async def test_what_gets_no_answer(expression: str, reason: str) -> None:
    """The template hears why: the source's words, the parser's, or that the time is over."""

    def decide(context: Context) -> str:
        try:
            return str(value(context, expression))
        except ValueError as error:
            return str(error)
        except Unanswered:
            return ""

    assert await decided(decide, Context(), Numbers(), 0, 20) == reason


async def test_a_decision_that_fails() -> None:
    """A failure counts only once everything is answered: with blanks in their texts, alerts may look the same."""
    source = Numbers()

    def decide(context: Context) -> str:
        try:
            value(context, "a")
        except Unanswered as error:
            raise RuleFailed("the same labels") from error
        raise RuleFailed("in earnest")

    with pytest.raises(RuleFailed, match="in earnest"):
        await decided(decide, Context(), source, 0, 60_000)
    assert source.asked == [("a", 0)]
