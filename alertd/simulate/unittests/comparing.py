"""Compares what a test wants with what there is, and says the difference line by line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from alertd.alerts.alert import Report
from alertd.alerts.labels import quote
from alertd.promql import ParseError, Sample, format_labels, format_number, parse_metric, parse_series
from alertd.promql.histogram import FloatHistogram
from alertd.promql.histogram_notation import format_histogram
from alertd.promql.quoting import quote as quote_text
from alertd.simulate.unittests.model import ExpectedAlert, ExpectedSample, Texts

Want = TypeVar("Want")
Got = TypeVar("Got")
Labels = Mapping[str, str]


def compare_alerts(wanted: Sequence[ExpectedAlert], found: Sequence[Report], state: str, *, partial: bool) -> list[str]:
    """The lines that tell how the alerts differ, none when they are the wanted ones; `state` names what they are.

    Every wanted alert needs one of its own among those that are there, and none may be left over. With `partial` an
    alert may have more labels and annotations than the test names.
    """
    pairs = assign(wanted, found, lambda want, got: _accepts(want, got, partial=partial))
    missing, surplus = _unpaired(wanted, found, pairs)
    if not missing and not surplus:
        return []
    lines = [f"exp: {_count(len(wanted), state)}, got: {_count(len(found), state)}"]
    for want, got in _nearest(missing, surplus, lambda want, got: _distance(want, got, partial=partial)):
        lines += _alert_lines(want, got, state, partial=partial)
    return lines


def assign(wanted: Sequence[Want], found: Sequence[Got], accepts: Callable[[Want, Got], bool]) -> dict[int, int]:
    """For as many of `wanted` as can have one, the index of one of `found` that accepts it, each once."""
    choices = [[index for index, got in enumerate(found) if accepts(want, got)] for want in wanted]
    pairs: dict[int, int] = {}
    taken: dict[int, int] = {}
    # What a search without success has reached leads nowhere for the later ones either.
    hopeless: set[int] = set()
    for want in range(len(wanted)):
        free, reached = _search(want, choices, taken, hopeless)
        if free is None:
            hopeless |= reached.keys()
        else:
            _move(free, reached, pairs, taken)
    return pairs


def _search(
    want: int, choices: Sequence[Sequence[int]], taken: Mapping[int, int], hopeless: set[int]
) -> tuple[int | None, dict[int, int]]:
    """One that is free once `want` and those whose place it takes move on; and for each that was seen, who takes it."""
    reached: dict[int, int] = {}
    movers = [want]
    while movers:
        mover = movers.pop()
        for got in choices[mover]:
            if got in reached or got in hopeless:
                continue
            reached[got] = mover
            if got not in taken:
                return got, reached
            movers.append(taken[got])
    return None, reached


def _move(free: int, reached: Mapping[int, int], pairs: dict[int, int], taken: dict[int, int]) -> None:
    """Let everybody on the way to `free` take the next one."""
    got: int | None = free
    while got is not None:
        mover = reached[got]
        before = pairs.get(mover)
        taken[got], pairs[mover] = mover, got
        got = before


def _unpaired(wanted: Sequence[Want], found: Sequence[Got], pairs: Mapping[int, int]) -> tuple[list[Want], list[Got]]:
    taken = set(pairs.values())
    return (
        [want for index, want in enumerate(wanted) if index not in pairs],
        [got for index, got in enumerate(found) if index not in taken],
    )


def _accepts(want: ExpectedAlert, got: Report, *, partial: bool) -> bool:
    return _texts_accept(want.labels, got.labels, partial=partial) and _texts_accept(
        want.annotations, got.annotations, partial=partial
    )


def _texts_accept(want: Texts, got: Labels, *, partial: bool) -> bool:
    if not partial and want.keys() != got.keys():
        return False
    return all(text.accepts(got.get(name)) for name, text in want.items())


def _distance(want: ExpectedAlert, got: Report, *, partial: bool) -> int:
    """How many labels and annotations are not right; a label counts for more."""
    labels = len(_differing(want.labels, got.labels, partial=partial))
    return 10 * labels + len(_differing(want.annotations, got.annotations, partial=partial))


def _differing(want: Texts, got: Labels, *, partial: bool) -> list[str]:
    names = want.keys() if partial else want.keys() | got.keys()
    return sorted(name for name in names if name not in want or not want[name].accepts(got.get(name)))


def _nearest(
    missing: Sequence[Want], surplus: Sequence[Got], distance: Callable[[Want, Got], int]
) -> list[tuple[Want | None, Got | None]]:
    """What is missing beside what is there instead, the likest first; what has no partner stands alone."""
    ranked = sorted(
        ((distance(want, got), row, column) for row, want in enumerate(missing) for column, got in enumerate(surplus)),
    )
    rows: dict[int, int] = {}
    columns: set[int] = set()
    for _, row, column in ranked:
        if row not in rows and column not in columns:
            rows[row] = column
            columns.add(column)
    pairs: list[tuple[Want | None, Got | None]] = [
        (want, surplus[rows[row]] if row in rows else None) for row, want in enumerate(missing)
    ]
    alone = (got for column, got in enumerate(surplus) if column not in columns)
    return [*pairs, *((None, got) for got in alone)]


def _alert_lines(want: ExpectedAlert | None, got: Report | None, state: str, *, partial: bool) -> list[str]:
    if want is None:
        title = f"an alert that is {state} and should not be:"
    elif got is None:
        title = f"an alert that should be {state} and is not (line {want.line}):"
    else:
        title = f"an alert that differs (line {want.line}):"
    lines = [title]
    for name, wanted, found in (
        ("labels", want.labels if want else None, got.labels if got else None),
        ("annotations", want.annotations if want else None, got.annotations if got else None),
    ):
        if wanted or found:
            lines.append(f"    {name}:")
            lines += [f"    {line}" for line in _text_lines(wanted, found, partial=partial)]
    return lines


def _text_lines(want: Texts | None, got: Labels | None, *, partial: bool) -> list[str]:
    """A line for each name: `-` what was wanted, `+` what is there, neither where both agree."""
    lines: list[str] = []
    for name in sorted({*(want or ()), *(got or ())}):
        wanted = want.get(name) if want is not None else None
        found = got.get(name) if got is not None else None
        if wanted is not None and wanted.accepts(found):
            lines.append(f"    {name}: {_text(found)}")
            continue
        if wanted is not None:
            how = "" if wanted.how == "is" else f"{wanted.how} "
            lines.append(f"  - {name}: {how}{_text(wanted.text)}")
        if found is not None and not (want is not None and wanted is None and partial):
            lines.append(f"  + {name}: {_text(found)}")
    return lines


def _text(value: str | None) -> str:
    return quote(value or "")


def _count(number: int, state: str) -> str:
    if not number:
        return f"no {state} alert"
    return f"1 {state} alert" if number == 1 else f"{number} {state} alerts"


def compare_samples(wanted: Sequence[ExpectedSample], found: Sequence[Sample], *, fuzzy: bool) -> list[str]:
    """The lines that tell how samples differ, none when they are the wanted ones.

    With `fuzzy` a number may be off by its last bit. Raises ParseError for what a test wants and cannot be read.
    """
    expected = [_Expected(want) for want in wanted]
    pairs = assign(expected, found, lambda want, got: want.accepts(got, fuzzy=fuzzy))
    missing, surplus = _unpaired(expected, found, pairs)
    if not missing and not surplus:
        return []
    lines = [f"exp: {_listed([str(want) for want in expected])}", f"got: {_listed([show(got) for got in found])}"]
    if len(expected) > 1 or len(found) > 1:
        for want, got in _nearest(missing, surplus, lambda want, got: want.distance(got)):
            lines += [f"  - {want}"] if want is not None else []
            lines += [f"  + {show(got)}"] if got is not None else []
    return lines


class _Expected:
    """An expected sample with its notations read."""

    def __init__(self, want: ExpectedSample) -> None:
        self.labels = _labels(want.labels)
        self.value = want.value
        self.histogram = _histogram(want.histogram) if want.histogram else None

    def accepts(self, got: Sample, *, fuzzy: bool) -> bool:
        if self.labels != got.labels:
            return False
        if self.histogram is not None or got.histogram is not None:
            return _shown(self.histogram) == _shown(got.histogram)
        return _same(self.value, got.value, fuzzy=fuzzy)

    def distance(self, got: Sample) -> int:
        return len(self.labels.items() ^ got.labels.items())

    def __str__(self) -> str:
        return show(Sample(self.labels, self.value, 0, self.histogram))


def _labels(text: str) -> dict[str, str]:
    try:
        return parse_metric(text) if text.strip() else {}
    except ParseError as error:
        raise ParseError(f"labels {quote_text(text)}: {error.message}", text, 0, len(text)) from error


def _histogram(text: str) -> FloatHistogram:
    values = parse_series(f"{{}} {text}").values
    if len(values) != 1 or not isinstance(values[0], FloatHistogram):
        raise ParseError(f"expected one histogram, found {quote_text(text)}", text, 0, len(text))
    return values[0]


def _same(wanted: float, found: float, *, fuzzy: bool) -> bool:
    if wanted == found or (wanted != wanted and found != found):
        return True
    return fuzzy and wanted in (math.nextafter(found, math.inf), math.nextafter(found, -math.inf))


def _shown(histogram: FloatHistogram | None) -> str:
    return "" if histogram is None else format_histogram(histogram)


def show(sample: Sample) -> str:
    """A sample in the notation of series."""
    value = format_number(sample.value) if sample.histogram is None else _shown(sample.histogram)
    return f"{format_labels(sample.labels)} {value}"


def _listed(samples: Sequence[str]) -> str:
    return ", ".join(sorted(samples)) if samples else "nil"
