"""An index over sets of matchers: which of many may match an alert, without asking each of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

import re2

from alertd.alerts.labels import Labels
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.patterns import re2_options

Key = TypeVar("Key", bound=Hashable)

# The memory that one set of patterns may take for its automaton; beyond it every key of the set is a candidate.
_SET_MEMORY = 64 << 20
_ALWAYS = ".*"


class MatcherIndex(Generic[Key]):
    """Keys of sets of matchers, by one matcher that an alert must satisfy: an exact value, or a pattern of a label.

    What it finds is a superset of those that match; the caller asks their matchers.
    """

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, str], dict[Key, None]] = {}
        self._by_pattern: dict[str, _Patterns[Key]] = {}
        self._others: dict[Key, None] = {}
        self._homes: dict[Key, list[dict[Key, None]]] = {}

    def add(self, key: Key, matchers: Iterable[Matcher]) -> None:
        """Put a key under the matcher that it shares with the fewest others."""
        choices = [*self._choices(matchers), [self._others]]
        homes = min(choices[:-1] or choices, key=lambda homes: sum(map(len, homes)))
        for home in homes:
            home[key] = None
        self._homes[key] = homes

    def remove(self, key: Key) -> None:
        """Take a key out again."""
        for home in self._homes.pop(key, ()):
            home.pop(key, None)

    def prepare(self) -> None:
        """Do now what the first question would do, so that several threads may ask what changes no more."""
        for patterns in self._by_pattern.values():
            patterns.prepare()

    def candidates(self, labels: Labels) -> Iterator[Key]:
        """The keys whose matchers may match, each once."""
        yield from self._others
        for name, value in labels.items():
            yield from self._by_value.get((name, value), ())
            patterns = self._by_pattern.get(name)
            if patterns is not None:
                yield from patterns.matching(value)

    def _choices(self, matchers: Iterable[Matcher]) -> Iterator[list[dict[Key, None]]]:
        """For each matcher that an alert can only satisfy by having the label: where a key with it would be."""
        for matcher in matchers:
            if values := _exact_values(matcher):
                yield [self._by_value.setdefault((matcher.name, value), {}) for value in sorted(values)]
            elif matcher.op is Operator.REGEX and not matcher.matches({}):
                yield [self._by_pattern.setdefault(matcher.name, _Patterns()).of(matcher.value)]


class _Patterns(Generic[Key]):
    """The patterns that are asked of one label, matched all at once."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[Key, None]] = {}
        self._order: list[str] = []
        self._set: re2.Set | None = None
        self._stale = True

    def of(self, pattern: str) -> dict[Key, None]:
        """The keys with this pattern."""
        if pattern not in self._keys:
            self._keys[pattern] = {}
            self._stale = True
        return self._keys[pattern]

    def matching(self, value: str) -> Iterator[Key]:
        """The keys whose pattern matches; all of them where the set runs out of memory."""
        self.prepare()
        found = self._set.Match(value) if self._set is not None else None
        # Without the one that always matches, the set says nothing.
        matching = self._order if found is None else (self._order[index - 1] for index in found if index)
        for pattern in matching:
            yield from self._keys[pattern]

    def prepare(self) -> None:
        """Compile the set, if patterns have changed."""
        if not self._stale:
            return
        self._keys = {pattern: keys for pattern, keys in self._keys.items() if keys}
        self._order = list(self._keys)
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
