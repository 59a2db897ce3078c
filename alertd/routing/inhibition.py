"""Inhibition: an alert is held back while another one fires that explains it.

Alertmanager's semantics, with one index per rule that keeps *all* sources of an equal-value set, so that neither an
alert on both sides nor the end of one source can hide another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alertd.alerts.labels import Labels
from alertd.routing.matchers import Matcher, matches_all


@dataclass(frozen=True)
class InhibitRule:
    """A target that matches is inhibited while a source fires that has the same values for all `equal` labels."""

    source: tuple[Matcher, ...] = ()
    target: tuple[Matcher, ...] = ()
    equal: tuple[str, ...] = ()
    name: str = ""

    def key(self, labels: Labels) -> tuple[str, ...]:
        """The values that must agree; a missing label is the empty value, so two that lack it agree."""
        return tuple(labels.get(name, "") for name in self.equal)


class Inhibitor:
    """Knows the firing alerts and answers which of them inhibits another."""

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._rules = tuple(rules)
        self._sources: list[dict[tuple[str, ...], dict[str, bool]]] = [{} for _ in self._rules]
        self._keys: dict[str, list[tuple[int, tuple[str, ...]]]] = {}

    def add(self, fingerprint: str, labels: Labels) -> None:
        """Take note of a firing alert, in place of what was known of it."""
        self.remove(fingerprint)
        places = []
        for index, rule in enumerate(self._rules):
            if matches_all(rule.source, labels):
                key = rule.key(labels)
                both_sides = matches_all(rule.target, labels)
                self._sources[index].setdefault(key, {})[fingerprint] = both_sides
                places.append((index, key))
        if places:
            self._keys[fingerprint] = places

    def remove(self, fingerprint: str) -> None:
        """Forget an alert that fires no more."""
        for index, key in self._keys.pop(fingerprint, ()):
            sources = self._sources[index][key]
            del sources[fingerprint]
            if not sources:
                del self._sources[index][key]

    def inhibited_by(self, labels: Labels) -> str | None:
        """The fingerprint of a firing alert that inhibits one with `labels`, by the first rule that does.

        An alert that matches both sides of a rule is never inhibited by others that match both sides, itself included.
        """
        for rule, sources_by_key in zip(self._rules, self._sources, strict=True):
            sources = sources_by_key.get(rule.key(labels))
            if not sources or not matches_all(rule.target, labels):
                continue
            target_is_source = matches_all(rule.source, labels)
            for fingerprint, both_sides in sources.items():
                if not (target_is_source and both_sides):
                    return fingerprint
        return None
