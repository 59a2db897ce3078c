"""Aggregation operators: `sum`, `topk`, `count_values` and their kin."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from alertd.promql.annotations import (
    MIXED_IN_AGGREGATION,
    counter_reset_collision,
    ignored_in_aggregation,
    invalid_quantile,
    invalid_ratio,
    mixed_schemas,
    reconciled_bounds,
)
from alertd.promql.ast import Aggregation, Expr
from alertd.promql.elements import Element, LabelKey, Labels, key_of
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import NAN, kahan_sum, largest, mean, quantile, smallest, variance
from alertd.promql.histogram import FloatHistogram
from alertd.promql.histogram_arithmetic import average_of, sum_of
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import format_go_float
from alertd.promql.printer import format_number
from alertd.promql.quoting import quote

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_SIMPLE: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": kahan_sum,
    "avg": mean,
    "count": lambda values: float(len(values)),
    "min": smallest,
    "max": largest,
    "group": lambda _values: 1.0,
    "stdvar": variance,
    "stddev": lambda values: math.sqrt(variance(values)),
}
# Aggregations that count elements, whatever they are.
_OF_BOTH: Final = frozenset(("count", "group"))
_HASH_RANGE: Final = 1 << 64
_LARGEST_INT: Final = 1 << 63


def aggregate(evaluator: Evaluator, expr: Aggregation, at: int) -> list[Element]:
    """Return the aggregated vector at an instant. Raises EvaluationError for an impossible parameter."""
    if expr.param is None:
        return _simple(evaluator, expr, at)
    if expr.op == "count_values":
        return _count_values(evaluator, expr, expr.param, at)
    if expr.op == "quantile":
        return _quantile(evaluator, expr, expr.param, at)
    if expr.op == "limit_ratio":
        return _limit_ratio(evaluator, expr, expr.param, at)
    return _first_k(evaluator, expr, expr.param, at)


def _simple(evaluator: Evaluator, expr: Aggregation, at: int) -> list[Element]:
    compute = _SIMPLE[expr.op]
    result: list[Element] = []
    for group in _groups(evaluator, expr, evaluator.vector(expr.expr, at)):
        members = group.members
        if evaluator.selection.has_histograms and any(member.histogram is not None for member in members):
            if expr.op in ("sum", "avg"):
                made = _of_histograms(evaluator, expr, members)
                if made is not None:
                    result.append(Element(group.labels, NAN, group.drop_name, made))
                continue
            if expr.op not in _OF_BOTH:
                evaluator.inform(expr.expr, ignored_in_aggregation(expr.op))
                members = _numbers(members)
                if not members:
                    continue
        result.append(group.element(compute([member.value for member in members])))
    return evaluator.settle(result)


def _numbers(members: list[Element]) -> list[Element]:
    return [member for member in members if member.histogram is None]


def _of_histograms(evaluator: Evaluator, expr: Aggregation, members: list[Element]) -> FloatHistogram | None:
    """Return the sum or the average of a group; None, with a warning, when its members do not go together."""
    if not _go_together(evaluator, expr, members):
        return None
    histograms = [member.histogram for member in members if member.histogram is not None]
    combined = (sum_of if expr.op == "sum" else average_of)(histograms)
    if combined.collision:
        evaluator.warn(expr.expr, counter_reset_collision("aggregation"))
    if combined.reconciled:
        evaluator.inform(expr.expr, reconciled_bounds("aggregation"))
    return combined.histogram.compact()


def _go_together(evaluator: Evaluator, expr: Aggregation, members: list[Element]) -> bool:
    """Whether all members are histograms of one kind; a warning says what is not, as far as it is looked for.

    Behind a histogram of another kind than the first nothing matters any more.
    """
    first = members[0].histogram
    has_numbers = has_other = False
    for member in members:
        if member.histogram is None:
            has_numbers = True
        elif first is not None and member.histogram.is_custom != first.is_custom:
            evaluator.warn(expr.expr, mixed_schemas(member.labels.get(METRIC_NAME, "")))
            has_other = True
            break
    if has_numbers:
        evaluator.warn(expr.expr, MIXED_IN_AGGREGATION)
    return not (has_numbers or has_other)


class _Group:
    __slots__ = ("drop_name", "labels", "members")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.members: list[Element] = []
        self.drop_name = False

    def element(self, value: float) -> Element:
        return Element(self.labels, value, self.drop_name)


def _groups(evaluator: Evaluator, expr: Aggregation, elements: list[Element]) -> list[_Group]:
    """Split the elements by the labels that the aggregation keeps, in the order of their first members."""
    names = expr.grouping
    # A name that is still to be dropped goes on with the group when the group is made by name.
    carries_name = evaluator.options.delayed_name_removal and not expr.without and METRIC_NAME in names
    groups: dict[LabelKey | tuple[str, ...], _Group] = {}
    removed = frozenset((*names, METRIC_NAME))
    for element in elements:
        labels = element.labels
        key: LabelKey | tuple[str, ...]
        if expr.without:
            key = frozenset([pair for pair in labels.items() if pair[0] not in removed])
        else:
            key = tuple([labels.get(name, "") for name in names])
        group = groups.get(key)
        if group is None:
            if expr.without:
                kept = {name: value for name, value in labels.items() if name not in removed}
            else:
                kept = {name: labels[name] for name in names if name in labels}
            group = groups[key] = _Group(kept)
        group.members.append(element)
        if carries_name and element.drop_name:
            group.drop_name = True
    return list(groups.values())


def _quantile(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    q = evaluator.scalar(param, at)
    if not 0 <= q <= 1:
        evaluator.warn(param, invalid_quantile(q))
    result: list[Element] = []
    for group in _groups(evaluator, expr, evaluator.vector(expr.expr, at)):
        members = _numbers(group.members)
        if len(members) < len(group.members):
            evaluator.inform(expr.expr, ignored_in_aggregation(expr.op))
        if members:
            result.append(group.element(quantile(q, [member.value for member in members])))
    return evaluator.settle(result)


def _count_values(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    label = evaluator.string(param, at)
    if not is_label_name(label):
        raise EvaluationError(f"invalid label name {quote(label)}")
    counts: dict[LabelKey, Element] = {}
    for group in _groups(evaluator, expr, evaluator.vector(expr.expr, at)):
        for member in group.members:
            text = format_number(member.value) if member.histogram is None else str(member.histogram)
            # `without` takes the new label away, too.
            labels = group.labels if expr.without and label in expr.grouping else {**group.labels, label: text}
            counted = counts.setdefault(key_of(labels), Element(labels, 0.0, group.drop_name))
            counted.value += 1
    return evaluator.settle(list(counts.values()))


def _first_k(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    """`topk` and `bottomk` give each group sorted, NaN last; `limitk` takes the first that come."""
    wanted = evaluator.scalar(param, at)
    elements = evaluator.vector(expr.expr, at)
    if math.isnan(wanted):
        raise EvaluationError("Parameter value is NaN")
    if wanted < 1:
        return []
    if wanted >= _LARGEST_INT:
        raise EvaluationError(f"Scalar value {format_go_float(wanted)} overflows int64")
    count = int(wanted)
    result: list[Element] = []
    for group in _groups(evaluator, expr, elements):
        members = group.members
        if expr.op != "limitk":
            members = _numbers(members)
            if len(members) < len(group.members):
                evaluator.inform(expr, ignored_in_aggregation(expr.op))
        if expr.op == "topk":
            members = sorted(members, key=lambda member: (member.value != member.value, -member.value))
        elif expr.op == "bottomk":
            members = sorted(members, key=lambda member: (member.value != member.value, member.value))
        result.extend(members[:count])
    return result


def _limit_ratio(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    """Keep the share of series whose hash is below the ratio; a negative ratio keeps the complement."""
    ratio = evaluator.scalar(param, at)
    if math.isnan(ratio):
        raise EvaluationError("Ratio value is NaN")
    if not -1 <= ratio <= 1:
        capped = math.copysign(1, ratio)
        evaluator.warn(param, invalid_ratio(ratio, capped))
        ratio = capped
    elements = evaluator.vector(expr.expr, at)
    if ratio >= 0:
        return [element for element in elements if _share(element.labels) < ratio]
    return [element for element in elements if _share(element.labels) >= 1 + ratio]


def _share(labels: Labels) -> float:
    """Return where a label set's hash falls between 0 and 1."""
    text = "\0".join(part for pair in sorted(labels.items()) for part in pair)
    digest = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _HASH_RANGE


def is_label_name(name: str) -> bool:
    """Whether a text can name a label: any UTF-8 that is not empty."""
    return bool(name) and not any("\ud800" <= character <= "\udfff" for character in name)
