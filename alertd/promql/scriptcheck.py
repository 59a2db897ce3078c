"""Comparing what an evaluation gave with what a test script expects of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from alertd.promql.elements import LabelKey, key_of
from alertd.promql.floats import almost_equal
from alertd.promql.histogram import FloatHistogram
from alertd.promql.histogram_notation import format_histogram
from alertd.promql.printer import format_labels, format_number
from alertd.promql.scriptparser import Eval, MessageExpectation
from alertd.promql.seriesnotation import SeriesDescription
from alertd.promql.storage import Series, is_stale
from alertd.promql.values import Evaluation, Matrix, Scalar, String, Vector

_TOLERANCE: Final = 1e-6

_Found: TypeAlias = "float | FloatHistogram"


class Mismatch(Exception):
    """The result is not what the script expects."""


class _Expected(NamedTuple):
    """A value, and whether a histogram's word on counter resets was written out, too."""

    value: float | FloatHistogram
    hinted: bool = False

    def __str__(self) -> str:
        return _shown(self.value)


def check_failure(command: Eval, error: Exception, how: str = "") -> None:
    """Compare an error, and what it says if it was evaluated as written. Raises Mismatch."""
    if not command.fails:
        raise Mismatch(f"unexpected error: {error} {how}".rstrip())
    if how:
        # Messages name places, which are others in another text.
        return
    for expected in command.expects("fail"):
        if not expected.matches(str(error)):
            raise Mismatch(f"expected error {expected.text!r}, got {str(error)!r}")


def check_success(command: Eval, evaluation: Evaluation, how: str = "") -> None:
    """Compare warnings and infos, and what they say if it was evaluated as written. Raises Mismatch."""
    if command.fails:
        raise Mismatch(f"expected an error, got {evaluation.value} {how}".rstrip())
    for kind, found in (("warn", evaluation.warnings), ("info", evaluation.infos)):
        expected = command.expects(kind)
        if f"no_{kind}" in command.words and found:
            raise Mismatch(f"expected no {kind}, got {found} {how}".rstrip())
        if (expected or kind in command.words) and not found:
            raise Mismatch(f"expected {kind}, got none {how}".rstrip())
        if expected and not how:
            _check_texts(kind, expected, found)


def _check_texts(kind: str, expected: Sequence[MessageExpectation], found: Sequence[str]) -> None:
    for wanted in expected:
        if not any(wanted.matches(message) for message in found):
            raise Mismatch(f"expected {kind} {wanted.text!r}, got {found}")
    for message in found:
        if not any(wanted.matches(message) for wanted in expected):
            raise Mismatch(f"unexpected {kind} {message!r}")


def check_instant(command: Eval, evaluation: Evaluation, how: str = "") -> None:
    """Compare the value of an instant evaluation; `how` says how it was evaluated. Raises Mismatch."""
    value = evaluation.value
    if isinstance(value, String):
        if value.value != command.string:
            raise Mismatch(f"expected string {command.string!r}, got {value.value!r} {how}".rstrip())
    elif isinstance(value, Scalar):
        if command.scalar is None or not _same(_Expected(command.scalar), value.value):
            raise Mismatch(f"expected {command.scalar}, got {value.value} {how}".rstrip())
    elif isinstance(value, Vector):
        if command.scalar is not None or command.string is not None:
            raise Mismatch(f"expected a scalar or string, got a vector {how}".rstrip())
        expected = _first_values(command)
        found = {
            key_of(sample.labels): sample.value if sample.histogram is None else sample.histogram for sample in value
        }
        if len(found) != len(value):
            raise Mismatch(f"a label set comes twice {how}".rstrip())
        _check_values(expected, found, how)
        if "ordered" in command.words and list(expected) != list(found):
            shown = [", ".join(map(_labels, order)) for order in (expected, found)]
            raise Mismatch(f"expected the order {shown[0]}, got {shown[1]} {how}".rstrip())
    else:
        if not command.is_window:
            raise Mismatch(f"unexpected range vector {how}".rstrip())
        check_matrix(command, value)


def check_middle(command: Eval, value: object, at: int, how: str) -> None:
    """Compare one instant of a range evaluation. Raises Mismatch."""
    found = {key_of(series.labels): samples[at] for series in _matrix(value) if at in (samples := _samples(series))}
    expected = _first_values(command) if command.scalar is None else {frozenset(): _Expected(command.scalar)}
    _check_values(expected, found, how)


