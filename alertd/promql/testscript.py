"""Running promqltest scripts against the evaluator.

Every instant evaluation is done several times over, as Prometheus' own suite does it: as written, with all its
selectors pinned by `@` and evaluated at other instants, and as the middle of a range query. All must agree.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from alertd.promql.ast import (
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    Subquery,
    UnaryExpr,
    VectorSelector,
    selectors,
    walk,
)
from alertd.promql.elements import LabelKey, key_of
from alertd.promql.errors import EvaluationError, ParseError
from alertd.promql.evaluator import evaluate, evaluate_range
from alertd.promql.floats import almost_equal
from alertd.promql.parser import parse
from alertd.promql.scriptparser import Clear, Eval, Load, parse_script
from alertd.promql.storage import MemoryStorage, is_stale
from alertd.promql.values import Evaluation, Matrix, Options, Scalar, String, Vector

OPTIONS: Final = Options(max_samples=1_000_000, delayed_name_removal=True)
_TOLERANCE: Final = 1e-6
_MINUTE: Final = 60_000
# Their value depends on the evaluation time, or on the whole query, even when every selector is pinned.
_TIME_DEPENDENT: Final = frozenset(
    (
        *("minute", "hour", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "month", "year"),
        *("predict_linear", "time", "timestamp"),
    )
)
_QUERY_DEPENDENT: Final = frozenset(("start", "end", "range", "step"))


@dataclass(frozen=True, slots=True)
class Case:
    """One `eval` of a script and how it ended; `reason` says why it failed or is not supported."""

    line: int
    text: str
    outcome: Literal["passed", "failed", "unsupported"]
    reason: str = ""


@dataclass(slots=True)
class Report:
    cases: list[Case] = field(default_factory=list)

    @property
    def failures(self) -> list[Case]:
        return [case for case in self.cases if case.outcome == "failed"]

    @property
    def unsupported(self) -> Counter[str]:
        """How many cases each rule of what is not supported took out."""
        return Counter(case.reason for case in self.cases if case.outcome == "unsupported")


def run_script(text: str) -> Report:
    """Run a whole script. Raises ScriptError when it cannot be read."""
    return _Runner().run(text)


class _Mismatch(Exception):
    """The result is not what the script expects."""


class _Runner:
    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._native: list[dict[str, str]] = []

    def run(self, text: str) -> Report:
        report = Report()
        for command in parse_script(text):
            match command:
                case Clear():
                    self._storage.clear()
                    self._native.clear()
                case Load():
                    self._load(command)
                case Eval():
                    report.cases.append(self._case(command))
        return report

    def _load(self, command: Load) -> None:
        self._native.extend(command.native)
        # A series that is written twice in one block counts as written last.
        for described in {key_of(described.labels): described for described in command.series}.values():
            for index, value in enumerate(described.values):
                if value is not None:
                    self._storage.append(described.labels, index * command.step, value)

    def _case(self, command: Eval) -> Case:
        reason = self._unsupported(command)
        if reason:
            return Case(command.line, command.text, "unsupported", reason)
        try:
            self._check(command)
        except _Mismatch as mismatch:
            return Case(command.line, command.text, "failed", str(mismatch))
        return Case(command.line, command.text, "passed")

    def _unsupported(self, command: Eval) -> str:
        """Return the rule by which a case lies outside this evaluator, "" when it lies inside."""
        if command.has_native:
            return "expects a native histogram"
        if "{{" in command.text:
            return "uses a native histogram literal"
        try:
            expr = parse(command.text)
        except ParseError as error:
            if "unknown function" in error.message:
                return "uses a function that does not exist here"
            if "experimental and not enabled" in error.message:
                return "uses an experimental modifier"
            return ""
        for selector in selectors(expr):
            for labels in self._native:
                if all(matcher.matches(labels.get(matcher.name, "")) for matcher in selector.matchers):
                    return "selects native histograms"
        return ""

    def _check(self, command: Eval) -> None:
        failures = command.expects("fail")
        try:
            expr = parse(command.text)
            evaluation = self._evaluate(expr, command)
        except (ParseError, EvaluationError) as error:
            if not failures:
                raise _Mismatch(f"unexpected error: {error}") from error
            for expected in failures:
                if not expected.matches(str(error)):
                    raise _Mismatch(f"expected error {expected.text!r}, got {str(error)!r}") from error
            return
        if failures:
            raise _Mismatch(f"expected an error, got {evaluation.value}")
        _check_messages(command, evaluation)
        if command.is_range:
            _compare_matrix(command, evaluation.value, command.start, command.step)
        else:
            _compare_instant(command, evaluation)
            self._check_variants(command, expr, evaluation)

    def _evaluate(self, expr: Expr, command: Eval) -> Evaluation:
        if command.is_range:
            return evaluate_range(expr, self._storage, command.start, command.end, command.step, options=OPTIONS)
        return evaluate(expr, self._storage, command.start, options=OPTIONS)

    def _check_variants(self, command: Eval, expr: Expr, evaluation: Evaluation) -> None:
        """Evaluate again in other ways that may not change the result."""
        functions = {node.function.name for node in walk(expr) if isinstance(node, Call)}
        at = command.start
        if not functions & (_TIME_DEPENDENT | _QUERY_DEPENDENT):
            pinned = _pin(parse(command.text), at)
            again = parse(str(pinned))
            if again != pinned:
                raise _Mismatch(f"{pinned} is another expression when it is parsed again")
            for moment in sorted({-10 * at, 0, at // 5, at, 10 * at}):
                _compare_instant(
                    command, evaluate(again, self._storage, moment, options=OPTIONS), f"pinned, at {moment}"
                )
        at_bounds = any(
            isinstance(node, (VectorSelector, Subquery)) and isinstance(node.at, str) for node in walk(expr)
        )
        if isinstance(evaluation.value, (Scalar, Vector)) and not functions & _QUERY_DEPENDENT and not at_bounds:
            self._check_middle(command, expr)

    def _check_middle(self, command: Eval, expr: Expr) -> None:
        at = command.start
        try:
            ranged = evaluate_range(expr, self._storage, at - _MINUTE, at + _MINUTE, _MINUTE, options=OPTIONS)
        except EvaluationError:
            # The other two instants may be impossible where this one is not.
            return
        found = {
            key_of(series.labels): series.values[list(series.times).index(at)]
            for series in _matrix(ranged.value)
            if at in series.times
        }
        if command.scalar is None:
            _compare_values({key_of(series.labels): series.values[0] for series in command.series}, found, "in a range")
        else:
            _compare_values({frozenset(): command.scalar}, found, "in a range")


def _pin(expr: Expr, at: int) -> Expr:
    """Set `@ at` on every selector and subquery of `expr` that is not inside a subquery and has none."""
    match expr:
        case VectorSelector() | Subquery():
            if expr.at is None:
                expr.at = at
        case MatrixSelector():
            _pin(expr.selector, at)
        case BinaryExpr() | Call() | ParenExpr() | UnaryExpr() | Aggregation():
            for child in expr.children:
                _pin(child, at)
    return expr


def _check_messages(command: Eval, evaluation: Evaluation) -> None:
    for kind, found in (("warn", evaluation.warnings), ("info", evaluation.infos)):
        expected = command.expects(kind)
        if f"no_{kind}" in command.words and found:
            raise _Mismatch(f"expected no {kind}, got {found}")
        if not expected:
            continue
        for wanted in expected:
            if not any(wanted.matches(message) for message in found):
                raise _Mismatch(f"expected {kind} {wanted.text!r}, got {found}")
        for message in found:
            if not any(wanted.matches(message) for wanted in expected):
                raise _Mismatch(f"unexpected {kind} {message!r}")


def _compare_instant(command: Eval, evaluation: Evaluation, how: str = "") -> None:
    value = evaluation.value
    if isinstance(value, String):
        if value.value != command.string:
            raise _Mismatch(f"expected string {command.string!r}, got {value.value!r} {how}")
    elif isinstance(value, Scalar):
        if command.scalar is None or not _same(command.scalar, value.value):
            raise _Mismatch(f"expected {command.scalar}, got {value.value} {how}")
    elif isinstance(value, Vector):
        if command.scalar is not None or command.string is not None:
            raise _Mismatch(f"expected a scalar or string, got a vector {how}")
        expected = {key_of(series.labels): series.values[0] for series in command.series}
        found = {key_of(sample.labels): sample.value for sample in value}
        if len(found) != len(value):
            raise _Mismatch(f"a label set comes twice {how}")
        _compare_values(expected, found, how)
        if "ordered" in command.words and list(expected) != list(found):
            raise _Mismatch(f"expected the order {list(expected)}, got {list(found)} {how}")
    else:
        if command.grid is None:
            raise _Mismatch(f"unexpected range vector {how}")
        _compare_matrix(command, value, *command.grid)


def _compare_values(expected: Mapping[LabelKey, float | None], found: Mapping[LabelKey, float], how: str) -> None:
    for key in expected.keys() | found.keys():
        wanted, got = expected.get(key), found.get(key)
        if wanted is None or got is None or not _same(wanted, got):
            raise _Mismatch(f"expected {wanted}, got {got} for {sorted(key)} {how}")


def _compare_matrix(command: Eval, value: object, start: int, step: int) -> None:
    found = {key_of(series.labels): dict(zip(series.times, series.values, strict=True)) for series in _matrix(value)}
    expected = {
        key_of(series.labels): _placed(series.values, start, step)
        for series in command.series
        if any(item is not None for item in series.values)
    }
    if command.scalar is not None:
        expected = {frozenset(): {start: command.scalar}}
    for key in expected.keys() | found.keys():
        wanted, got = expected.get(key, {}), found.get(key, {})
        if wanted.keys() != got.keys() or not all(_same(wanted[at], got[at]) for at in wanted):
            raise _Mismatch(f"expected {wanted}, got {got} for {sorted(key)}")


def _placed(values: Sequence[float | None], start: int, step: int) -> dict[int, float]:
    return {
        start + index * step: value for index, value in enumerate(values) if value is not None and not is_stale(value)
    }


def _matrix(value: object) -> Matrix:
    if not isinstance(value, Matrix):
        raise _Mismatch(f"expected a range vector, got {value}")
    return value


def _same(expected: float, found: float) -> bool:
    if math.isinf(expected) or math.isinf(found):
        return expected == found
    return almost_equal(expected, found, _TOLERANCE)
