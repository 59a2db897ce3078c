"""The function `info`: labels of info series, such as `target_info`, added to the series of the same target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from alertd.promql.ast import Call, VectorSelector
from alertd.promql.elements import Element, Labels, check_unique
from alertd.promql.errors import EvaluationError
from alertd.promql.functiontypes import FunctionTable
from alertd.promql.matchers import METRIC_NAME, Matcher
from alertd.promql.printer import format_labels
from alertd.promql.storage import Series, is_stale

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_IDENTIFYING: Final = ("instance", "job")
_DEFAULT: Final = Matcher(METRIC_NAME, "=", "target_info")
_ANY_INFO: Final = Matcher(METRIC_NAME, "=~", ".+_info")

_Target: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class _InfoSample:
    series: Series
    at: int


def _info(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    names, data = _matchers(call)
    elements = evaluator.vector(call.args[0], at)
    enriched = {
        _target(element.labels)
        for element in elements
        if not _is_info(names, element.labels) and any(_target(element.labels))
    }
    known = _known(evaluator, call, at, enriched) if enriched else {}
    chosen = frozenset(matcher.name for matcher in data)
    needs_info = any(not matcher.matches("") for matcher in data)
    result: list[Element] = []
    for element in elements:
        if _is_info(names, element.labels):
            result.append(element)
            continue
        infos = known.get(_target(element.labels), [])
        if infos or not needs_info:
            added = _added(element.labels, infos, chosen)
            labels = {**element.labels, **added} if added else element.labels
            result.append(Element(labels, element.value, element.drop_name, element.histogram))
    check_unique(element.labels for element in result)
    return result


def _matchers(call: Call) -> tuple[list[Matcher], list[Matcher]]:
    """Return the matchers of the names of info series, and those of their other labels."""
    selector = call.args[1] if len(call.args) > 1 else None
    matchers: Sequence[Matcher] = selector.matchers if isinstance(selector, VectorSelector) else ()
    names = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    if names and all(matcher.op in ("!=", "!~") for matcher in names):
        # What a name is not says too little: nearly every series would be an info series.
        names.insert(0, _ANY_INFO)
    return names or [_DEFAULT], [matcher for matcher in matchers if matcher.name != METRIC_NAME]


def _is_info(names: Sequence[Matcher], labels: Labels) -> bool:
    return all(matcher.matches(labels.get(METRIC_NAME, "")) for matcher in names)


def _target(labels: Labels) -> _Target:
    return tuple([labels.get(name, "") for name in _IDENTIFYING])


def _known(evaluator: Evaluator, call: Call, at: int, targets: set[_Target]) -> dict[_Target, list[_InfoSample]]:
    """Return the newest sample of each info metric of each target. Raises EvaluationError when there are two."""
    earliest, end = at - evaluator.options.lookback, min(at, evaluator.selection.span(call)[1])
    # As in Prometheus, which asks for each identifying label by itself, others than the targets' are judged, too.
    values = [set(column) for column in zip(*targets, strict=True)]
    newest: dict[tuple[_Target, str], _InfoSample] = {}
    for series in evaluator.selection.info_series(call, [*_matchers(call)[0], *_matchers(call)[1]]):
        target = _target(series.labels)
        is_asked_for = all(value in known for value, known in zip(target, values, strict=True))
        sample = _visible(series, earliest, end) if is_asked_for else None
        if sample is None:
            continue
        key = (target, series.labels.get(METRIC_NAME, ""))
        other = newest.get(key)
        if other is not None and other.at == sample.at:
            raise EvaluationError(
                f"found duplicate series for info metric: existing {_shown(other)}, new {_shown(sample)}"
            )
        if other is None or other.at < sample.at:
            newest[key] = sample
    found: defaultdict[_Target, list[_InfoSample]] = defaultdict(list)
    for (target, _name), sample in newest.items():
        found[target].append(sample)
    return found


def _visible(series: Series, earliest: int, end: int) -> _InfoSample | None:
    if series.histogram_times:
        first, last = series.histogram_window(earliest, end)
        if first < last:
            labels = format_labels(dict(series.labels))
            raise EvaluationError(f"this should be an info metric, with float samples: {labels}")
    first, last = series.window(earliest, end)
    if first >= last or is_stale(series.values[last - 1]):
        return None
    return _InfoSample(series, series.times[last - 1])


def _shown(sample: _InfoSample) -> str:
    return f"{format_labels(dict(sample.series.labels))} @ {sample.at}"


def _added(base: Labels, infos: Sequence[_InfoSample], chosen: frozenset[str]) -> dict[str, str]:
    """Return the labels that info series add; with `chosen` labels only those. Raises EvaluationError on a conflict."""
    added: dict[str, str] = {}
    for info in infos:
        for name, value in info.series.labels.items():
            if name == METRIC_NAME or (chosen and name not in chosen):
                continue
            if added.get(name, value) != value:
                raise EvaluationError(f"conflicting label: {name}")
            if name not in base:
                added[name] = value
    return added


TABLE: Final[FunctionTable] = {"info": _info}
