"""The syntax tree of an expression as JSON, in the shape in which Prometheus 3 shows it."""

from __future__ import annotations

from typing import Any

import msgspec

from alertd.promql.ast import (
    SET_OPERATORS,
    Aggregation,
    AtModifier,
    BinaryExpr,
    Call,
    DurationExpr,
    DurationOperand,
    DurationValue,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    Subquery,
    UnaryExpr,
    VectorMatching,
    VectorSelector,
    left_chain,
)
from alertd.promql.printer import format_number

Tree = dict[str, Any] | msgspec.Raw

_CARDS = {None: "one-to-one", "left": "many-to-one", "right": "one-to-many"}


def tree_of(expr: Expr) -> Tree:
    """The tree, ready for JSON. Durations are milliseconds; those that are computed are 0, with an `…Expr` beside."""
    match expr:
        case BinaryExpr():
            return _chain(expr)
        case Aggregation():
            return {
                "type": "aggregation",
                "op": expr.op,
                "expr": tree_of(expr.expr),
                "param": None if expr.param is None else tree_of(expr.param),
                "grouping": expr.grouping,
                "without": expr.without,
            }
        case Call():
            return {"type": "call", "func": _function(expr), "args": [tree_of(argument) for argument in expr.args]}
        case MatrixSelector():
            return {"type": "matrixSelector", **_duration("range", expr.range), **_selector(expr.selector)}
        case VectorSelector():
            return {"type": "vectorSelector", **_selector(expr)}
        case Subquery():
            return {
                "type": "subquery",
                "expr": tree_of(expr.expr),
                **_duration("range", expr.range),
                **_duration("step", expr.step),
                **_modifiers(expr.offset, expr.at),
            }
        case ParenExpr():
            return {"type": "parenExpr", "expr": tree_of(expr.expr)}
        case UnaryExpr():
            return {"type": "unaryExpr", "op": expr.op, "expr": tree_of(expr.expr)}
        case NumberLiteral():
            return {"type": "numberLiteral", "val": format_number(expr.value)}
        case StringLiteral():
            return {"type": "stringLiteral", "val": expr.value}
    raise TypeError(f"not an expression: {expr!r}")


def _chain(expr: BinaryExpr) -> msgspec.Raw:
    """A chain `a + b + c`, written in a loop: it may have thousands of links, each a level deeper."""
    first, links = left_chain(expr)
    pieces = [b'{"type":"binaryExpr","lhs":' * len(links), msgspec.json.encode(tree_of(first))]
    for link in links:
        rest = {
            "op": link.op,
            "rhs": tree_of(link.right),
            "matching": None if link.matching is None else _matching(link.op, link.matching),
            "bool": link.return_bool,
        }
        pieces += [b",", msgspec.json.encode(rest)[1:]]
    return msgspec.Raw(b"".join(pieces))


def _matching(op: str, matching: VectorMatching) -> dict[str, Any]:
    card = "many-to-many" if op in SET_OPERATORS else _CARDS[matching.group]
    return {
        "card": card,
        "labels": matching.labels,
        "on": matching.on,
        "include": matching.include,
        "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
    }


def _function(expr: Call) -> dict[str, Any]:
    function = expr.function
    return {
        "name": function.name,
        "argTypes": function.args,
        "variadic": function.variadic,
        "returnType": function.returns,
    }


def _selector(selector: VectorSelector) -> dict[str, Any]:
    return {
        "name": selector.name,
        "matchers": [
            {"name": matcher.name, "value": matcher.value, "type": matcher.op} for matcher in selector.matchers
        ],
        **_modifiers(selector.offset, selector.at),
        "anchored": selector.extension == "anchored",
        "smoothed": selector.extension == "smoothed",
    }


def _modifiers(offset: DurationValue, at: AtModifier) -> dict[str, Any]:
    at_instant = isinstance(at, int)
    return {
        **_duration("offset", offset),
        "timestamp": at if at_instant else None,
        "startOrEnd": None if at_instant else at,
    }


def _duration(name: str, value: DurationValue) -> dict[str, Any]:
    if isinstance(value, DurationExpr):
        return {name: 0, f"{name}Expr": _operand(value)}
    return {name: value, f"{name}Expr": None}


def _operand(value: DurationOperand | None) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, NumberLiteral):
        return {"type": "numberLiteral", "val": format_number(value.value), "duration": value.is_duration}
    return {
        "type": "durationExpr",
        "op": value.op,
        "lhs": _operand(value.left),
        "rhs": _operand(value.right),
        "wrapped": value.wrapped,
    }
