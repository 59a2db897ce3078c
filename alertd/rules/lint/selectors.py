"""Checks of the matchers of selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alertd.promql import Matcher, VectorSelector, selectors
from alertd.rules.lint.subject import Finding, Subject

_PATTERN = re.compile(r"[\\.+*?()\[\]{}^$|]")
_ANYTHING = frozenset((".*", "^.*$", "^.*", ".*$", "(.*)"))
_WILDCARD = re.compile(r"\.[*+]\??")
_LITERAL = re.compile(r"[\w:/-]+", re.ASCII)


def check_selectors(subject: Subject) -> Iterator[Finding]:
    for selector in selectors(subject.rule.parsed):
        for matcher in selector.matchers:
            if matcher.op in ("=~", "!~"):
                yield from _regexp(subject, selector, matcher)
        yield from _contradictions(subject, selector)


def _regexp(subject: Subject, selector: VectorSelector, matcher: Matcher) -> Iterator[Finding]:
    value, op = matcher.value, matcher.op
    if value in _ANYTHING:
        if op == "!~":
            message = f"`{matcher}` excludes every value, so that nothing is ever selected"
            yield subject.in_expr("impossible-selector", selector, message)
        else:
            message = f"`{matcher}` matches every series, also those without the label; leave it out"
            yield subject.in_expr("regexp-matches-all", selector, message)
    elif not _PATTERN.search(value):
        better = Matcher(matcher.name, "=" if op == "=~" else "!=", value)
        yield subject.in_expr("regexp-without-pattern", selector, f"`{matcher}` has no pattern; write `{better}`")
    else:
        bare = _without_anchors(value)
        if bare != value:
            better = Matcher(matcher.name, op, bare)
            message = f"a regular expression matches the whole value anyway; write `{better}`"
            yield subject.in_expr("regexp-anchors", selector, message)
        elif _is_smelly(matcher):
            message = f"`{matcher}` takes one value apart; what it looks for should be a label of its own"
            yield subject.in_expr("regexp-smelly", selector, message)


def _without_anchors(pattern: str) -> str:
    """The pattern without anchors that stand for all of it; those of one alternative mean nothing else, either."""
    if "|" in pattern:
        return pattern
    bare = pattern.removeprefix("^")
    return bare[:-1] if bare.endswith("$") and not bare.endswith("\\$") else bare


def _is_smelly(matcher: Matcher) -> bool:
    """Whether the pattern has words at both ends of what may be anything, in the label `job`."""
    words = _WILDCARD.split(matcher.value)
    return matcher.name == "job" and len(words) > 1 and all(map(_LITERAL.fullmatch, words))


def _contradictions(subject: Subject, selector: VectorSelector) -> Iterator[Finding]:
    for place, matcher in enumerate(selector.matchers):
        values = matcher.literals
        if values is None:
            continue
        for other in selector.matchers[:place] + selector.matchers[place + 1 :]:
            if other.name == matcher.name and not any(other.matches(value) for value in values):
                message = f"no value passes both `{other}` and `{matcher}`, so that nothing is ever selected"
                yield subject.in_expr("impossible-selector", selector, message)
                return
