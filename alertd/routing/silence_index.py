"""An index over silences: which of many may match an alert, without asking each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import re2

from alertd.alerts.labels import Labels
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.patterns import re2_options

# The memory that one set of patterns may take for its automaton; beyond it every silence of the set is a candidate.
_SET_MEMORY = 64 << 20
_ALWAYS = ".*"


class SilenceIndex:
    """Silences by one of their matchers that an alert must satisfy: an exact value, or a pattern of a label.

    What it finds is a superset of those that match; the caller asks their matchers.
    """

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, str], dict[str, None]] = {}
        self._by_pattern: dict[str, _Patterns] = {}
        self._others: dict[str, None] = {}

    def add(self, silence_id: str, matchers: Iterable[Matcher]) -> None:
        """Put a silence under the matcher that leaves out the most."""
        for home in self._homes(matchers):
            home[silence_id] = None

    def remove(self, silence_id: str, matchers: Iterable[Matcher]) -> None:
        """Take a silence out again that was added with these matchers."""
        for home in self._homes(matchers):
            home.pop(silence_id, None)

    def candidates(self, labels: Labels) -> Iterator[str]:
        """The silences that may match, each once."""
        yield from self._others
        for name, value in labels.items():
            yield from self._by_value.get((name, value), ())
            patterns = self._by_pattern.get(name)
            if patterns is not None:
                yield from patterns.matching(value)

    def _homes(self, matchers: Iterable[Matcher]) -> list[dict[str, None]]:
        matchers = list(matchers)
        values = [(matcher.name, found) for matcher in matchers if (found := _exact_values(matcher))]
        if values:
            name, exact = min(values, key=lambda pair: len(pair[1]))
            return [self._by_value.setdefault((name, value), {}) for value in sorted(exact)]
        for matcher in matchers:
            if matcher.op is Operator.REGEX and not matcher.matches({}):
                return [self._by_pattern.setdefault(matcher.name, _Patterns()).of(matcher.value)]
        return [self._others]


class _Patterns:
    """The patterns that silences ask of one label, matched all at once."""

    def __init__(self) -> None:
        self._silences: dict[str, dict[str, None]] = {}
        self._order: list[str] = []
        self._set: re2.Set | None = None
        self._stale = True

    def of(self, pattern: str) -> dict[str, None]:
        """The silences with this pattern."""
        if pattern not in self._silences:
            self._silences[pattern] = {}
            self._stale = True
        return self._silences[pattern]

    def matching(self, value: str) -> Iterator[str]:
        """The silences whose pattern matches; all of them where the set runs out of memory."""
        if self._stale:
            self._compile()
        found = self._set.Match(value) if self._set is not None else None
        # Without the one that always matches, the set says nothing.
        matching = self._order if found is None else (self._order[index - 1] for index in found if index)
        for pattern in matching:
            yield from self._silences[pattern]

    def _compile(self) -> None:
        self._silences = {pattern: silences for pattern, silences in self._silences.items() if silences}
        self._order = list(self._silences)
        self._stale = False
        self._set = re2.Set.FullMatchSet(re2_options(_SET_MEMORY))
        try:
            for pattern in (_ALWAYS, *self._order):
                self._set.Add(pattern)
            self._set.Compile()
        except re2.error:
            self._set = None


def _exact_values(matcher: Matcher) -> frozenset[str]:
    """The values of which an alert must have one; empty where it may have others, or may lack the label."""
    values: frozenset[str] | None = None
    if matcher.op is Operator.EQUAL:
        values = frozenset([matcher.value])
    elif matcher.op is Operator.REGEX and matcher.pattern is not None:
        values = matcher.pattern.literals
    return frozenset() if values is None or "" in values else values
