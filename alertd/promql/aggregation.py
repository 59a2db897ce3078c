"""Aggregation operators: `sum`, `topk`, `count_values` and their kin."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import Aggregation, Expr
from alertd.promql.elements import Element, LabelKey, Labels, key_of
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import kahan_sum, largest, mean, quantile, smallest, variance
from alertd.promql.matchers import METRIC_NAME
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
_HASH_RANGE: Final = 1 << 64
_LARGEST_INT: Final = 1 << 63


def aggregate(evaluator: Evaluator, expr: Aggregation, at: int) -> list[Element]:
    """Return the aggregated vector at an instant. Raises EvaluationError for an impossible parameter."""
    if expr.param is None:
        compute = _SIMPLE[expr.op]
        groups = _groups(evaluator, expr, evaluator.vector(expr.expr, at))
        return evaluator.settle(
            [group.element(compute([member.value for member in group.members])) for group in groups]
        )
    if expr.op == "count_values":
        return _count_values(evaluator, expr, expr.param, at)
    if expr.op == "quantile":
        return _quantile(evaluator, expr, expr.param, at)
    if expr.op == "limit_ratio":
        return _limit_ratio(evaluator, expr, expr.param, at)
    return _first_k(evaluator, expr, expr.param, at)


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
        evaluator.warn(param, f"quantile value should be between 0 and 1, got {format_number(q)}")
    groups = _groups(evaluator, expr, evaluator.vector(expr.expr, at))
    return evaluator.settle(
        [group.element(quantile(q, [member.value for member in group.members])) for group in groups]
    )


def _count_values(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    label = evaluator.string(param, at)
    if not is_label_name(label):
        raise EvaluationError(f"invalid label name {quote(label)}")
    counts: dict[LabelKey, Element] = {}
    for group in _groups(evaluator, expr, evaluator.vector(expr.expr, at)):
        for member in group.members:
            labels = {**group.labels, label: format_number(member.value)}
            counted = counts.setdefault(key_of(labels), Element(labels, 0.0, group.drop_name))
            counted.value += 1
    return evaluator.settle(list(counts.values()))


def _first_k(evaluator: Evaluator, expr: Aggregation, param: Expr, at: int) -> list[Element]:
    """`topk` and `bottomk` give each group sorted, NaN last; `limitk` takes the first that come."""
    wanted = evaluator.scalar(param, at)
    if math.isnan(wanted):
        raise EvaluationError("Parameter value is NaN")
    if not -_LARGEST_INT <= wanted < _LARGEST_INT:
        raise EvaluationError(f"Scalar value {format_number(wanted)} overflows int64")
    count = max(0, int(wanted))
    result: list[Element] = []
    for group in _groups(evaluator, expr, evaluator.vector(expr.expr, at)):
        members = group.members
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
        evaluator.warn(
            param,
            f"ratio value should be between -1 and 1, got {format_number(ratio)}, capping to {format_number(capped)}",
        )
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
