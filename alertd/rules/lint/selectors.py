"""Checks of the matchers of selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from alertd.promql import Matcher, VectorSelector, selectors
from alertd.promql.lexer import tokenize
from alertd.rules.lint.subject import Finding, Subject

_ANYTHING = frozenset((".*", "(.*)", "(?:.*)"))
_SOMETHING = frozenset((".+", "(.+)", "(?:.+)"))
_WILDCARD = re.compile(r"\.[*+]\??")
_LITERAL = re.compile(r"[\w:/-]+", re.ASCII)
_TEXT = re.compile(r"(?:[^\\.+*?()|{}\[\]^$]|\\[^\w\s])*")
_GROUP = re.compile(r"\((?:\?:)?(?P<inner>[^()]*)\)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# What may hold a bar that separates nothing, and the brackets around one that does so within a group.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|[(|)]", re.DOTALL)
_BEGINNING = re.compile(r"\A(?:\^|\\A)(?![*+?{])")
_END = re.compile(r"(?<!\\)((?:\\\\)*)(?:\$|\\z)\Z")


def check_selectors(subject: Subject) -> Iterator[Finding]:
    for selector in selectors(subject.rule.parsed):
        places = _places(subject.rule.expr, selector)
        for matcher, place in zip(selector.matchers, places, strict=True):
            if matcher.op in ("=~", "!~"):
                yield from _regexp(subject, place, matcher)
        yield from _contradictions(subject, selector, places)


def _places(text: str, selector: VectorSelector) -> list[int]:
    """Where each matcher of a selector stands: one in braces by itself, the metric's name at the beginning."""
    tokens = tokenize(text[selector.start : selector.end])
    starts = [
        selector.start + token.start
        for before, token in pairwise(tokens)
        if before.kind in ("{", ",") and token.kind != "}"
    ]
    count = len(selector.matchers)
    return (starts + [selector.start] * count)[:count]


def _regexp(subject: Subject, place: int, matcher: Matcher) -> Iterator[Finding]:
    value, op = matcher.value, matcher.op
    bare = _without_anchors(value)
    text = _text(bare)
    if bare in _ANYTHING:
        if op == "!~":
            message = f"`{matcher}` excludes every value, so that nothing is ever selected"
            yield subject.in_expr_at("impossible-selector", place, message)
        else:
            message = f"`{matcher}` matches every series, also those without the label; leave it out"
            yield subject.in_expr_at("regexp-matches-all", place, message)
    elif bare in _SOMETHING and op == "!~":
        better = Matcher(matcher.name, "=", "")
        message = f"`{matcher}` selects the series without the label; write `{better}`"
        yield subject.in_expr_at("regexp-without-pattern", place, message)
    elif text is not None:
        better = Matcher(matcher.name, "=" if op == "=~" else "!=", text)
        yield subject.in_expr_at("regexp-without-pattern", place, f"`{matcher}` has no pattern; write `{better}`")
    elif bare != value:
        better = Matcher(matcher.name, op, bare)
        message = f"a regular expression matches the whole value anyway; write `{better}`"
        yield subject.in_expr_at("regexp-anchors", place, message)
    elif _is_smelly(matcher):
        message = f"`{matcher}` takes one value apart; what it looks for should be a label of its own"
        yield subject.in_expr_at("regexp-smelly", place, message)


def _without_anchors(pattern: str) -> str:
    """The pattern without the anchors at the ends of its alternatives, where a match of the whole value has them."""
    if "\\Q" in pattern:
        return pattern
    return "|".join(_END.sub(r"\1", _BEGINNING.sub("", part)) for part in _alternatives(pattern))


def _text(pattern: str) -> str | None:
    """The only text that a pattern matches, None where there is more than one."""
    group = _GROUP.fullmatch(pattern)
    inner = group["inner"] if group else pattern
    return _ESCAPED.sub(r"\1", inner) if _TEXT.fullmatch(inner) else None


def _alternatives(pattern: str) -> Iterator[str]:
    """The parts of a pattern between the bars that stand in no group."""
    depth = start = 0
    for piece in _PIECE.finditer(pattern):
        match piece[0]:
            case "(":
                depth += 1
            case ")":
                depth -= 1
            case "|" if not depth:
                yield pattern[start : piece.start()]
                start = piece.end()
    yield pattern[start:]


def _is_smelly(matcher: Matcher) -> bool:
    """Whether the pattern has words at both ends of what may be anything, in the label `job`."""
    words = _WILDCARD.split(matcher.value)
    return matcher.name == "job" and len(words) > 1 and all(map(_LITERAL.fullmatch, words))


def _contradictions(subject: Subject, selector: VectorSelector, places: list[int]) -> Iterator[Finding]:
    for index, matcher in enumerate(selector.matchers):
        values = matcher.literals
        if values is None:
            continue
        for another, other in enumerate(selector.matchers):
            if another == index or other.name != matcher.name:
                continue
            if not any(other.matches(value) for value in values):
                message = f"no value passes both `{other}` and `{matcher}`, so that nothing is ever selected"
                yield subject.in_expr_at("impossible-selector", max(places[index], places[another]), message)
                return
