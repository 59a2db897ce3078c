"""Which rules a test depends on: those that it asks about, and those whose series they read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alertd.promql import (
    ALL_FEATURES,
    METRIC_NAME,
    Call,
    Expr,
    Matcher,
    ParseError,
    VectorSelector,
    parse,
    selectors,
    walk,
)
from alertd.rules.models import AlertRule, Rule, RuleGroup
from alertd.simulate.unittests.model import RuleTest

#: The series that every alerting rule writes.
ALERTS = "ALERTS"
ALERTS_FOR_STATE = "ALERTS_FOR_STATE"


@dataclass(frozen=True)
class Reads:
    """What is read: the selectors; `anything` when that cannot be told from the text."""

    selectors: tuple[VectorSelector, ...] = ()
    anything: bool = False

    def sees(self, rule: Rule) -> bool:
        """Whether what the rule writes may be among what is read."""
        return self.anything or any(_selects(selector.matchers, rule) for selector in self.selectors)


class Dependencies:
    """The rules of a file of tests, and who reads what of whom."""

    def __init__(self, groups: Iterable[RuleGroup]) -> None:
        self.rules: tuple[Rule, ...] = tuple(rule for group in groups for rule in group.rules)
        self._reads = {rule.id: _read_by_rule(rule, group.labels_of(rule)) for group in groups for rule in group.rules}

    def read_by(self, rule: Rule) -> Reads:
        """What a rule reads, in its expression and in its texts."""
        return self._reads[rule.id]

    def needed(self, test: RuleTest) -> frozenset[str]:
        """The ids of the rules that the outcome of `test` depends on; all of them for a test that asks nothing."""
        if not test.alert_tests and not test.expr_tests:
            return frozenset(rule.id for rule in self.rules)
        return self.closure(asked_directly(self.rules, test))

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        """`roots` with all rules whose series they read, by however many steps."""
        found = set(roots)
        waiting = [rule for rule in self.rules if rule.id in found]
        while waiting:
            reads = self._reads[waiting.pop().id]
            for rule in self.rules:
                if rule.id not in found and reads.sees(rule):
                    found.add(rule.id)
                    waiting.append(rule)
        return frozenset(found)


def asked_directly(rules: Iterable[Rule], test: RuleTest) -> frozenset[str]:
    """The ids of the rules whose alerts or series the test itself names."""
    alerts = {asked.alertname for asked in test.alert_tests}
    reads = [read_by_text(asked.expr) for asked in test.expr_tests]
    return frozenset(
        rule.id
        for rule in rules
        if (isinstance(rule, AlertRule) and rule.name in alerts) or any(read.sees(rule) for read in reads)
    )


def read_by_text(text: str) -> Reads:
    """What an expression reads; nothing if it is none."""
    try:
        return read_by_expr(parse(text, features=ALL_FEATURES))
    except ParseError:
        return Reads()


def read_by_expr(expr: Expr) -> Reads:
    """What an expression reads."""
    # It looks for series by the labels of others.
    info = any(isinstance(node, Call) and node.function.name == "info" for node in walk(expr))
    return Reads(tuple(selectors(expr)), info)


def _read_by_rule(rule: Rule, labels: dict[str, str]) -> Reads:
    reads = read_by_expr(rule.parsed)
    texts = [*labels.values(), *rule.annotations.values()] if isinstance(rule, AlertRule) else []
    # What a template asks is put together when it runs.
    asks = any("{{" in text and "query" in text for text in texts)
    return Reads(reads.selectors, reads.anything or asks)


def _selects(matchers: Sequence[Matcher], rule: Rule) -> bool:
    if isinstance(rule, AlertRule):
        named = _may_be(matchers, METRIC_NAME, (ALERTS, ALERTS_FOR_STATE))
        return named and _may_be(matchers, "alertname", (rule.name,))
    return _may_be(matchers, METRIC_NAME, (rule.record,))


def _may_be(matchers: Sequence[Matcher], label: str, values: Sequence[str]) -> bool:
    """Whether the label may have one of the values in a series that is selected."""
    asked = [matcher for matcher in matchers if matcher.name == label]
    return any(all(matcher.matches(value) for matcher in asked) for value in values)
