"""One expression evaluated at instant after instant over a storage that grows: what is known is not computed again.

A plain evaluation looks at every sample of every range; here the functions of `slidingfunctions` look at the samples
that a range gained and lost since the instant before. Whatever has no such form is evaluated as always.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from alertd.promql.ast import Call, Expr, MatrixSelector, Subquery, VectorSelector, unwrap, walk
from alertd.promql.elements import Element, LabelKey, drop_names, key_of
from alertd.promql.evaluator import Evaluator, Result, evaluate
from alertd.promql.floats import NAN
from alertd.promql.functions_range import absent_labels
from alertd.promql.notes import Notes
from alertd.promql.querytimes import QueryTimes
from alertd.promql.selection import Budget, Selection
from alertd.promql.signatures import MATRIX, SCALAR, VECTOR
from alertd.promql.sliding import Asked, Slide
from alertd.promql.slidingfunctions import KEEP_NAME, SLIDING
from alertd.promql.storage import MemoryStorage, Series
from alertd.promql.values import Options, Sample, Scalar, Value, Vector

_ABSENT: Final = "absent_over_time"
# They read other series than their selectors name, or other samples than the series hold.
_PLAIN_ONLY: Final = frozenset(("info", "histogram_count", "histogram_sum", "histogram_avg"))


class IncrementalEvaluation:
    """Evaluates `expr` at instants that should not go back, over a storage whose series only gain newer samples.

    `settled` promises that no sample will come at or before an instant that has been evaluated; only then what a
    subquery found is kept. Values are those of `evaluate`, but for the last bits of what is made of sums (see
    `slidingfunctions`). What an evaluation notices (warnings, infos) is not told.
    """

    def __init__(
        self, expr: Expr, storage: MemoryStorage, *, options: Options | None = None, settled: bool = False
    ) -> None:
        self._expr = expr
        self._storage = storage
        self._options = options or Options()
        self._settled = settled
        self._follows = _can_follow(expr, self._options)
        self._evaluator: _Following | None = None

    def at(self, at: int) -> Value:
        """The value at the instant `at` (milliseconds). Raises EvaluationError."""
        if not self._follows:
            return evaluate(self._expr, self._storage, at, options=self._options).value
        if self._evaluator is None:
            self._evaluator = _Following(self._expr, self._storage, self._options, settled=self._settled)
        return self._evaluator.value(self._expr, at)


def _can_follow(expr: Expr, options: Options) -> bool:
    if options.delayed_name_removal or options.type_and_unit_labels or options.start_timestamps:
        return False
    return expr.type in (SCALAR, VECTOR) and all(_is_followed(node) for node in walk(expr))


def _is_followed(node: Expr) -> bool:
    match node:
        case Call():
            return node.function.name not in _PLAIN_ONLY
        case VectorSelector():
            return not node.extension and isinstance(node.offset, int)
        case MatrixSelector():
            return isinstance(node.range, int)
        case Subquery():
            return all(isinstance(duration, int) for duration in (node.range, node.step, node.offset))
    return True


class _LiveSelection(Selection):
    """The series of selectors as they lie in the storage, newer samples included."""

    def __init__(self, expr: Expr, storage: MemoryStorage, times: QueryTimes, options: Options, budget: Budget) -> None:
        super().__init__(expr, storage, times, options, budget)
        self._memory = storage
        self._live: dict[int, list[Series]] = {}
        self._seen: dict[int, int] = {}
        # Any series may get histograms later.
        self.has_histograms = True

    def begin(self, times: QueryTimes, budget: Budget) -> None:
        """Go on to another instant."""
        self._times = times
        self._budget = budget

    def series(self, selector: VectorSelector) -> list[Series]:
        """Return the series that match; those that are new in the storage are looked for once."""
        key = id(selector)
        found = self._live.setdefault(key, [])
        seen = self._seen.get(key, 0)
        if seen != len(self._memory):
            for series in islice(self._memory.series(), seen, None):
                if all(matcher.matches(series.labels.get(matcher.name, "")) for matcher in selector.matchers):
                    found.append(series)
            self._seen[key] = len(self._memory)
        return found


@dataclass(slots=True)
class _Moments:
    """What the moments of one subquery came to so far, as series that grow."""

    series: dict[LabelKey, Series] = field(default_factory=dict)
    last: int | None = None


class _Following(Evaluator):
    """An evaluator that goes from instant to instant and keeps what slides along."""

    selection: _LiveSelection

    def __init__(self, expr: Expr, storage: MemoryStorage, options: Options, *, settled: bool) -> None:
        times = QueryTimes(0, 0, 0)
        super().__init__(expr, storage, times, options)
        self.selection = _LiveSelection(expr, storage, times, options, self.budget)
        self._settled = settled
        self._remembers = settled and all(_looks_back(node) for node in walk(expr) if isinstance(node, Subquery))
        self._slides: dict[int, dict[int, Slide]] = {}
        self._sampled: dict[int, _Moments] = {}
        self._plain: set[int] = {id(node) for node in walk(expr) if isinstance(node, Call) and not self._slid(node)}

    def value(self, expr: Expr, at: int) -> Value:
        """Return the value of the whole expression. Raises EvaluationError."""
        self.times = QueryTimes(at, at, 0)
        self.budget = Budget(self.options)
        self.notes = Notes("")
        self.selection.begin(self.times, self.budget)
        if not self._remembers:
            self._moments.clear()
        found = self.evaluate(expr, at)
        if isinstance(found, float):
            return Scalar(found, at)
        if not isinstance(found, list):
            raise TypeError(f"not a vector: {found!r}")
        return Vector(
            Sample(dict(element.labels), element.value, at, element.histogram) for element in drop_names(found)
        )

    def evaluate(self, expr: Expr, at: int) -> Result:
        """Return the value of `expr` at the instant `at`."""
        if type(expr) is Call and id(expr) not in self._plain:
            found = self._slide(expr, at)
            if found is not None:
                return found
            self._plain.add(id(expr))
        return super().evaluate(expr, at)

    def _slid(self, call: Call) -> bool:
        """Whether a call has a form that slides."""
        if call.function.name not in SLIDING and call.function.name != _ABSENT:
            return False
        argument = _range_of(call)
        return isinstance(argument, MatrixSelector) or (
            isinstance(argument, Subquery) and self._settled and _looks_back(argument)
        )

    def _slide(self, call: Call, at: int) -> list[Element] | None:
        """Return the elements of a call that slides; None when histograms stand in its way."""
        argument = _range_of(call)
        name = call.function.name
        scalar = self._scalar_of(call, at)
        if isinstance(argument, MatrixSelector):
            end = self.times.moment(argument.selector.at, argument.selector.offset, at)
            start = end - self.times.positive(argument.range)
            ranged: Sequence[Series] | None = self.selection.series(argument.selector)
        elif isinstance(argument, Subquery):
            end = self.times.moment(argument.at, argument.offset, at)
            start = end - self.times.positive(argument.range)
            ranged = self._sample(argument, start, end)
        else:
            raise TypeError(f"not a range: {argument}")
        if ranged is None or any(series.histogram_times for series in ranged):
            return None
        slides = self._slides.setdefault(id(call), {})
        asked = Asked(start, end, at, scalar)
        keep = name in KEEP_NAME
        result: list[Element] = []
        for series in ranged:
            slide = slides.get(id(series))
            if slide is None:
                slide = slides[id(series)] = Slide(series, SLIDING.get(name))
            value = slide.answer(asked)
            if value is not None:
                result.append(Element(series.labels, value, not keep))
        if name == _ABSENT:
            return [] if result else [Element(absent_labels(call.args[0]), 1.0)]
        self._hold(result)
        return self.settle(result)

    def _scalar_of(self, call: Call, at: int) -> float:
        """Return the value of the argument that is no range, NaN when there is none."""
        for argument in call.args:
            if argument.type == SCALAR:
                return self.scalar(argument, at)
        return NAN

    def _sample(self, subquery: Subquery, start: int, end: int) -> Sequence[Series] | None:
        """Evaluate the moments up to `end` that are new; None when one of them has a histogram."""
        step = self.times.positive(subquery.step) if subquery.step else self.options.default_subquery_step
        known = self._sampled.get(id(subquery))
        if known is None or (known.last is not None and end < known.last):
            known = self._sampled[id(subquery)] = _Moments()
        first = (start // step + 1) * step
        if known.last is not None:
            first = max(first, known.last + step)
        for moment in range(first, end + 1, step):
            self.budget.check_time()
            for element in self.vector(subquery.expr, moment):
                if element.histogram is not None:
                    return None
                key = key_of(element.labels)
                series = known.series.get(key)
                if series is None:
                    series = known.series[key] = Series(element.labels, array("q"), array("d"))
                series.times.append(moment)  # type: ignore[attr-defined]  # an array: it was made above
                series.values.append(element.value)  # type: ignore[attr-defined]  # an array, as above
            known.last = moment
        return list(known.series.values())


def _range_of(call: Call) -> Expr:
    """Return the argument of a sliding function that is a range."""
    return unwrap(next(argument for argument in call.args if argument.type == MATRIX))


def _looks_back(subquery: Subquery) -> bool:
    """Whether the moments of a subquery see nothing from after themselves, so that they stay what they are."""
    nodes = [node for node in walk(subquery) if isinstance(node, Subquery | VectorSelector)]
    return all(node.at is None and isinstance(node.offset, int) and node.offset >= 0 for node in nodes)
