"""Running promqltest scripts against the evaluator.

Every instant evaluation is done several times over, as Prometheus' own suite does it: as written, with all its
selectors pinned by `@` and evaluated at other instants, and as the middle of a range query. All must agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from alertd.promql.ast import (
    BinaryExpr,
    Call,
    Expr,
    Subquery,
    VectorSelector,
    walk,
)
from alertd.promql.classic_conversion import ClassicHistograms
from alertd.promql.elements import key_of
from alertd.promql.errors import EvaluationError, ParseError
from alertd.promql.evaluator import evaluate, evaluate_range
from alertd.promql.features import ALL_FEATURES
from alertd.promql.histogram import FloatHistogram
from alertd.promql.parser import parse
from alertd.promql.scriptcheck import Mismatch, check_instant, check_matrix, check_messages, check_middle
from alertd.promql.scriptparser import Clear, Command, Eval, Load, Unreadable, parse_script
from alertd.promql.storage import MemoryStorage, is_stale
from alertd.promql.values import Evaluation, Options, Scalar, Vector

OPTIONS: Final = Options(max_samples=1_000_000, delayed_name_removal=True, start_timestamps=True)
_MINUTE: Final = 60_000
# Their value depends on the evaluation time, or on the whole query, even when every selector is pinned.
_TIME_DEPENDENT: Final = frozenset(
    (
        *("minute", "hour", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "month", "year"),
        *("predict_linear", "time", "timestamp", "start_timestamp", "info"),
    )
)
_QUERY_DEPENDENT: Final = re.compile(r"\b(?:start|end|range|step)\s*\(")


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
            evaluation = self._evaluate(expr, command)
        except (ParseError, EvaluationError) as error:
            if not command.fails:
                raise Mismatch(f"unexpected error: {error}") from error
            for expected in command.expects("fail"):
                if not expected.matches(str(error)):
                    raise Mismatch(f"expected error {expected.text!r}, got {str(error)!r}") from error
            return
        if command.fails:
            raise Mismatch(f"expected an error, got {evaluation.value}")
        check_messages(command, evaluation)
        if command.is_range:
            check_matrix(command, evaluation.value)
        else:
            check_instant(command, evaluation)
            self._check_variants(command, expr, evaluation)

    def _evaluate(self, expr: Expr, command: Eval) -> Evaluation:
        if command.is_range:
            return evaluate_range(expr, self._storage, command.start, command.end, command.step, options=self._options)
        return evaluate(expr, self._storage, command.end, options=self._options)

    def _check_variants(self, command: Eval, expr: Expr, evaluation: Evaluation) -> None:
        """Evaluate again in other ways that may not change the result."""
        functions = {node.function.name for node in walk(expr) if isinstance(node, Call)}
        at = command.end
        query_dependent = _QUERY_DEPENDENT.search(command.text) is not None
        if not query_dependent and not functions & _TIME_DEPENDENT:
            pinned = _pin(parse(command.text, features=ALL_FEATURES), at)
            again = parse(str(pinned), features=ALL_FEATURES)
            if not _equal(again, pinned):
                raise Mismatch(f"{pinned} is another expression when it is parsed again")
            for moment in sorted({-10 * at, 0, at // 5, at, 10 * at}):
                check_instant(
                    command, evaluate(again, self._storage, moment, options=self._options), f"pinned, at {moment}"
                )
        if isinstance(evaluation.value, (Scalar, Vector)) and not query_dependent:
            self._check_middle(command, expr)

    def _check_middle(self, command: Eval, expr: Expr) -> None:
        at = command.end
        try:
            ranged = evaluate_range(expr, self._storage, at - _MINUTE, at + _MINUTE, _MINUTE, options=self._options)
        except EvaluationError:
            # The other two instants may be impossible where this one is not.
            return
        check_middle(command, ranged.value, at)


def _pin(expr: Expr, at: int) -> Expr:
    """Set `@ at` on every selector and subquery of `expr` that is not inside a subquery and has none."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (VectorSelector, Subquery)):
            if node.at is None:
                node.at = at
        else:
            waiting.extend(node.children)
    return expr


def _equal(left: Expr, right: Expr) -> bool:
    """Whether two trees are equal; operations are worked off in a loop, because machines write long chains of them."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, BinaryExpr) and isinstance(other, BinaryExpr):
            if (one.op, one.matching, one.return_bool) != (other.op, other.matching, other.return_bool):
                return False
            waiting += zip(one.children, other.children, strict=True)
        elif one != other:
            return False
    return True
