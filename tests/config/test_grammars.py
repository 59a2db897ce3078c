"""The modes of matchers: which names and matchers each takes, and what the default warns about."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.errors import InvalidInput
from alertd.routing.matchers import Grammar
from tests.config.verdicts import child, receiver, route, top

CLASSIC, UTF8, FALLBACK = Grammar.CLASSIC, Grammar.UTF8, Grammar.FALLBACK


def load(text: str, grammar: Grammar = FALLBACK) -> Config:
    return parse_config(text, "f.yml", Path(), {}, grammar)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (child("matchers: ['a=b c']"), {CLASSIC, FALLBACK}),
        (child("matchers: ['a=']"), {CLASSIC, FALLBACK}),
        (child("matchers: ['\"ä b\"=x']"), {UTF8, FALLBACK}),
        (child("matchers: ['ä=x']"), {UTF8, FALLBACK}),
        (child("matchers: ['a=\"b\"', '{c=~\"d\"}']"), {CLASSIC, UTF8, FALLBACK}),
        (top("inhibit_rules: [{source_matchers: ['ä=x']}]"), {UTF8, FALLBACK}),
        (route("group_by: [ä]"), {UTF8, FALLBACK}),
        (route("group_by: ['1a']"), {UTF8, FALLBACK}),
        (route("group_by: [a_b]"), {CLASSIC, UTF8, FALLBACK}),
        (route("group_by: ['...']"), {CLASSIC, UTF8, FALLBACK}),
        (route("labels: {ä: x}"), {UTF8, FALLBACK}),
        (receiver("labels: {ä: x}"), {UTF8, FALLBACK}),
        (top("inhibit_rules: [{equal: [ä]}]"), {UTF8, FALLBACK}),
        (child("match: {ä: x}"), set()),
        (top("inhibit_rules: [{target_match_re: {ä: x}}]"), set()),
    ],
)
def test_what_each_mode_takes(text: str, taken: set[Grammar]) -> None:
    """Names in UTF-8 need a mode that has them; unquoted values need one that has the classic grammar."""
    found = set()
    for grammar in Grammar:
        try:
            load(text, grammar)
        except InvalidInput:
            continue
        found.add(grammar)
    assert found == taken


def test_the_mode_gives_the_meaning() -> None:
    """A matcher that both grammars take is read in the one of the mode; the classic reading wins by default."""
    text = child("matchers: ['foo=\"\\xf0\\x9f\\x99\\x82\"']")
    values = {grammar: load(text, grammar).route.routes[0].matchers[0].value for grammar in Grammar}
    assert values == {CLASSIC: r"\xf0\x9f\x99\x82", UTF8: "🙂", FALLBACK: r"\xf0\x9f\x99\x82"}


@pytest.mark.parametrize(
    ("matcher", "words"),
    [("foo=", "is no matcher in the UTF-8 grammar"), (r"foo=\"\\xf0\"", "")],
)
def test_warnings(matcher: str, words: str) -> None:
    """The default says which matchers stop to work when the classic grammar goes; the other modes have no doubt."""
    text = child(f'matchers: ["{matcher}"]')
    assert any(words in warning.message for warning in load(text).warnings)
    assert load(text, CLASSIC).warnings == ()


def test_refused_in_strict_mode_with_reason() -> None:
    """The strict mode says what is wrong and how it is written."""
    with pytest.raises(InvalidInput, match="expected a label value"):
        load(child("matchers: ['foo=']"), UTF8)
