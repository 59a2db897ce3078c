"""Running promqltest scripts against the evaluator.

Every instant evaluation is done several times over, as Prometheus' own suite does it: as written, with all its
selectors pinned by `@` and evaluated at other instants, and each time as the middle of a range, too. All must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from alertd.promql.ast import Expr
from alertd.promql.classic_conversion import ClassicHistograms
from alertd.promql.elements import key_of
from alertd.promql.errors import EvaluationError, ParseError
from alertd.promql.evaluator import evaluate, evaluate_range
from alertd.promql.features import ALL_FEATURES
from alertd.promql.histogram import FloatHistogram
from alertd.promql.parser import parse
from alertd.promql.scriptcheck import (
    Mismatch,
    check_failure,
    check_instant,
    check_matrix,
    check_middle,
    check_success,
)
from alertd.promql.scriptparser import Clear, Command, Eval, Load, Unreadable, parse_script
from alertd.promql.scriptvariants import has_query_context, moments, pinned
from alertd.promql.storage import MemoryStorage, is_stale
from alertd.promql.values import Options, Scalar, Vector

OPTIONS: Final = Options(max_samples=1_000_000, delayed_name_removal=True, start_timestamps=True)
_MINUTE: Final = 60_000


@dataclass(frozen=True, slots=True)
class Case:
    """One `eval` of a script and how it ended; `reason` says why it failed.

    What cannot be read is a case that failed, too.
    """

    line: int
    text: str
    outcome: Literal["passed", "failed"]
    reason: str = ""


@dataclass(slots=True)
class Report:
    cases: list[Case] = field(default_factory=list)

    @property
    def failures(self) -> list[Case]:
        return [case for case in self.cases if case.outcome == "failed"]


def run_script(text: str, options: Options = OPTIONS) -> Report:
    """Run a whole script; after what cannot be read it goes on."""
    return _Runner(options).run(text)


class _Runner:
    def __init__(self, options: Options) -> None:
        self._storage = MemoryStorage()
        self._options = options

    def run(self, text: str) -> Report:
        report = Report()
        for command in parse_script(text):
            try:
                self._execute(command)
            except Mismatch as mismatch:
                report.cases.append(Case(command.line, command.text, "failed", str(mismatch)))
            except Exception as error:  # noqa: BLE001 - a command that breaks the evaluator may not hide the others
                reason = f"{type(error).__name__}: {error}"
                report.cases.append(Case(command.line, command.text, "failed", reason))
            else:
                if isinstance(command, Eval):
                    report.cases.append(Case(command.line, command.text, "passed"))
        return report

    def _execute(self, command: Command) -> None:
        """Do what a command says. Raises Mismatch."""
        match command:
            case Clear():
                self._storage.clear()
            case Load():
                self._load(command)
            case Unreadable():
                raise Mismatch(command.reason)
            case Eval():
                self._check(command)

    def _load(self, command: Load) -> None:
        # A series that is written twice in one block counts as written last.
        last = {
            key_of(described.labels): (described, starts)
            for described, starts in zip(command.series, command.starts, strict=True)
        }
        for described, starts in last.values():
            for index, value in enumerate(described.values):
                at = index * command.step
                offset = starts[index] if starts else None
                start = 0 if offset is None else at + offset
                if isinstance(value, FloatHistogram):
                    self._storage.append_histogram(described.labels, at, value, start)
                elif value is not None:
                    self._storage.append(described.labels, at, value, start)
        if command.converts:
            self._convert(command)

    def _convert(self, command: Load) -> None:
        """Store native histograms for the classic ones of the block."""
        classic = ClassicHistograms()
        for described in command.series:
            classic.collect(
                described.labels,
                (
                    (index * command.step, value)
                    for index, value in enumerate(described.values)
                    if isinstance(value, float) and not is_stale(value)
                ),
            )
        try:
            for labels, at, histogram in classic.native():
                self._storage.append_histogram(labels, at, histogram)
        except ValueError as error:
            raise Mismatch(str(error)) from error

    def _check(self, command: Eval) -> None:
        try:
            expr = parse(command.text, features=ALL_FEATURES)
        except ParseError as error:
            check_failure(command, error)
            return
        if command.is_range:
            self._check_range(command, expr)
            return
        self._check_instant(command, expr, command.end)
        again = pinned(command.text, command.end)
        if again is not None:
            for moment in moments(command.end):
                self._check_instant(command, again, moment, f"pinned, at {moment / 1000:g}s")

    def _check_range(self, command: Eval, expr: Expr) -> None:
        start, end, step = command.start, command.end, command.step
        try:
            evaluation = evaluate_range(expr, self._storage, start, end, step, options=self._options)
        except EvaluationError as error:
            check_failure(command, error)
            return
        check_success(command, evaluation)
        check_matrix(command, evaluation.value)

    def _check_instant(self, command: Eval, expr: Expr, at: int, how: str = "") -> None:
        try:
            evaluation = evaluate(expr, self._storage, at, options=self._options)
        except EvaluationError as error:
            check_failure(command, error, how)
            return
        check_success(command, evaluation, how)
        check_instant(command, evaluation, how)
        if isinstance(evaluation.value, (Scalar, Vector)) and not command.is_window and not has_query_context(expr):
            self._check_middle(command, expr, at, f"{how} in a range".lstrip())

    def _check_middle(self, command: Eval, expr: Expr, at: int, how: str) -> None:
        start, end = at - _MINUTE, at + _MINUTE
        try:
            evaluation = evaluate_range(expr, self._storage, start, end, _MINUTE, options=self._options)
        except EvaluationError as error:
            raise Mismatch(f"unexpected error: {error} {how}") from error
        # A range has no order.
        if "ordered" not in command.words:
            check_middle(command, evaluation.value, at, how)
