"""Answers what the texts of a rule ask: decide, ask what was missing, decide again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from alertd.promql import ALL_FEATURES, ParseError, parse
from alertd.rules.asking import Answers
from alertd.rules.evaluation import Context, RuleFailed
from alertd.sources.base import Source, SourceError

T = TypeVar("T")


async def decided(decide: Callable[..., T], context: Context, source: Source, at: int, time_limit: int) -> T:
    """What `decide(context=…)` comes to with every answer that templates ask `source` for, as of the instant `at`.

    All questions together may take `time_limit` milliseconds; those without an answer by then have failed. Raises
    what `decide` raises.
    """
    answers = Answers()
    asking = replace(context, query=answers.ask)
    deadline = asyncio.get_running_loop().time() + time_limit / 1000
    while True:
        failure: RuleFailed | None = None
        try:
            outcome = decide(context=asking)
        except RuleFailed as error:
            failure = error
        missing = answers.missing()
        if missing:
            await asyncio.gather(*(_answer(answers, text, source, at, deadline) for text in missing))
        elif failure is not None:
            raise failure
        else:
            return outcome


async def _answer(answers: Answers, text: str, source: Source, at: int, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            answer = await source.query(parse(text, features=ALL_FEATURES), at)
    except (ParseError, SourceError) as error:
        answers.answer(text, str(error))
    except TimeoutError:
        answers.answer(text, "the texts of the rule asked for longer than its group's interval")
    else:
        answers.answer(text, answer.samples)
