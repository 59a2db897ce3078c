"""The arithmetic and comparison operators on two numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Final

from alertd.promql.floats import divide, modulo, power

ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": divide,
    "%": modulo,
    "^": power,
    "atan2": math.atan2,
}
COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {"==": eq, "!=": ne, ">": gt, "<": lt, ">=": ge, "<=": le}
