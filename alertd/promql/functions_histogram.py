"""Functions of histograms, native ones and classic ones: series with a label `le` that count up to that bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from alertd.promql.aggregation import is_label_name
from alertd.promql.annotations import bad_bucket_label, invalid_quantile, mixed_classic_and_native, of_metric
from alertd.promql.ast import Call, Expr
from alertd.promql.classic_conversion import BUCKET_LABEL
from alertd.promql.classic_histogram import ClassicBucket, bucket_fraction, bucket_quantile
from alertd.promql.elements import Element, LabelKey, Labels, check_unique, key_of, without_name
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import divide, guarded
from alertd.promql.functiontypes import FunctionBody, FunctionTable
from alertd.promql.histogram import FloatHistogram
from alertd.promql.histogram_statistics import native_fraction, native_quantile, native_variance
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import format_openmetrics_float, parse_go_float
from alertd.promql.quoting import quote

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


@dataclass(slots=True)
class _Classic:
    """A classic histogram; `labels` are those of its buckets without `le` and the name."""

    labels: Labels
    name: str
    buckets: list[ClassicBucket] = field(default_factory=list)


@dataclass(slots=True)
class _Histograms:
    """The histograms of a vector, those left out that come in both kinds."""

    classic: list[_Classic]
    native: list[tuple[Element, FloatHistogram]]


def _quantile(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    parameter, argument = call.args
    q = _valid_quantile(evaluator, parameter, at)
    histograms = _histograms(evaluator, argument, at)
    return evaluator.settle(_quantiles_of(evaluator, histograms, q, at, argument))


def _valid_quantile(evaluator: Evaluator, parameter: Expr, at: int) -> float:
    q = evaluator.scalar(parameter, at)
    if not 0 <= q <= 1:
        evaluator.warn(parameter, invalid_quantile(q))
    return q


def _quantiles_of(
    evaluator: Evaluator, histograms: _Histograms, q: float, at: int, argument: Expr, *, tells_repairs: bool = True
) -> list[Element]:
    """Return one quantile of each histogram; notes speak of `argument`."""
    result: list[Element] = []
    for histogram in histograms.classic:
        value, repair = bucket_quantile(q, histogram.buckets)
        if repair is not None and tells_repairs:
            evaluator.repaired(argument, _shown_name(evaluator, histogram.name), at, *repair)
        result.append(Element(histogram.labels, value, True))
    for element, data in histograms.native:
        value, note = native_quantile(q, data)
        if note:
            evaluator.inform(argument, of_metric(note, _shown_name(evaluator, element.labels.get(METRIC_NAME, ""))))
        result.append(Element(element.labels, value, True))
    return result


def _several_quantiles(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`histogram_quantiles`: each quantile in series of its own, told by a label."""
    argument = call.args[0]
    label = evaluator.string(call.args[1], at)
    if not is_label_name(label):
        raise EvaluationError(f"invalid label name in histogram_quantiles(): {quote(label)}")
    result: list[Element] = []
    # What was repaired for one quantile is sound for the next.
    tells_repairs = True
    for parameter in call.args[2:]:
        q = _valid_quantile(evaluator, parameter, at)
        shown = format_openmetrics_float(q)
        # The buckets are read anew, because a quantile merges and lifts them.
        histograms = _histograms(evaluator, argument, at)
        result += [
            Element({**element.labels, label: shown}, element.value, element.drop_name)
            for element in _quantiles_of(evaluator, histograms, q, at, argument, tells_repairs=tells_repairs)
        ]
        tells_repairs = tells_repairs and not 0 <= q <= 1
    check_unique(element.labels for element in result)
    return evaluator.settle(result)


def _fraction(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    lower, upper = (evaluator.scalar(argument, at) for argument in call.args[:2])
    histograms = _histograms(evaluator, call.args[2], at)
    result = [
        Element(histogram.labels, bucket_fraction(lower, upper, histogram.buckets), True)
        for histogram in histograms.classic
    ]
    for element, data in histograms.native:
        value, note = native_fraction(lower, upper, data)
        if note:
            name = _shown_name(evaluator, element.labels.get(METRIC_NAME, ""))
            evaluator.inform(call.args[2], of_metric(note, name))
        result.append(Element(element.labels, value, True))
    return evaluator.settle(result)


def _shown_name(evaluator: Evaluator, name: str) -> str:
    """Return a name for a note: names are told only where they are still sure to be there."""
    return name if evaluator.options.delayed_name_removal else ""


def _histograms(evaluator: Evaluator, argument: Expr, at: int) -> _Histograms:
    """Gather the buckets of each classic histogram, and the native ones.

    Series without a readable `le` are left out with a warning, and so are histograms that come in both kinds.
    """
    classic: dict[LabelKey, _Classic] = {}
    native: list[tuple[Element, FloatHistogram]] = []
    for element in evaluator.vector(argument, at):
        if element.histogram is not None:
            native.append((element, element.histogram))
            continue
        labels = element.labels
        text = labels.get(BUCKET_LABEL, "")
        bound = parse_go_float(text)
        if bound is None:
            name = _shown_name(evaluator, labels.get(METRIC_NAME, ""))
            evaluator.warn(argument, bad_bucket_label(name, text))
            continue
        kept = {name: value for name, value in labels.items() if name != BUCKET_LABEL}
        histogram = classic.setdefault(key_of(kept), _Classic(without_name(kept), labels.get(METRIC_NAME, "")))
        histogram.buckets.append(ClassicBucket(bound, element.value))
    sound: list[tuple[Element, FloatHistogram]] = []
    for element, data in native:
        if classic.pop(key_of(element.labels), None) is None:
            sound.append((element, data))
            continue
        name = _shown_name(evaluator, element.labels.get(METRIC_NAME, ""))
        evaluator.warn(argument, mixed_classic_and_native(name))
    return _Histograms(list(classic.values()), sound)


def _of_native(compute: Callable[[FloatHistogram], float]) -> FunctionBody:
    """Return the function of native histograms; numbers are ignored."""

    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        return evaluator.settle(
            [
                Element(element.labels, compute(element.histogram), True)
                for element in evaluator.vector(call.args[0], at)
                if element.histogram is not None
            ]
        )

    return body


# Histograms that were subtracted may have a variance below zero.
_root: Final = guarded(math.sqrt)

TABLE: Final[FunctionTable] = {
    "histogram_quantile": _quantile,
    "histogram_quantiles": _several_quantiles,
    "histogram_fraction": _fraction,
    "histogram_avg": _of_native(lambda histogram: divide(histogram.sum, histogram.count)),
    "histogram_count": _of_native(lambda histogram: histogram.count),
    "histogram_sum": _of_native(lambda histogram: histogram.sum),
    "histogram_stddev": _of_native(lambda histogram: _root(native_variance(histogram))),
    "histogram_stdvar": _of_native(native_variance),
}
