"""Which values the samples of an expression can have: a range, told from the functions and comparisons in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter

from alertd.promql import Aggregation, BinaryExpr, Call, Expr, NumberLiteral, ParenExpr, Subquery, UnaryExpr, unwrap
from alertd.promql.ast import COMPARISONS

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Range:
    """The values from `low` to `high`, both possible; NaN may always be one more."""

    low: float = -inf
    high: float = inf

    @property
    def empty(self) -> bool:
        return self.low > self.high

    def has(self, value: float) -> bool:
        return self.low <= value <= self.high

    def hull(self, other: Range) -> Range:
        return Range(min(self.low, other.low), max(self.high, other.high))

    def that(self, op: str, bound: float) -> Range:
        """The values of the range that compare so with `bound`."""
        match op:
            case ">":
                return Range(max(self.low, nextafter(bound, inf)), self.high)
            case ">=":
                return Range(max(self.low, bound), self.high)
            case "<":
                return Range(self.low, min(self.high, nextafter(bound, -inf)))
            case "<=":
                return Range(self.low, min(self.high, bound))
            case "==":
                return Range(max(self.low, bound), min(self.high, bound))
        if self.low == bound:
            return Range(nextafter(bound, inf), self.high)
        return Range(self.low, nextafter(bound, -inf)) if self.high == bound else self


ALL = Range()
_NOT_NEGATIVE = Range(0)
_FROM_ONE = Range(1)
_FUNCTIONS = {
    **dict.fromkeys(("absent", "absent_over_time", "present_over_time"), Range(1, 1)),
    **dict.fromkeys(("rate", "increase", "changes", "resets", "abs", "sqrt", "exp"), _NOT_NEGATIVE),
    **dict.fromkeys(("irate", "stddev_over_time", "stdvar_over_time", "histogram_count", "time"), _NOT_NEGATIVE),
    **dict.fromkeys(("histogram_stddev", "histogram_stdvar"), _NOT_NEGATIVE),
    **dict.fromkeys(("sin", "cos", "sgn"), Range(-1, 1)),
    "count_over_time": _FROM_ONE,
    "histogram_fraction": Range(0, 1),
    "hour": Range(0, 23),
    "minute": Range(0, 59),
    "day_of_week": Range(0, 6),
    "day_of_month": Range(1, 31),
    "day_of_year": Range(1, 366),
    "days_in_month": Range(28, 31),
    "month": Range(1, 12),
}
_AGGREGATIONS = {
    "count": _FROM_ONE,
    "group": Range(1, 1),
    "stddev": _NOT_NEGATIVE,
    "stdvar": _NOT_NEGATIVE,
    "count_values": _FROM_ONE,
}
_KEEPING = frozenset(("min", "max", "avg", "topk", "bottomk", "limitk", "limit_ratio"))
_KEEPING_CALLS = frozenset(
    (
        *("vector", "scalar", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "label_replace"),
        *("label_join", "min_over_time", "max_over_time", "avg_over_time", "last_over_time", "first_over_time"),
    )
)


def range_of(expr: Expr) -> Range:
    """The range of the values of `expr`; `ALL` where nothing can be told."""
    match expr:
        case NumberLiteral():
            return Range(expr.value, expr.value) if expr.value == expr.value else ALL
        case ParenExpr() | Subquery():
            return range_of(expr.expr)
        case UnaryExpr():
            inner = range_of(expr.expr)
            return Range(-inner.high, -inner.low) if expr.op == "-" else inner
        case Aggregation():
            return _of_aggregation(expr)
        case Call():
            return _of_call(expr)
        case BinaryExpr():
            return _of_binary(expr)
    return ALL


def number_of(expr: Expr) -> float | None:
    """The number that `expr` always is, None where it is none."""
    if expr.type != "scalar":
        return None
    found = range_of(expr)
    return found.low if found.low == found.high else None


def threshold(expr: BinaryExpr) -> tuple[Expr, str, float] | None:
    """A comparison with a number: what is compared, how, and the number; the number's side does not matter."""
    if expr.op not in COMPARISONS:
        return None
    for tested, other, op in ((expr.left, expr.right, expr.op), (expr.right, expr.left, _MIRRORED[expr.op])):
        bound = number_of(unwrap(other))
        if bound is not None and tested.type == "vector":
            return tested, op, bound
    return None


def _of_aggregation(expr: Aggregation) -> Range:
    if expr.op in _AGGREGATIONS:
        return _AGGREGATIONS[expr.op]
    inner = range_of(expr.expr)
    if expr.op in _KEEPING:
        return inner
    if expr.op == "sum":
        return Range(inner.low if inner.low >= 0 else -inf, inner.high if inner.high <= 0 else inf)
    return ALL


def _of_call(expr: Call) -> Range:
    name = expr.function.name
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    if name in _KEEPING_CALLS:
        return range_of(expr.args[0])
    bounds = [number_of(argument) for argument in expr.args[1:]]
    match name, bounds:
        case "clamp_min", [float(low)]:
            inner = range_of(expr.args[0])
            return Range(max(low, inner.low), max(low, inner.high))
        case "clamp_max", [float(high)]:
            inner = range_of(expr.args[0])
            return Range(min(high, inner.low), min(high, inner.high))
        case "clamp", [float(low), float(high)]:
            return Range(low, high)
    return ALL


def _of_binary(expr: BinaryExpr) -> Range:
    if expr.return_bool:
        return Range(0, 1)
    if expr.op in COMPARISONS:
        parts = threshold(expr)
        return range_of(parts[0]).that(*parts[1:]) if parts else range_of(expr.left)
    left, right = range_of(expr.left), range_of(expr.right)
    match expr.op:
        case "and" | "unless":
            return left
        case "or":
            return left.hull(right)
        case "+":
            return Range(left.low + right.low, left.high + right.high) if _both_start(left, right) else ALL
        case "*" | "/" if left.low >= 0 and right.low >= 0:
            return _arithmetic(expr.op, left, right)
    return ALL


def _both_start(left: Range, right: Range) -> bool:
    return left.low > -inf and right.low > -inf


def _arithmetic(op: str, left: Range, right: Range) -> Range:
    """The product or the quotient of two ranges without negative values."""
    if op == "*":
        finite = left.high < inf and right.high < inf
        return Range(left.low * right.low, left.high * right.high if finite else inf)
    low = left.low / right.high if 0 < right.high < inf else 0.0
    return Range(low, left.high / right.low if right.low > 0 and left.high < inf else inf)