def check_matrix(command: Eval, value: object) -> None:
    """Compare a range vector. Raises Mismatch."""
    if "ordered" in command.words:
        raise Mismatch("expected an order, got a range vector, which has none")
    if command.scalar is not None:
        raise Mismatch(f"expected {command.scalar}, got a range vector")
    found = {key_of(series.labels): _samples(series) for series in _matrix(value)}
    expected = {key_of(series.labels): _placed(command, series) for series in command.series}
    for key in [*expected, *(key for key in found if key not in expected)]:
        wanted, got = expected.get(key), found.get(key)
        if (
            wanted is None
            or got is None
            or wanted.keys() != got.keys()
            or not all(_same(wanted[at], got[at]) for at in wanted)
        ):
            raise Mismatch(f"expected {_series(wanted)}, got {_series(got)} for {_labels(key)}")


def _first_values(command: Eval) -> dict[LabelKey, _Expected | None]:
    expected: dict[LabelKey, _Expected | None] = {}
    for series in command.series:
        value = series.values[0] if series.values else None
        expected[key_of(series.labels)] = None if value is None else _Expected(value, 0 in series.hinted)
    return expected


def _placed(command: Eval, series: SeriesDescription) -> dict[int, _Expected]:
    """Return the values that are expected of a series at their instants. Raises Mismatch for more than there can be."""
    if len(series.values) > command.places:
        labels = format_labels(series.labels)
        raise Mismatch(f"expected {len(series.values)} values of {labels}, the range has {command.places}")
    return {
        command.start + index * command.step: _Expected(value, index in series.hinted)
        for index, value in enumerate(series.values)
        if value is not None
    }


def _samples(series: Series) -> dict[int, _Found]:
    samples: dict[int, _Found] = dict(zip(series.times, series.values, strict=True))
    samples.update(zip(series.histogram_times, series.histograms, strict=True))
    return samples


def _check_values(expected: Mapping[LabelKey, _Expected | None], found: Mapping[LabelKey, _Found], how: str) -> None:
    for key in [*expected, *(key for key in found if key not in expected)]:
        wanted, got = expected.get(key), found.get(key)
        if wanted is None or got is None or not _same(wanted, got):
            shown = [
                "nothing" if wanted is None else str(wanted),
                "nothing" if got is None else _shown(got),
            ]
            raise Mismatch(f"expected {shown[0]}, got {shown[1]} for {_labels(key)} {how}".rstrip())


def _matrix(value: object) -> Matrix:
    if not isinstance(value, Matrix):
        raise Mismatch(f"expected a range vector, got {value}")
    return value


def _same(expected: _Expected, found: _Found) -> bool:
    wanted = expected.value
    if isinstance(wanted, FloatHistogram) and isinstance(found, FloatHistogram):
        if expected.hinted and wanted.counter_reset is not found.counter_reset:
            return False
        return _same_histogram(wanted.compact(), found.compact())
    if isinstance(wanted, FloatHistogram) or isinstance(found, FloatHistogram):
        return False
    return _near(wanted, found)


def _same_histogram(wanted: FloatHistogram, found: FloatHistogram) -> bool:
    return (
        (wanted.schema, wanted.zero_threshold, wanted.custom_values)
        == (found.schema, found.zero_threshold, found.custom_values)
        and _near(wanted.count, found.count)
        and _near(wanted.sum, found.sum)
        and _near(wanted.zero_count, found.zero_count)
        and _same_buckets(wanted.positive, found.positive)
        and _same_buckets(wanted.negative, found.negative)
    )


def _same_buckets(wanted: Mapping[int, float], found: Mapping[int, float]) -> bool:
    return wanted.keys() == found.keys() and all(_near(count, found[index]) for index, count in wanted.items())


def _near(expected: float, found: float) -> bool:
    if is_stale(expected) or is_stale(found):
        return is_stale(expected) and is_stale(found)
    if math.isinf(expected) or math.isinf(found):
        return expected == found
    return almost_equal(expected, found, _TOLERANCE)


def _shown(value: _Found) -> str:
    if isinstance(value, FloatHistogram):
        return format_histogram(value)
    return "stale" if is_stale(value) else format_number(value)


def _series(samples: Mapping[int, _Expected | _Found] | None) -> str:
    if samples is None:
        return "no series"
    shown = [
        f"{value if isinstance(value, _Expected) else _shown(value)} @ {at / 1000:g}"
        for at, value in sorted(samples.items())
    ]
    return f"[{', '.join(shown)}]"


def _labels(key: LabelKey) -> str:
    return format_labels(dict(key))
