"""The times of a query, and what durations and modifiers mean in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from alertd.promql.ast import AtModifier, DurationExpr, DurationValue, NumberLiteral
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import divide, maximum, minimum, modulo, power

_LONGEST_SECONDS: Final = (1 << 63) / 1e9


@dataclass(frozen=True, slots=True)
class QueryTimes:
    """The bounds and the step of a whole query in milliseconds; an instant query has `step` 0."""

    start: int
    end: int
    step: int

    def milliseconds(self, value: DurationValue) -> int:
        """Return a duration; parts of a millisecond of a computed one are cut off.

        Raises EvaluationError when it cannot be computed.
        """
        return value if isinstance(value, int) else self._computed(value, positive=False)

    def positive(self, value: DurationValue) -> int:
        """Return the duration of a range or step, which must be positive. Raises EvaluationError."""
        return value if isinstance(value, int) else self._computed(value, positive=True)

    def moment(self, anchor: AtModifier, offset: DurationValue, at: int) -> int:
        """Return the instant that a selector or subquery speaks of, when it is evaluated at `at`."""
        if anchor == "start":
            at = self.start
        elif anchor == "end":
            at = self.end
        elif anchor is not None:
            at = anchor
        return at - self.milliseconds(offset)

    def _computed(self, value: DurationExpr, *, positive: bool) -> int:
        seconds = self._seconds(value)
        if not math.isfinite(seconds):
            raise _fault(value, "duration is NaN or infinite")
        if positive and seconds <= 0:
            raise _fault(value, "duration must be greater than 0")
        if abs(seconds) > _LONGEST_SECONDS:
            raise _fault(value, "duration is out of range")
        return int(seconds * 1000)

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
            raise _fault(value, "division by zero" if value.op == "/" else "modulo by zero")
        return _DURATION_OPERATORS[value.op](left, right)


def _fault(value: DurationExpr, message: str) -> EvaluationError:
    """Say where in the expression it went wrong, as offsets from 0, which is Prometheus' form."""
    return EvaluationError(f"{value.start}:{value.end}: {message}")


_DURATION_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "%": modulo,
    "^": power,
    "min_of": minimum,
    "max_of": maximum,
}
