"""Binary operators: arithmetic, comparison and set operators over scalars and instant vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import COMPARISONS, SET_OPERATORS, BinaryExpr, VectorMatching, left_chain
from alertd.promql.elements import Element, Labels, key_of, without_name
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import divide, modulo, power
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.printer import format_labels

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator, Result

ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": divide,
    "%": modulo,
    "^": power,
    "atan2": math.atan2,
}
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {"==": eq, "!=": ne, ">": gt, "<": lt, ">=": ge, "<=": le}


def evaluate_binary(evaluator: Evaluator, expr: BinaryExpr, at: int) -> float | list[Element]:
    """Return the value of a binary expression at an instant. Raises EvaluationError when the vectors do not match."""
    first, links = left_chain(expr)
    value = evaluator.evaluate(first, at)
    for link in links:
        value = _combine(evaluator, link, value, evaluator.evaluate(link.right, at))
    return value  # type: ignore[return-value]  # a chain has at least one link


def _combine(evaluator: Evaluator, expr: BinaryExpr, left: Result, right: Result) -> float | list[Element]:
    if isinstance(left, list) and isinstance(right, list):
        matching = expr.matching or VectorMatching()
        if expr.op in SET_OPERATORS:
            return _SETS[expr.op](left, right, _grouping_key(matching))
        return evaluator.settle(_match(expr, matching, left, right))
    if isinstance(left, float) and isinstance(right, float):
        if expr.op in COMPARISONS:
            return float(_COMPARE[expr.op](left, right))
        return ARITHMETIC[expr.op](left, right)
    return evaluator.settle(_with_scalar(expr, left, right))


def _with_scalar(expr: BinaryExpr, left: object, right: object) -> list[Element]:
    """Combine each element of the one vector with the one scalar."""
    result: list[Element] = []
    compare = _COMPARE.get(expr.op)
    compute = ARITHMETIC.get(expr.op)
    vector, scalar, swapped = (left, right, False) if isinstance(left, list) else (right, left, True)
    if not isinstance(vector, list) or not isinstance(scalar, float):
        raise TypeError(f"no operands of a binary expression: {left!r}, {right!r}")
    for element in vector:
        first, second = (scalar, element.value) if swapped else (element.value, scalar)
        if compute is not None:
            result.append(Element(element.labels, compute(first, second), True))
        elif compare is not None:
            holds = compare(first, second)
            if expr.return_bool:
                result.append(Element(element.labels, float(holds), True))
            elif holds:
                result.append(element)
    return result


def _grouping_key(matching: VectorMatching) -> Callable[[Labels], Hashable]:
    """Return the function that says which match group a label set belongs to."""
    names = matching.labels
    if matching.on:
        if len(names) == 1:
            name = names[0]
            return lambda labels: labels.get(name, "")
        return lambda labels: tuple([labels.get(name, "") for name in names])
    ignored = frozenset((*names, METRIC_NAME))
    return lambda labels: frozenset([pair for pair in labels.items() if pair[0] not in ignored])


def _match(expr: BinaryExpr, matching: VectorMatching, left: list[Element], right: list[Element]) -> list[Element]:
    """Combine the elements of two vectors that share a match group.

    One side has at most one element per group; with `group_right` that is the left one.
    """
    if not left or not right:
        return []
    key_for = _grouping_key(matching)
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    partners: dict[Hashable, Element] = {}
    for element in one:
        key = key_for(element.labels)
        if key in partners:
            raise _duplicates(matching, element.labels, partners[key].labels, "left" if swapped else "right")
        partners[key] = element
    compare = _COMPARE.get(expr.op)
    compute = ARITHMETIC.get(expr.op)
    result: list[Element] = []
    matched: dict[Hashable, set[Hashable]] = {}
    for element in many:
        key = key_for(element.labels)
        partner = partners.get(key)
        if partner is None:
            continue
        first, second = (partner.value, element.value) if swapped else (element.value, partner.value)
        labels = _result_labels(expr, matching, element.labels, partner.labels)
        _check_group(matching, matched, key, labels)
        if compute is not None:
            result.append(Element(labels, compute(first, second), element.drop_name))
        elif compare is not None:
            holds = compare(first, second)
            if expr.return_bool:
                result.append(Element(labels, float(holds), True))
            elif holds:
                result.append(Element(labels, first, element.drop_name))
    return result


def _check_group(
    matching: VectorMatching, matched: dict[Hashable, set[Hashable]], key: Hashable, labels: Labels
) -> None:
    """Refuse a second match: any in one-to-one, one with the same labels otherwise; filtered elements count too."""
    known = matched.get(key)
    if known is None:
        matched[key] = {key_of(labels)} if matching.group else set()
        return
    if not matching.group:
        raise EvaluationError(
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        )
    signature = key_of(labels)
    if signature in known:
        raise EvaluationError("multiple matches for labels: grouping labels must ensure unique matches")
    known.add(signature)


def _result_labels(expr: BinaryExpr, matching: VectorMatching, many: Labels, one: Labels) -> Labels:
    labels = without_name(many) if expr.op in ARITHMETIC else many
    if not matching.group:
        if matching.on:
            return {name: labels[name] for name in matching.labels if name in labels}
        if matching.labels:
            return {name: value for name, value in labels.items() if name not in matching.labels}
        return labels
    if not matching.include:
        return labels
    extended = dict(labels)
    for name in matching.include:
        value = one.get(name, "")
        if value:
            extended[name] = value
        else:
            extended.pop(name, None)
    return extended


def _duplicates(matching: VectorMatching, first: Labels, second: Labels, side: str) -> EvaluationError:
    if matching.on:
        group = {name: first[name] for name in matching.labels if name in first}
    else:
        ignored = {*matching.labels, METRIC_NAME}
        group = {name: value for name, value in first.items() if name not in ignored}
    shown = ", ".join(sorted((format_labels(dict(first)), format_labels(dict(second)))))
    return EvaluationError(
        f"found duplicate series for the match group {format_labels(group)} on the {side} hand-side of the operation:"
        f" [{shown}];many-to-many matching not allowed: matching labels must be unique on one side"
    )


def _and(left: list[Element], right: list[Element], key_for: Callable[[Labels], Hashable]) -> list[Element]:
    keys = {key_for(element.labels) for element in right}
    return [element for element in left if key_for(element.labels) in keys]


def _or(left: list[Element], right: list[Element], key_for: Callable[[Labels], Hashable]) -> list[Element]:
    keys = {key_for(element.labels) for element in left}
    return [*left, *(element for element in right if key_for(element.labels) not in keys)]


def _unless(left: list[Element], right: list[Element], key_for: Callable[[Labels], Hashable]) -> list[Element]:
    keys = {key_for(element.labels) for element in right}
    return [element for element in left if key_for(element.labels) not in keys]


_SETS: Final = {"and": _and, "or": _or, "unless": _unless}
