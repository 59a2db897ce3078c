"""How a function is written: a callable of the evaluator, the call and the instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from alertd.promql.ast import Call
from alertd.promql.elements import Element

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

FunctionBody: TypeAlias = "Callable[[Evaluator, Call, int], float | list[Element]]"
FunctionTable: TypeAlias = "dict[str, FunctionBody]"


def elementwise(compute: Callable[[float], float]) -> FunctionBody:
    """Return the function that applies `compute` to every number and drops the metric name."""

    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        elements = evaluator.vector(call.args[0], at)
        return evaluator.settle(
            [Element(element.labels, compute(element.value), True) for element in elements if element.histogram is None]
        )

    return body
