"""Which labels the samples of an expression can have, and which they have for certain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alertd.promql import (
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    StringLiteral,
    Subquery,
    UnaryExpr,
    VectorSelector,
    unwrap,
)
from alertd.promql.ast import SET_OPERATORS, VectorMatching

_SELECTING = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))


@dataclass(frozen=True)
class Labels:
    """The labels of an expression's samples.

    `only` are the names that are possible, None where every name is but those in `without`. `sure` are those that
    every sample has.
    """

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()

    def can_have(self, name: str) -> bool:
        return name not in self.without if self.only is None else name in self.only

    def keep(self, names: Iterable[str]) -> Labels:
        """These labels alone."""
        kept = frozenset(name for name in names if self.can_have(name))
        return Labels(only=kept, sure=self.sure & kept)

    def drop(self, names: Iterable[str]) -> Labels:
        """All but these labels."""
        gone = frozenset(names)
        only = None if self.only is None else self.only - gone
        return Labels(only, self.without | gone, self.sure - gone)

    def add(self, name: str, *, sure: bool = False) -> Labels:
        """This label set, to a value that may be empty."""
        only = None if self.only is None else self.only | {name}
        return Labels(only, self.without - {name}, self.sure | {name} if sure else self.sure - {name})


NONE = Labels(only=frozenset())
ANY = Labels()


def labels_of(expr: Expr) -> Labels:
    """The labels of the samples of `expr`, without the metric's name."""
    match expr:
        case VectorSelector():
            return _of_selector(expr)
        case MatrixSelector():
            return _of_selector(expr.selector)
        case ParenExpr() | UnaryExpr() | Subquery():
            return labels_of(expr.expr)
        case Aggregation():
            return _of_aggregation(expr)
        case Call():
            return _of_call(expr)
        case BinaryExpr():
            return _of_binary(expr)
    return NONE


def remover(expr: Expr, name: str) -> Expr | None:
    """The part of `expr` that takes the label `name` away; None where it was never there."""
    parts = [part for part in expr.children if part.type in ("vector", "matrix")]
    if any(labels_of(part).can_have(name) for part in parts):
        return expr
    return next((found for part in parts if (found := remover(part, name)) is not None), None)


def _of_selector(selector: VectorSelector) -> Labels:
    names = {matcher.name for matcher in selector.matchers} - {"__name__"}
    matchers = {name: [one for one in selector.matchers if one.name == name] for name in names}
    without = {name for name in names if any(one.op == "=" and not one.value for one in matchers[name])}
    sure = {name for name in names if not all(one.matches("") for one in matchers[name])}
    return Labels(without=frozenset(without), sure=frozenset(sure))


def _of_aggregation(expr: Aggregation) -> Labels:
    inner = labels_of(expr.expr)
    if expr.op in _SELECTING:
        return inner
    found = inner.drop(expr.grouping) if expr.without else inner.keep(expr.grouping)
    if expr.op == "count_values" and isinstance(expr.param, StringLiteral):
        return found.add(expr.param.value, sure=True)
    return found


def _of_call(expr: Call) -> Labels:
    name = expr.function.name
    vectors = [labels_of(argument) for argument in expr.args if argument.type in ("vector", "matrix")]
    if not vectors or name == "vector":
        return NONE
    match name:
        case "absent" | "absent_over_time":
            return _of_absent(expr.args[0])
        case "histogram_quantile" | "histogram_fraction":
            return vectors[0].drop(("le",))
        case "histogram_quantiles":
            return _adding(vectors[0].drop(("le",)), expr.args[1])
        case "label_replace" | "label_join":
            return _adding(vectors[0], expr.args[1])
        case "info":
            return ANY
    return vectors[0]


def _adding(labels: Labels, name: Expr) -> Labels:
    return labels.add(name.value) if isinstance(name, StringLiteral) else ANY


def _of_absent(argument: Expr) -> Labels:
    """`absent` makes its labels from the selector's `=` matchers; a label with two matchers is left out."""
    inner = unwrap(argument)
    selector = inner.selector if isinstance(inner, MatrixSelector) else inner
    if not isinstance(selector, VectorSelector):
        return NONE
    names = [matcher.name for matcher in selector.matchers if matcher.name != "__name__"]
    equal = {matcher.name for matcher in selector.matchers if matcher.op == "=" and matcher.value}
    known = frozenset(name for name in names if names.count(name) == 1 and name in equal)
    return Labels(only=known, sure=known)


def _of_binary(expr: BinaryExpr) -> Labels:
    left, right = labels_of(expr.left), labels_of(expr.right)
    matching = expr.matching
    if matching is None:
        return right if expr.left.type == "scalar" else left
    if expr.op in SET_OPERATORS:
        return _union(left, right) if expr.op == "or" else left
    if matching.fills:
        return ANY
    if matching.group is None:
        return _one_to_one(left, right, matching)
    many, one = (left, right) if matching.group == "left" else (right, left)
    for name in matching.include:
        many = many.add(name, sure=name in one.sure) if one.can_have(name) else many.drop((name,))
    return many


def _one_to_one(left: Labels, right: Labels, matching: VectorMatching) -> Labels:
    """What matches is equal on both sides, so a label that one side cannot have is on neither."""
    sure = left.sure | right.sure
    if matching.on:
        kept = [name for name in matching.labels if left.can_have(name) and right.can_have(name)]
        return replace(left.keep(kept), sure=sure & frozenset(kept))
    found = left.drop(right.without) if right.only is None else left.keep(right.only)
    return replace(found, sure=sure).drop(matching.labels)


def _union(left: Labels, right: Labels) -> Labels:
    sure = left.sure & right.sure
    if left.only is not None and right.only is not None:
        return Labels(only=left.only | right.only, sure=sure)
    impossible = frozenset(name for name in left.without | right.without if not left.can_have(name))
    return Labels(without=frozenset(name for name in impossible if not right.can_have(name)), sure=sure)
