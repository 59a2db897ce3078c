"""Binary operators between two instant vectors: which elements belong together, and what becomes of their labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from alertd.promql.ast import BinaryExpr, VectorMatching
from alertd.promql.elements import Element, Labels, check_unique, key_of, without_name
from alertd.promql.errors import EvaluationError
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.operators import ARITHMETIC, COMPARE
from alertd.promql.pairs import combine_histograms, parts
from alertd.promql.printer import format_labels

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def grouping_key(matching: VectorMatching) -> Callable[[Labels], Hashable]:
    """Return the function that says which match group a label set belongs to."""
    names = matching.labels
    if matching.on:
        if len(names) == 1:
            name = names[0]
            return lambda labels: labels.get(name, "")
        return lambda labels: tuple([labels.get(name, "") for name in names])
    ignored = frozenset((*names, METRIC_NAME))
    return lambda labels: frozenset([pair for pair in labels.items() if pair[0] not in ignored])


def match_vectors(
    evaluator: Evaluator, expr: BinaryExpr, matching: VectorMatching, left: list[Element], right: list[Element]
) -> list[Element]:
    """Combine the elements of two vectors that share a match group, or that are filled up from one side alone.

    One side has at most one element per group; with `group_right` that is the left one. As in Prometheus, `fill_left`
    is then for what the right side lacks. Raises EvaluationError.
    """
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    fill_many, fill_one = matching.fill_left, matching.fill_right
    has_fill = fill_many is not None or fill_one is not None
    if not (many or one) or (not (many and one) and not has_fill):
        return []
    key_for = grouping_key(matching)
    partners: dict[Hashable, Element] = {}
    for element in one:
        key = key_for(element.labels)
        if key in partners:
            raise _duplicates(matching, element.labels, partners[key].labels, "left" if swapped else "right")
        partners[key] = element
    match = _Match(evaluator, expr, matching)
    for element in many:
        key = key_for(element.labels)
        partner = partners.get(key)
        if partner is None:
            if fill_one is None:
                continue
            partner = Element(_group_labels(matching, element.labels), fill_one)
        match.add(key, element, partner)
    if fill_many is not None:
        for key, partner in partners.items():
            if key not in match.matched:
                match.add(key, Element(_group_labels(matching, partner.labels), fill_many), partner)
    if evaluator.is_range or not evaluator.options.delayed_name_removal:
        check_unique(element.labels for element in match.result)
    return match.result


class _Match:
    """The result so far, and the label sets that each match group has given."""

    def __init__(self, evaluator: Evaluator, expr: BinaryExpr, matching: VectorMatching) -> None:
        self.result: list[Element] = []
        self.matched: dict[Hashable, set[Hashable]] = {}
        self._evaluator = evaluator
        self._expr = expr
        self._matching = matching
        self._compare = COMPARE.get(expr.op)
        self._compute = ARITHMETIC.get(expr.op)

    def add(self, key: Hashable, element: Element, partner: Element) -> None:
        """Combine an element of the many side with its partner."""
        expr = self._expr
        first, second = (partner, element) if self._matching.group == "right" else (element, partner)
        labels = self._labels(element.labels, partner.labels)
        if first.histogram is not None or second.histogram is not None or not (self._compute or self._compare):
            self._add_histograms(key, labels, first, second)
            return
        self._check_group(key, labels)
        # As in Prometheus, a name that was still to be dropped from an operand stays where the operator keeps names.
        if self._compute is not None:
            self.result.append(Element(labels, self._compute(first.value, second.value)))
        elif self._compare is not None:
            holds = self._compare(first.value, second.value)
            if expr.return_bool:
                self.result.append(Element(labels, float(holds), True))
            elif holds:
                self.result.append(Element(labels, first.value))

    def _add_histograms(self, key: Hashable, labels: Labels, first: Element, second: Element) -> None:
        """Combine a pair with a histogram in it; one that does not go together is no match."""
        expr = self._expr
        made = combine_histograms(
            self._evaluator, expr, first.histogram or first.value, second.histogram or second.value
        )
        both = first.histogram is not None and second.histogram is not None
        if made is None and not (both and expr.op in ("==", "!=")):
            return
        self._check_group(key, labels)
        if made is not None:
            value, histogram = parts(made)
            self.result.append(Element(labels, value, expr.return_bool, histogram))

    def _check_group(self, key: Hashable, labels: Labels) -> None:
        """Refuse a second match: any in one-to-one, one with the same labels otherwise; filtered elements count too."""
        known = self.matched.get(key)
        if known is None:
            self.matched[key] = {key_of(labels)} if self._matching.group else set()
            return
        if not self._matching.group:
            raise EvaluationError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        signature = key_of(labels)
        if signature in known:
            raise EvaluationError("multiple matches for labels: grouping labels must ensure unique matches")
        known.add(signature)

    def _labels(self, many: Labels, one: Labels) -> Labels:
        matching = self._matching
        labels = without_name(many) if self._compute is not None else many
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


def _group_labels(matching: VectorMatching, labels: Labels) -> Labels:
    if matching.on:
        return {name: labels[name] for name in matching.labels if name in labels}
    ignored = {*matching.labels, METRIC_NAME}
    return {name: value for name, value in labels.items() if name not in ignored}


def _duplicates(matching: VectorMatching, first: Labels, second: Labels, side: str) -> EvaluationError:
    group = _group_labels(matching, first)
    shown = ", ".join(sorted((format_labels(dict(first)), format_labels(dict(second)))))
    return EvaluationError(
        f"found duplicate series for the match group {format_labels(dict(group))} on the {side} hand-side of the"
        f" operation: [{shown}];many-to-many matching not allowed: matching labels must be unique on one side"
    )
