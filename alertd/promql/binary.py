"""Binary operators: arithmetic, comparison, cutting and set operators over scalars and instant vectors."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import COMPARISONS, SET_OPERATORS, TRIM_OPERATORS, BinaryExpr, VectorMatching, left_chain
from alertd.promql.elements import Element, Labels
from alertd.promql.errors import EvaluationError
from alertd.promql.operators import ARITHMETIC, COMPARE
from alertd.promql.pairs import combine_histograms, parts
from alertd.promql.quoting import quote
from alertd.promql.vectormatching import grouping_key, match_vectors

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator, Result


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
            return _SETS[expr.op](left, right, grouping_key(matching))
        return evaluator.settle(match_vectors(evaluator, expr, matching, left, right))
    if isinstance(left, float) and isinstance(right, float):
        if expr.op in TRIM_OPERATORS:
            raise EvaluationError(f"operator {quote(expr.op)} not allowed for Scalar operations")
        if expr.op in COMPARISONS:
            return float(COMPARE[expr.op](left, right))
        return ARITHMETIC[expr.op](left, right)
    return evaluator.settle(_with_scalar(evaluator, expr, left, right))


def _with_scalar(evaluator: Evaluator, expr: BinaryExpr, left: object, right: object) -> list[Element]:
    """Combine each element of the one vector with the one scalar."""
    result: list[Element] = []
    compare = COMPARE.get(expr.op)
    compute = ARITHMETIC.get(expr.op)
    vector, scalar, swapped = (left, right, False) if isinstance(left, list) else (right, left, True)
    if not isinstance(vector, list) or not isinstance(scalar, float):
        raise TypeError(f"no operands of a binary expression: {left!r}, {right!r}")
    for element in vector:
        first, second = (scalar, element.value) if swapped else (element.value, scalar)
        if element.histogram is not None or not (compute or compare):
            operand = element.histogram or element.value
            pair = (scalar, operand) if swapped else (operand, scalar)
            made = combine_histograms(evaluator, expr, *pair)
            if made is not None:
                value, histogram = parts(made)
                result.append(Element(element.labels, value, element.drop_name or compute is not None, histogram))
        elif compute is not None:
            result.append(Element(element.labels, compute(first, second), True))
        elif compare is not None:
            holds = compare(first, second)
            if expr.return_bool:
                result.append(Element(element.labels, float(holds), True))
            elif holds:
                result.append(element)
    return result


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
