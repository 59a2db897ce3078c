"""The times of a query, and what durations and modifiers mean in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alertd.promql.ast import AtModifier, DurationExpr, DurationValue, NumberLiteral
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import divide, modulo, power
from alertd.promql.numbers import round_half_away


@dataclass(frozen=True, slots=True)
class QueryTimes:
    """The bounds and the step of a whole query in milliseconds; an instant query has `step` 0."""

    start: int
    end: int
    step: int

    def milliseconds(self, value: DurationValue) -> int:
        """Return a duration. Raises EvaluationError when it cannot be computed."""
        return value if isinstance(value, int) else round_half_away(self._seconds(value) * 1000)

    def positive(self, value: DurationValue) -> int:
        """Return the duration of a range or step, which must be positive. Raises EvaluationError."""
        length = self.milliseconds(value)
        if length <= 0:
            raise EvaluationError("duration must be greater than 0")
        return length

    def moment(self, anchor: AtModifier, offset: DurationValue, at: int) -> int:
        """Return the instant that a selector or subquery speaks of, when it is evaluated at `at`."""
        if anchor == "start":
            at = self.start
        elif anchor == "end":
            at = self.end
        elif anchor is not None:
            at = anchor
        return at - self.milliseconds(offset)

    def _seconds(self, value: DurationExpr | NumberLiteral | None) -> float:
        if value is None:
            return 0.0
        if isinstance(value, NumberLiteral):
            return value.value
        if value.op == "step":
            return self.step / 1000
        if value.op == "range":
            return (self.end - self.start) / 1000
        left, right = self._seconds(value.left), self._seconds(value.right)
        if value.op in ("/", "%") and right == 0:
            raise EvaluationError(
                "division by zero in a duration" if value.op == "/" else "modulo by zero in a duration"
            )
        result = _DURATION_OPERATORS[value.op](left, right)
        if not math.isfinite(result):
            raise EvaluationError("duration is not a finite number")
        return result


_DURATION_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "%": modulo,
    "^": power,
    "min_of": min,
    "max_of": max,
}
