"""Functions of labels: `label_replace`, `label_join`, and the sorting of vectors."""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Final

from alertd.promql.aggregation import is_label_name
from alertd.promql.annotations import SORT_IN_RANGE
from alertd.promql.ast import Call
from alertd.promql.elements import Element, check_unique
from alertd.promql.errors import EvaluationError
from alertd.promql.functiontypes import FunctionTable
from alertd.promql.matchers import METRIC_NAME, compile_regex

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))", re.ASCII)
_CHUNKS = re.compile(r"[0-9]+|[^0-9]+")
_LARGEST_INT = (1 << 63) - 1
# Python refuses to read numbers of very many digits.
_MOST_DIGITS = 1000


def _label_replace(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    target, replacement, source, pattern = (evaluator.string(argument, at) for argument in call.args[1:])
    try:
        regex = compile_regex(pattern)
    except ValueError as error:
        raise EvaluationError(f"invalid regular expression in label_replace(): {pattern}") from error
    if not is_label_name(target):
        raise EvaluationError(f"invalid destination label name in label_replace(): {target}")
    result: list[Element] = []
    for element in evaluator.vector(call.args[0], at):
        match = regex.fullmatch(element.labels.get(source, ""))
        result.append(element if match is None else _relabelled(element, target, expand(replacement, match)))
    check_unique(element.labels for element in result)
    return result


def _label_join(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    target, separator, *sources = (evaluator.string(argument, at) for argument in call.args[1:])
    for source in sources:
        if not is_label_name(source):
            raise EvaluationError(f"invalid source label name in label_join(): {source}")
    if not is_label_name(target):
        raise EvaluationError(f"invalid destination label name in label_join(): {target}")
    result = [
        _relabelled(element, target, separator.join(element.labels.get(source, "") for source in sources))
        for element in evaluator.vector(call.args[0], at)
    ]
    check_unique(element.labels for element in result)
    return result


def _relabelled(element: Element, name: str, value: str) -> Element:
    """Return the element with one label set; a metric name that is set anew stays."""
    labels = dict(element.labels)
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)
    return Element(labels, element.value, element.drop_name and name != METRIC_NAME, element.histogram)


def expand(template: str, match: Any) -> str:
    """Fill `$1`, `${1}` and `${name}` with the groups of an RE2 match, as Go's Regexp.Expand; `$$` is a dollar."""

    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        if name.isdigit():
            number = int(name)
            return (match.group(number) or "") if number <= match.re.groups else ""
        return (match.group(name) or "") if name in match.re.groupindex else ""

    return _REFERENCE.sub(group, template)


def _sort(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`sort` and `sort_desc` order numbers and leave histograms out; NaN comes last in both."""
    _warn_in_range(evaluator, call)
    sign = -1 if call.function.name == "sort_desc" else 1
    return sorted(
        [element for element in evaluator.vector(call.args[0], at) if element.histogram is None],
        key=lambda element: (element.value != element.value, sign * element.value),
    )


def _sort_by_label(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """Sort by the named labels, numbers in them by size, then by all labels."""
    _warn_in_range(evaluator, call)
    names = [evaluator.string(argument, at) for argument in call.args[1:]]

    def key(element: Element) -> tuple[list[Any], list[tuple[str, str]]]:
        return [_NATURAL(_chunks(element.labels.get(name, ""))) for name in names], sorted(element.labels.items())

    descending = call.function.name == "sort_by_label_desc"
    return sorted(evaluator.vector(call.args[0], at), key=key, reverse=descending)


def _chunks(text: str) -> list[tuple[str, int | None]]:
    """Split a text into runs of digits and of others; digits have their number, if it is one of 64 bits."""
    return [(part, _number(part)) for part in _CHUNKS.findall(text)]


def _number(chunk: str) -> int | None:
    if not "0" <= chunk[0] <= "9" or len(chunk) > _MOST_DIGITS or int(chunk) > _LARGEST_INT:
        return None
    return int(chunk)


def _natural_order(left: list[tuple[str, int | None]], right: list[tuple[str, int | None]]) -> int:
    """Compare so that `node2` comes before `node10`: two numbers by size, anything else as text."""
    for (text, number), (other_text, other_number) in zip(left, right, strict=False):
        if number is not None and other_number is not None:
            if number != other_number:
                return -1 if number < other_number else 1
        elif text != other_text:
            return -1 if text < other_text else 1
    return len(left) - len(right)


_NATURAL = cmp_to_key(_natural_order)


def _warn_in_range(evaluator: Evaluator, call: Call) -> None:
    if evaluator.has_many_instants:
        evaluator.warn(call, SORT_IN_RANGE)


TABLE: Final[FunctionTable] = {
    "label_replace": _label_replace,
    "label_join": _label_join,
    "sort": _sort,
    "sort_desc": _sort,
    "sort_by_label": _sort_by_label,
    "sort_by_label_desc": _sort_by_label,
}
