"""Evaluation of an expression at an instant or over a range of instants.

The semantics are Prometheus 3's: lookback and ranges are open on the left, subquery steps are aligned to multiples of
the step, a stale marker ends a series. All instants are milliseconds; numbers inside PromQL are seconds where the
language says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias, TypeVar

from alertd.promql.aggregation import aggregate
from alertd.promql.ast import (
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    Node,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    Subquery,
    UnaryExpr,
    VectorSelector,
    unwrap,
)
from alertd.promql.binary import evaluate_binary
from alertd.promql.collecting import Collector
from alertd.promql.elements import Element, RangeVector, check_unique, drop_names
from alertd.promql.errors import EvaluationError
from alertd.promql.extended import check_function, extended_series, smoothed_elements
from alertd.promql.floats import NAN
from alertd.promql.functions import FUNCTIONS
from alertd.promql.histogram_arithmetic import scale
from alertd.promql.notes import Notes
from alertd.promql.querytimes import QueryTimes
from alertd.promql.selection import Budget, Selection
from alertd.promql.signatures import MATRIX
from alertd.promql.storage import Series, Storage
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
    evaluator = Evaluator(expr, storage, QueryTimes(at, at, 0), options or Options())
    result = evaluator.evaluate(expr, at)
    if isinstance(result, RangeVector):
        evaluator.hold_windows(result)
    elif isinstance(result, list) and evaluator.options.delayed_name_removal:
        check_unique(element.labels for element in drop_names(result))
    value = _public(result, at)
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
    evaluator = Evaluator(expr, storage, QueryTimes(start, end, step), options or Options(), is_range=True)
    collector = Collector()
    for at in range(start, end + 1, step):
        value = evaluator.evaluate(expr, at)
        elements = [Element({}, value)] if isinstance(value, float) else drop_names(_checked(value, list))
        collector.collect(at, elements)
        evaluator.budget.check_time()
    return evaluator.evaluation(collector.matrix())


class Evaluator:
    """One evaluation: its times, the series already read, and what was noticed."""

    def __init__(
        self, expr: Expr, storage: Storage, times: QueryTimes, options: Options, *, is_range: bool = False
    ) -> None:
        self.options = options
        self.times = times
        self.is_range = is_range
        #: Whether what is evaluated now is so for several instants: those of a range, or of a subquery.
        self.has_many_instants = is_range and times.start != times.end
        self.notes = Notes(expr.source)
        self.budget = Budget(options)
        self.selection = Selection(expr, storage, times, options, self.budget)
        self._moments: dict[int, dict[int, list[Element]]] = {}

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
        """Note that the result is doubtful, for the reason in `text`, at the place of `node`."""
        self.notes.warn(text, _place(node))

    def inform(self, node: Node, text: str) -> None:
        self.notes.inform(text, _place(node))

    def repaired(self, node: Node, name: str, at: int, lowest: float, highest: float, largest: float) -> None:
        """Note that a classic histogram of the metric `name` had counts that fell, as in Notes."""
        self.notes.repaired(_place(node), name, at, lowest=lowest, highest=highest, largest=largest)

    def evaluation(self, value: Value) -> Evaluation:
        """Return `value` with all that was noticed."""
        return Evaluation(value, self.notes.texts("warning"), self.notes.texts("info"), self.budget.read)

    def hold_windows(self, vector: RangeVector) -> None:
        """Count the samples of a range vector that is the result itself. Raises TooManySamples."""
        for window in vector.windows:
            self.budget.hold(len(window.times) + sum(histogram.size for histogram in window.histograms))

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
        return self.settle(
            [
                Element(element.labels, -element.value, True, element.histogram and scale(element.histogram, -1))
                for element in _checked(value, list)
            ]
        )

    def _binary(self, expr: BinaryExpr, at: int) -> Result:
        return evaluate_binary(self, expr, at)

    def _aggregation(self, expr: Aggregation, at: int) -> Result:
        return aggregate(self, expr, at)

    def _call(self, expr: Call, at: int) -> Result:
        ranged = False
        for argument in expr.args:
            if argument.type == MATRIX:
                ranged = True
                check_function(expr.function.name, argument)
        result = FUNCTIONS[expr.function.name](self, expr, at)
        if ranged and isinstance(result, list):
            self._hold(result)
        return result

    def _selector(self, expr: VectorSelector, at: int) -> Result:
        if expr.extension == "smoothed":
            elements = smoothed_elements(self, expr, at)
        else:
            elements = [
                Element(series.labels, series.values[index])
                if histogram is None
                else Element(series.labels, NAN, False, histogram)
                for series, index, histogram in self.selection.latest(expr, at)
            ]
        self._hold(elements)
        return elements

    def _matrix(self, expr: MatrixSelector, at: int) -> RangeVector:
        selector = expr.selector
        end = self.times.moment(selector.at, selector.offset, at)
        start = end - self.times.positive(expr.range)
        lookback = self.options.lookback
        first = start - lookback if selector.extension else start
        last = end + lookback if selector.extension == "smoothed" else end
        return RangeVector(start, end, self.selection.windows(selector, first, last), selector.extension)

    def _subquery(self, expr: Subquery, at: int) -> RangeVector:
        end = self.times.moment(expr.at, expr.offset, at)
        start = end - self.times.positive(expr.range)
        step = self.times.positive(expr.step) if expr.step else self.options.default_subquery_step
        first = (start // step + 1) * step
        # Neighbouring evaluations share most of their moments.
        known = self._moments.setdefault(id(expr), {})
        outside, self.has_many_instants = self.has_many_instants, first != end
        for moment in [moment for moment in known if moment < first]:
            del known[moment]
        collector = Collector()
        for moment in range(first, end + 1, step):
            elements = known.get(moment)
            if elements is None:
                self.budget.check_time()
                elements = known[moment] = self.vector(expr.expr, moment)
            collector.collect(moment, elements)
        self.has_many_instants = outside
        return RangeVector(start, end, collector.windows())

    def _hold(self, elements: list[Element]) -> None:
        weight = len(elements)
        if self.selection.has_histograms:
            weight += sum(element.histogram.size - 1 for element in elements if element.histogram is not None)
        self.budget.hold(weight)

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


def _place(node: Node) -> int:
    """Return where an argument stands; parentheses around it are not meant.

    As in Prometheus, which evaluates subqueries apart, a note about one speaks of the beginning of the expression.
    """
    meant = unwrap(node) if isinstance(node, ParenExpr) else node
    return 0 if isinstance(meant, Subquery) else meant.start


def _public(value: Result, at: int) -> Value:
    """Return the value as callers see it, with all names dropped that were to be dropped."""
    if isinstance(value, float):
        return Scalar(value, at)
    if isinstance(value, str):
        return String(value, at)
    if isinstance(value, RangeVector):
        return _public_matrix(value)
    return Vector(Sample(dict(element.labels), element.value, at, element.histogram) for element in drop_names(value))


def _public_matrix(value: RangeVector) -> Matrix:
    named = drop_names([Element(window.labels, 0.0, window.drop_name) for window in value.windows])
    windows = extended_series(value) if value.extension else value.windows
    return Matrix(
        Series(
            dict(element.labels),
            list(window.times),
            list(window.values),
            list(window.histogram_times),
            list(window.histograms),
        )
        for element, window in zip(named, windows, strict=True)
        if window.times or window.histogram_times
    )
