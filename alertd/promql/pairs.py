"""Binary operators on two samples of which at least one is a native histogram, and the cutting operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from alertd.promql.annotations import (
    Operation,
    counter_reset_collision,
    incompatible_buckets,
    incompatible_types,
    reconciled_bounds,
)
from alertd.promql.ast import TRIM_OPERATORS, BinaryExpr
from alertd.promql.floats import NAN
from alertd.promql.histogram import CounterReset, FloatHistogram, same_data
from alertd.promql.histogram_arithmetic import IncompatibleSchemas, add, divide, scale, subtract
from alertd.promql.histogram_trim import trim

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

Operand: TypeAlias = "float | FloatHistogram"

_OPERATIONS: Final[dict[str, Operation]] = {"+": "addition", "-": "subtraction"}


def combine_histograms(evaluator: Evaluator, expr: BinaryExpr, left: Operand, right: Operand) -> Operand | None:
    """Return what the operator makes of the pair; None, with a note, when it makes nothing of such a pair.

    A comparison gives the left operand where it holds, None where it does not; with `bool` it gives 1 or 0.
    """
    operator = expr.op
    if isinstance(left, FloatHistogram):
        if isinstance(right, FloatHistogram):
            if operator in _OPERATIONS:
                return _sum_or_difference(evaluator, expr, left, right)
            if operator in ("==", "!="):
                holds = same_data(left.compact(), right.compact()) == (operator == "==")
                if expr.return_bool:
                    return float(holds)
                return left if holds else None
        elif operator == "*":
            return scale(left, right).compact()
        elif operator == "/":
            return divide(left, right).compact()
        elif operator in TRIM_OPERATORS:
            return trim(left, right, operator)
    elif isinstance(right, FloatHistogram) and operator == "*":
        return scale(right, left).compact()
    evaluator.inform(expr, incompatible_types(_kind(left), operator, _kind(right)))
    return None


def _sum_or_difference(
    evaluator: Evaluator, expr: BinaryExpr, left: FloatHistogram, right: FloatHistogram
) -> FloatHistogram | None:
    operation = _OPERATIONS[expr.op]
    try:
        combined = add(left, right) if expr.op == "+" else subtract(left, right)
    except IncompatibleSchemas:
        evaluator.warn(expr, incompatible_buckets(expr.op))
        return None
    if combined.collision:
        # As in Prometheus, the pair gives nothing then; an aggregation of the two would.
        evaluator.warn(expr, counter_reset_collision(operation))
        return None
    if combined.reconciled:
        evaluator.inform(expr, reconciled_bounds(operation))
    result = combined.histogram.compact()
    # A difference may fall, whatever its operands were.
    return result if expr.op == "+" else result.hinted(CounterReset.GAUGE)


def _kind(operand: Operand) -> str:
    return "histogram" if isinstance(operand, FloatHistogram) else "float"


def parts(operand: Operand) -> tuple[float, FloatHistogram | None]:
    """Return the value and the histogram of an element that holds the operand."""
    return (NAN, operand) if isinstance(operand, FloatHistogram) else (operand, None)
