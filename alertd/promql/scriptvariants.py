"""The other ways in which an instant evaluation of a test script is done, and which may not change its result.

As in Prometheus' own suite, all selectors are pinned by `@` and evaluated at other instants, and each of these
instants is also the middle of a range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from alertd.promql.ast import BinaryExpr, Call, Expr, Subquery, VectorSelector, walk
from alertd.promql.errors import ParseError
from alertd.promql.features import ALL_FEATURES
from alertd.promql.parser import parse
from alertd.promql.scriptcheck import Mismatch

# Their value depends on the evaluation time even when their arguments are pinned.
_TIME_DEPENDENT: Final = frozenset(
    (
        *("minute", "hour", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "month", "year"),
        *("predict_linear", "time", "timestamp"),
    )
)
# They look at the time or the range of the whole query, also from inside a subquery.
_QUERY_DEPENDENT: Final = frozenset(("info", "start", "end"))
_QUERY_CONTEXT: Final = re.compile(r"(?:start|end|range|step)\s*\(")


def pinned(text: str, at: int) -> Expr | None:
    """Return an expression with its selectors pinned to `at`, None where its value would follow the time all the same.

    It has been printed and parsed again. Raises Mismatch when that makes another expression of it.
    """
    expr = parse(text, features=ALL_FEATURES)
    if _follows_time(expr):
        return None
    for node in _outside_subqueries(expr):
        if isinstance(node, (VectorSelector, Subquery)) and not isinstance(node.at, int):
            node.at = at
    try:
        again = parse(str(expr), features=ALL_FEATURES)
    except ParseError as error:
        raise Mismatch(f"{expr} cannot be parsed again: {error}") from error
    if not _equal(again, expr):
        raise Mismatch(f"{expr} is another expression when it is parsed again")
    return again


def moments(at: int) -> list[int]:
    """Return the instants at which an expression that is pinned to `at` is evaluated."""
    return sorted({-10 * at, 0, at // 5, at, 10 * at}) if at else [-1000, 0, 1000]


def has_query_context(expr: Expr) -> bool:
    """Whether an expression speaks of the query, so that its value in a range may be another."""
    return _QUERY_CONTEXT.search(str(expr)) is not None


def _follows_time(expr: Expr) -> bool:
    outside = {node.function.name for node in _outside_subqueries(expr) if isinstance(node, Call)}
    anywhere = {node.function.name for node in walk(expr) if isinstance(node, Call)}
    return not (outside.isdisjoint(_TIME_DEPENDENT) and anywhere.isdisjoint(_QUERY_DEPENDENT))


def _outside_subqueries(expr: Expr) -> Iterator[Expr]:
    """Yield what is not inside a subquery, which sets the times of all that is."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Subquery):
            waiting.extend(node.children)


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
