"""Label sets that try out a configuration: those of its rules, and for every route one that reaches it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alertd.routing.matchers import Matcher, matches_all
from alertd.routing.tree import Node
from alertd.rules.models import AlertRule, RuleFile

_MOST = 20_000
_REPEATED = re.compile(r"\.[*+]\??")
_QUIET = re.compile(r"\(\?:|\(\?[a-z]+\)|[()^$]|\[[^\]]*\][*+?]?")


@dataclass(frozen=True)
class Examples:
    """Label sets, each once. `unreached` are ids of routes that none was found for; `cut` says that there were more."""

    label_sets: tuple[dict[str, str], ...]
    unreached: tuple[str, ...]
    cut: bool


def examples_of(roots: Iterable[Node], rule_labels: Iterable[Mapping[str, str]]) -> Examples:
    """What the rules' alerts carry by themselves, what reaches each route, and each of these with each other.

    A rule's alerts have labels of their series too, which are not known here; those that routes ask for are tried.
    """
    rules = _once(rule_labels)
    nodes = [found for root in roots for found in _with_conditions(root, ())]
    values = _values(rules, itertools.chain.from_iterable(conditions for _, conditions in nodes))
    reaching: list[dict[str, str]] = []
    unreached: list[str] = []
    for node, conditions in nodes:
        found = [labels for labels in _reaching(conditions, values) if matches_all(conditions, labels)]
        reaching += found
        if not found:
            unreached.append(node.id)
    reaching = _once(reaching)
    pairs = itertools.chain(itertools.product(rules, reaching), itertools.combinations(reaching, 2))
    joined = ({**one, **other} for one, other in pairs if all(one.get(n, v) == v for n, v in other.items()))
    found_sets = list(itertools.islice(_unique(itertools.chain(rules, reaching, joined)), _MOST + 1))
    return Examples(tuple(found_sets[:_MOST]), tuple(dict.fromkeys(unreached)), len(found_sets) > _MOST)


def labels_of_rules(files: Iterable[RuleFile], external_labels: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The labels that each rule's alerts have whatever their series are, one set for each level.

    Rules that name their receivers go past the routes and are not there.
    """
    for file in files:
        for group in file.groups:
            for rule in group.rules:
                if not isinstance(rule, AlertRule) or rule.receivers:
                    continue
                written = {**external_labels, **group.labels_of(rule), "alertname": rule.name}
                labels = {name: value for name, value in written.items() if value and "{{" not in value}
                for level in rule.levels:
                    yield {**labels, "severity": level.severity} if level.severity else labels


def _with_conditions(node: Node, above: tuple[Matcher, ...]) -> Iterator[tuple[Node, tuple[Matcher, ...]]]:
    conditions = (*above, *node.route.matchers)
    yield node, conditions
    for child in node.children:
        yield from _with_conditions(child, conditions)


def _values(rules: Iterable[Mapping[str, str]], matchers: Iterable[Matcher]) -> dict[str, dict[str, None]]:
    """Every value that is written for a label somewhere, in order."""
    values: dict[str, dict[str, None]] = {}
    for labels in rules:
        for name, value in labels.items():
            values.setdefault(name, {})[value] = None
    for matcher in matchers:
        values.setdefault(matcher.name, {}).update(dict.fromkeys(_written(matcher)))
    return values


def _written(matcher: Matcher) -> list[str]:
    """The values that a matcher names, and for a pattern a guess at one."""
    pattern = matcher.pattern
    if pattern is None:
        return [matcher.value]
    if pattern.literals is not None:
        return sorted(pattern.literals)
    guesses = (_QUIET.sub("", _REPEATED.sub("x", part)).replace("\\", "") for part in matcher.value.split("|"))
    return [guess for guess in guesses if pattern.matches(guess)]


def _reaching(conditions: tuple[Matcher, ...], values: Mapping[str, Iterable[str]]) -> Iterator[dict[str, str]]:
    """Label sets that fulfil the conditions; each value that a condition names is in one of them."""
    names = list(dict.fromkeys(matcher.name for matcher in conditions))
    choices: list[list[str]] = []
    for name in names:
        own = [matcher for matcher in conditions if matcher.name == name]
        named = [value for matcher in own if matcher.op.is_positive for value in _written(matcher)]
        tried = ["", *values.get(name, ()), "x"] if not named else [*named, *values.get(name, ()), ""]
        fitting = [value for value in dict.fromkeys(tried) if all(matcher.matches_value(value) for matcher in own)]
        wanted = [value for value in fitting if value in named] or fitting[:1]
        if not wanted:
            return
        choices.append(wanted)
    for turn in range(max(map(len, choices), default=1)):
        chosen = zip(names, (choice[turn % len(choice)] for choice in choices), strict=True)
        yield {name: value for name, value in chosen if value}


def _once(label_sets: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    return list(_unique(label_sets))


def _unique(label_sets: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    seen: set[frozenset[tuple[str, str]]] = set()
    for labels in label_sets:
        key = frozenset(labels.items())
        if key not in seen:
            seen.add(key)
            yield dict(labels)
