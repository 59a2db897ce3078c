"""Evaluation of an expression at an instant or over a range of instants.

The semantics are Prometheus 3's: lookback and ranges are open on the left, subquery steps are aligned to multiples of
the step, a stale marker ends a series. All instants are milliseconds; numbers inside PromQL are seconds where the
language says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias, TypeVar

from alertd.promql.aggregation import aggregate
from alertd.promql.ast import (
    Aggregation,
    AtModifier,
    BinaryExpr,
    Call,
    DurationExpr,
    DurationValue,
    Expr,
    MatrixSelector,
    Node,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    Subquery,
    UnaryExpr,
    VectorSelector,
    left_chain,
)
from alertd.promql.binary import evaluate_binary
from alertd.promql.elements import Element, LabelKey, RangeVector, Window, drop_names, key_of
from alertd.promql.errors import EvaluationError, line_and_column
from alertd.promql.floats import divide, modulo, power
from alertd.promql.functions import FUNCTIONS
from alertd.promql.numbers import round_half_away
from alertd.promql.storage import Series, Storage, is_stale
from alertd.promql.values import Evaluation, Matrix, Options, Sample, Scalar, String, Value, Vector

Result: TypeAlias = "float | str | list[Element] | RangeVector"


_T = TypeVar("_T")


def _checked(value: object, kind: type[_T]) -> _T:
    """Return `value`, which has the type that the type check of the parser has promised."""
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}: the expression was not type-checked")
    return value


def evaluate(expr: Expr, storage: Storage, at: int, *, options: Options | None = None) -> Evaluation:
    """Evaluate `expr` at the instant `at`. Raises EvaluationError."""
    evaluator = Evaluator(expr, storage, at, at, 0, options or Options())
    value = _public(evaluator.evaluate(expr, at), at)
    return evaluator.evaluation(value)


def evaluate_range(
    expr: Expr, storage: Storage, start: int, end: int, step: int, *, options: Options | None = None
) -> Evaluation:
    """Evaluate `expr` at `start`, `start + step`, … up to `end`; the value is a Matrix, sorted by labels.

    Raises EvaluationError; ValueError for a step below 1 ms or an end before the start.
    """
    if step <= 0:
        raise ValueError("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if end < start:
        raise ValueError("end timestamp must not be before start time")
    if expr.type not in ("scalar", "vector"):
        raise EvaluationError(
            f'invalid expression type "{expr.type}" for range query, must be scalar or instant vector'
        )
    evaluator = Evaluator(expr, storage, start, end, step, options or Options(), is_range=True)
    collected: dict[LabelKey, tuple[Any, list[int], list[float]]] = {}
    for at in range(start, end + 1, step):
        value = _public(evaluator.evaluate(expr, at), at)
        samples = value if isinstance(value, Vector) else [Sample({}, value.value, at)]  # type: ignore[union-attr, arg-type]  # a range query gives vectors and scalars
        for sample in samples:
            key = key_of(sample.labels)
            row = collected.get(key)
            if row is None:
                row = collected[key] = (sample.labels, [], [])
            row[1].append(at)
            row[2].append(sample.value)
    rows = sorted(collected.values(), key=lambda row: sorted(row[0].items()))
    return evaluator.evaluation(Matrix(Series(*row) for row in rows))


class Evaluator:
    """One evaluation: its bounds, the series already read, and what was noticed.

    `start`, `end` and `step` are those of the whole query; an instant query has `step` 0.
    """

    def __init__(
        self,
        expr: Expr,
        storage: Storage,
        start: int,
        end: int,
        step: int,
        options: Options,
        *,
        is_range: bool = False,
    ) -> None:
        self.options = options
        self.start = start
        self.end = end
        self.step = step
        self.is_range = is_range
        self._source = expr.source
        self._storage = storage
        self._samples_read = 0
        self._notes: dict[str, None] = {}
        self._spans: dict[int, tuple[int, int]] = {}
        self._series: dict[int, list[Series]] = {}
        self._plan(expr, start, end)

    # What others ask for while they evaluate.

    def evaluate(self, expr: Expr, at: int) -> Result:
        """Return the value of `expr` at the instant `at`."""
        return self._handlers[type(expr)](self, expr, at)

    def vector(self, expr: Expr, at: int) -> list[Element]:
        return _checked(self.evaluate(expr, at), list)

    def scalar(self, expr: Expr, at: int) -> float:
        return _checked(self.evaluate(expr, at), float)

    def string(self, expr: Expr, at: int) -> str:
        return _checked(self.evaluate(expr, at), str)

    def range_vector(self, expr: Expr, at: int) -> RangeVector:
        return _checked(self.evaluate(expr, at), RangeVector)

    def settle(self, elements: list[Element]) -> list[Element]:
        """Remove the dropped names now, or leave that to the end when name removal is delayed."""
        return elements if self.options.delayed_name_removal else drop_names(elements)

    def warn(self, node: Node, text: str) -> None:
        self._note(node, f"PromQL warning: {text}")

    def inform(self, node: Node, text: str) -> None:
        self._note(node, f"PromQL info: {text}")

    def _note(self, node: Node, text: str) -> None:
        line, column = line_and_column(self._source, node.start)
        self._notes[f"{text} ({line}:{column})"] = None

    def evaluation(self, value: Value) -> Evaluation:
        """Return `value` with all that was noticed."""
        return Evaluation(
            value,
            [note for note in self._notes if note.startswith("PromQL warning")],
            [note for note in self._notes if note.startswith("PromQL info")],
            self._samples_read,
        )

    def raw_samples(self, selector: VectorSelector, at: int) -> list[tuple[Series, int]]:
        """Return the series of `selector` that have a value at `at`, with the index of that sample."""
        moment = self._moment(selector.at, selector.offset, at)
        oldest = moment - self.options.lookback
        found: list[tuple[Series, int]] = []
        for series in self._select(selector):
            index = series.window(oldest, moment)[1] - 1
            if index >= 0 and series.times[index] > oldest and not is_stale(series.values[index]):
                found.append((series, index))
        return found

    # Times.

    def _milliseconds(self, value: DurationValue) -> int:
        return value if isinstance(value, int) else round_half_away(self._seconds(value) * 1000)

    def _positive(self, value: DurationValue) -> int:
        length = self._milliseconds(value)
        if length <= 0:
            raise EvaluationError("duration must be greater than 0")
        return length

    def _seconds(self, value: DurationExpr | NumberLiteral | None) -> float:
        if value is None:
            return 0.0
        if isinstance(value, NumberLiteral):
            return value.value
        if value.op == "step":
            return self.step / 1000
        if value.op == "range":
            return (self.end - self.start) / 1000
        left, right = self._seconds(value.left), self._seconds(value.right)
        if value.op in ("/", "%") and right == 0:
            raise EvaluationError(
                "division by zero in a duration" if value.op == "/" else "modulo by zero in a duration"
            )
        result = _DURATION_OPERATORS[value.op](left, right)
        if not math.isfinite(result):
            raise EvaluationError("duration is not a finite number")
        return result

    def _moment(self, anchor: AtModifier, offset: DurationValue, at: int) -> int:
        """Return the instant that a selector or subquery speaks of, when it is evaluated at `at`."""
        if anchor == "start":
            at = self.start
        elif anchor == "end":
            at = self.end
        elif anchor is not None:
            at = anchor
        return at - self._milliseconds(offset)

    # Series.

    def _plan(self, expr: Expr, first: int, last: int) -> None:
        """Note, for every selector, the span of samples that evaluations of `expr` in first … last may need."""
        if isinstance(expr, BinaryExpr):
            first_operand, links = left_chain(expr)
            for operand in (first_operand, *(link.right for link in links)):
                self._plan(operand, first, last)
        elif isinstance(expr, VectorSelector):
            self._span(expr, self.options.lookback, first, last)
        elif isinstance(expr, MatrixSelector):
            self._span(expr.selector, self._positive(expr.range), first, last)
        elif isinstance(expr, Subquery):
            first = self._moment(expr.at, expr.offset, first)
            last = self._moment(expr.at, expr.offset, last)
            self._plan(expr.expr, first - self._positive(expr.range), last)
        else:
            for child in expr.children:
                self._plan(child, first, last)

    def _span(self, selector: VectorSelector, length: int, first: int, last: int) -> None:
        earliest = self._moment(selector.at, selector.offset, first)
        latest = self._moment(selector.at, selector.offset, last)
        self._spans[id(selector)] = (earliest - length, latest)

    def _select(self, selector: VectorSelector) -> list[Series]:
        """Return the series of `selector` over its whole span; storage is asked once per selector."""
        found = self._series.get(id(selector))
        if found is None:
            found = list(self._storage.select(selector.matchers, *self._spans[id(selector)]))
            self._samples_read += sum(map(len, found))
            if self._samples_read > self.options.max_samples:
                raise EvaluationError("query processing would load too many samples into memory in query execution")
            self._series[id(selector)] = found
        return found

    # The kinds of expressions.

    def _number(self, expr: NumberLiteral, _at: int) -> float:
        return expr.value

    def _text(self, expr: StringLiteral, _at: int) -> str:
        return expr.value

    def _paren(self, expr: ParenExpr, at: int) -> Result:
        return self.evaluate(expr.expr, at)

    def _unary(self, expr: UnaryExpr, at: int) -> Result:
        value = self.evaluate(expr.expr, at)
        if expr.op == "+":
            return value
        if isinstance(value, float):
            return -value
        return self.settle([Element(element.labels, -element.value, True) for element in _checked(value, list)])

    def _binary(self, expr: BinaryExpr, at: int) -> Result:
        return evaluate_binary(self, expr, at)

    def _aggregation(self, expr: Aggregation, at: int) -> Result:
        return aggregate(self, expr, at)

    def _call(self, expr: Call, at: int) -> Result:
        return FUNCTIONS[expr.function.name](self, expr, at)

    def _selector(self, expr: VectorSelector, at: int) -> Result:
        return [Element(series.labels, series.values[index]) for series, index in self.raw_samples(expr, at)]

    def _matrix(self, expr: MatrixSelector, at: int) -> RangeVector:
        selector = expr.selector
        end = self._moment(selector.at, selector.offset, at)
        start = end - self._positive(expr.range)
        windows: list[Window] = []
        for series in self._select(selector):
            first, last = series.window(start, end)
            if first >= last:
                continue
            times, values = series.times[first:last], series.values[first:last]
            # Only a NaN among the values makes their sum one: the search for markers is seldom needed.
            if math.isnan(sum(values)):
                kept = [index for index, value in enumerate(values) if not is_stale(value)]
                if not kept:
                    continue
                times, values = [times[index] for index in kept], [values[index] for index in kept]
            windows.append(Window(series.labels, times, values))
        return RangeVector(start, end, windows)

    def _subquery(self, expr: Subquery, at: int) -> RangeVector:
        end = self._moment(expr.at, expr.offset, at)
        start = end - self._positive(expr.range)
        step = self._positive(expr.step) if expr.step else self.options.default_subquery_step
        collected: dict[LabelKey, tuple[Element, list[int], list[float]]] = {}
        for moment in range((start // step + 1) * step, end + 1, step):
            for element in self.vector(expr.expr, moment):
                key = key_of(element.labels)
                row = collected.get(key)
                if row is None:
                    row = collected[key] = (element, [], [])
                elif element.drop_name:
                    row[0].drop_name = True
                row[1].append(moment)
                row[2].append(element.value)
        windows = [Window(row[0].labels, row[1], row[2], row[0].drop_name) for row in collected.values()]
        return RangeVector(start, end, windows)

    _handlers: ClassVar[dict[type[Expr], Callable[[Evaluator, Any, int], Result]]] = {
        NumberLiteral: _number,
        StringLiteral: _text,
        ParenExpr: _paren,
        UnaryExpr: _unary,
        BinaryExpr: _binary,
        Aggregation: _aggregation,
        Call: _call,
        VectorSelector: _selector,
        MatrixSelector: _matrix,
        Subquery: _subquery,
    }


_DURATION_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "%": modulo,
    "^": power,
    "min_of": min,
    "max_of": max,
}


def _public(value: Result, at: int) -> Value:
    """Return the value as callers see it, with all names dropped that were to be dropped."""
    if isinstance(value, float):
        return Scalar(value, at)
    if isinstance(value, str):
        return String(value, at)
    if isinstance(value, RangeVector):
        named = [Element(window.labels, 0.0, window.drop_name) for window in value.windows]
        drop_names(named)
        return Matrix(
            Series(dict(element.labels), list(window.times), list(window.values))
            for element, window in zip(named, value.windows, strict=True)
        )
    return Vector(Sample(dict(element.labels), element.value, at) for element in drop_names(value))
