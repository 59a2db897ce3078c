"""Reading parameters as Prometheus reads them: unknown ones say nothing, wrong ones are named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from alertd.alerts.labels import quote
from alertd.api.prometheus.answers import Failed, invalid
from alertd.promql import METRIC_NAME, Matcher, ParseError, parse_matchers

MatcherSets = tuple[tuple[Matcher, ...], ...]

_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"", "0", "f", "false"})
_WHOLE = re.compile(r"[+-]?[0-9]+")


def truth(text: str, name: str) -> bool:
    """Whether a flag is set. Raises `Failed`."""
    lower = text.lower()
    if lower in _TRUE:
        return True
    if lower in _FALSE:
        return False
    raise invalid(name, f"error converting {name}: strconv.ParseBool: parsing {quote(lower)}: invalid syntax")


def count(text: str, name: str) -> int:
    """A number from 1; 0 where none is given. Raises `Failed`."""
    if not text:
        return 0
    if _WHOLE.fullmatch(text) is None:
        reason = f"{name} needs to be a valid number: strconv.ParseInt: parsing {quote(text)}: invalid syntax"
        raise invalid(name, reason)
    if int(text) <= 0:
        raise invalid(name, f"{name} needs to be greater than 0")
    return int(text)


def matcher_sets(texts: Sequence[str], name: str = "match[]") -> MatcherSets:
    """The selectors of a parameter; a label set fits when it fits one of them. Raises `Failed`."""
    return tuple(_selector(text, name) for text in texts)


def fits_any(labels: Mapping[str, str], sets: MatcherSets) -> bool:
    """Whether the labels fit one of the selectors; without any they do."""
    return not sets or any(all(one.matches(labels.get(one.name, "")) for one in matchers) for matchers in sets)


def _selector(text: str, name: str) -> tuple[Matcher, ...]:
    try:
        metric, matchers = parse_matchers(text)
    except ParseError as error:
        raise invalid(name, error) from error
    named = [Matcher(METRIC_NAME, "=", metric)] if metric else []
    found = (*named, *matchers)
    if all(matcher.matches("") for matcher in found):
        raise Failed(f'invalid parameter "{name}": match[] must contain at least one non-empty matcher')
    return found
