"""Functions of single numbers, and the plain scalars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import Call
from alertd.promql.elements import Element
from alertd.promql.floats import INF, NAN, divide, guarded, maximum, minimum
from alertd.promql.functiontypes import FunctionTable, elementwise

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def _ceil(value: float) -> float:
    # The sign matters for results between -1 and 0, which are a negative zero.
    return math.copysign(math.ceil(value), value) if math.isfinite(value) else value


def _logarithm(value: float, base: int) -> float:
    if value == 0:
        return -INF
    if value < 0 or value != value:
        return NAN
    if value == INF:
        return INF
    if base == 2:
        return math.log2(value)
    return math.log10(value) if base == 10 else math.log(value)


def _atanh(value: float) -> float:
    return math.copysign(INF, value) if abs(value) == 1 else guarded(math.atanh)(value)


def _sgn(value: float) -> float:
    return math.copysign(1, value) if value and value == value else value


def _round(evaluator: Evaluator, call: Call, at: int) -> float | list[Element]:
    """`round` rounds halves up; the inverse is used because it is exact where 0.1 is not."""
    nearest = evaluator.scalar(call.args[1], at) if len(call.args) > 1 else 1.0
    inverse = divide(1.0, nearest)
    rounded = elementwise(lambda value: divide(_floor(value * inverse + 0.5), inverse))
    return rounded(evaluator, call, at)


def _clamp(evaluator: Evaluator, call: Call, at: int) -> float | list[Element]:
    lowest = evaluator.scalar(call.args[1], at) if call.function.name != "clamp_max" else -INF
    highest = evaluator.scalar(call.args[-1], at) if call.function.name != "clamp_min" else INF
    if highest < lowest:
        return []
    return elementwise(lambda value: maximum(lowest, minimum(highest, value)))(evaluator, call, at)


def _scalar(evaluator: Evaluator, call: Call, at: int) -> float:
    elements = [element for element in evaluator.vector(call.args[0], at) if element.histogram is None]
    return elements[0].value if len(elements) == 1 else NAN


def _vector(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    return [Element({}, evaluator.scalar(call.args[0], at))]


def _extreme(evaluator: Evaluator, call: Call, at: int) -> float:
    left, right = (evaluator.scalar(argument, at) for argument in call.args)
    return maximum(left, right) if call.function.name == "max_of" else minimum(left, right)


def _pi(_evaluator: Evaluator, _call: Call, _at: int) -> float:
    return math.pi


TABLE: Final[FunctionTable] = {
    "abs": elementwise(abs),
    "acos": elementwise(guarded(math.acos)),
    "acosh": elementwise(guarded(math.acosh)),
    "asin": elementwise(guarded(math.asin)),
    "asinh": elementwise(math.asinh),
    "atan": elementwise(math.atan),
    "atanh": elementwise(_atanh),
    "ceil": elementwise(_ceil),
    "cos": elementwise(guarded(math.cos)),
    "cosh": elementwise(lambda value: guarded(math.cosh)(abs(value))),
    "deg": elementwise(math.degrees),
    "exp": elementwise(guarded(math.exp)),
    "floor": elementwise(_floor),
    "ln": elementwise(lambda value: _logarithm(value, 0)),
    "log2": elementwise(lambda value: _logarithm(value, 2)),
    "log10": elementwise(lambda value: _logarithm(value, 10)),
    "rad": elementwise(math.radians),
    "sgn": elementwise(_sgn),
    "sin": elementwise(guarded(math.sin)),
    "sinh": elementwise(guarded(math.sinh)),
    "sqrt": elementwise(guarded(math.sqrt)),
    "tan": elementwise(guarded(math.tan)),
    "tanh": elementwise(math.tanh),
    "round": _round,
    "clamp": _clamp,
    "clamp_max": _clamp,
    "clamp_min": _clamp,
    "scalar": _scalar,
    "vector": _vector,
    "max_of": _extreme,
    "min_of": _extreme,
    "pi": _pi,
}
