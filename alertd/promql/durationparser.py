"""The part of the parser that reads times: ranges, steps, offsets with their arithmetic, and `@`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from alertd.promql.ast import (
    DurationExpr,
    DurationOperand,
    DurationValue,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Subquery,
    VectorSelector,
)
from alertd.promql.lexer import DURATION, NUMBER
from alertd.promql.numbers import round_half_away
from alertd.promql.printer import format_number

if TYPE_CHECKING:
    from alertd.promql.parser import Parser

_POWERS = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}
_SIGN_POWER = 2
_DIVISIONS = {"/": "division by zero", "%": "modulo by zero"}
# Older releases spell the choice between two durations `min` and `max`.
_CHOICES = {"min_of": "min_of", "max_of": "max_of", "min": "min_of", "max": "max_of"}
_LONGEST_SECONDS = (1 << 63) / 1e9


def parse_duration_value(parser: Parser, context: str, *, positive: bool) -> DurationValue:
    """Parse a duration, a number of seconds or arithmetic on them; a plain one becomes milliseconds."""
    return _value(parser, _expression(parser, 0, context), positive=positive)


def parse_offset(parser: Parser) -> DurationValue:
    """Parse what follows `offset`: arithmetic begins with a parenthesis here, and then takes all it can."""
    depth = parser.depth
    operand = _expression(parser, 0, "offset") if parser.token.kind == "(" else _operand(parser, "offset", tight=True)
    parser.depth = depth
    if isinstance(operand, DurationExpr) and operand.op in _POWERS and operand.left is not None:
        operand.wrapped = True
    return _value(parser, operand, positive=False)


def parse_at(parser: Parser, expr: Expr) -> None:
    """Parse `@ time`, `@ start()` or `@ end()` and set it on `expr`."""
    parser.advance()
    at = _at(parser, expr)
    target: Expr = expr.selector if isinstance(expr, MatrixSelector) else expr
    if not isinstance(target, (VectorSelector, Subquery)):
        parser.fail(
            "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            expr.start,
            expr.end,
        )
    if target.at is not None:
        parser.fail("@ <timestamp> may not be set multiple times", expr.start, expr.end)
    target.at = at  # type: ignore[assignment]  # one of the two words, or milliseconds
    expr.end = parser.last_end()


def _at(parser: Parser, expr: Expr) -> int | str:
    if parser.token.kind in ("start", "end"):
        word = parser.advance().kind
        parser.expect("(", "@", "timestamp")
        parser.expect(")", "@", "timestamp")
        return word
    sign = 1
    if parser.token.kind in ("+", "-"):
        sign = -1 if parser.advance().kind == "-" else 1
    token = parser.token
    if token.kind not in (NUMBER, DURATION):
        parser.unexpected("@", "timestamp")
    parser.advance()
    seconds = parser.number(token) if token.kind == NUMBER else parser.duration(token) / 1000
    if not math.isfinite(seconds) or seconds >= 2**63:
        shown = format_number(sign * seconds)
        parser.fail(f"timestamp out of bounds for @ modifier: {shown}", expr.start, expr.end)
    return sign * round_half_away(seconds * 1000)


def _value(parser: Parser, operand: DurationOperand, *, positive: bool) -> DurationValue:
    if isinstance(operand, DurationExpr):
        if not parser.features.duration_expressions:
            parser.fail("experimental duration expression is not enabled", operand.start, operand.end)
        return operand
    seconds = operand.value
    if not abs(seconds) <= _LONGEST_SECONDS:
        parser.fail("duration out of range", operand.start, operand.end)
    if positive and seconds <= 0:
        parser.fail("duration must be greater than 0", operand.start, operand.end)
    return round_half_away(seconds * 1000)


def _expression(parser: Parser, power: int, context: str) -> DurationOperand:
    depth = parser.depth
    left = _operand(parser, context)
    while True:
        op = parser.token.kind
        binding = _POWERS.get(op, 0)
        if binding <= power:
            parser.depth = depth
            return left
        parser.deepen()
        operator = parser.advance()
        right = _expression(parser, binding - 1 if op == "^" else binding, context)
        if op in _DIVISIONS and isinstance(right, NumberLiteral) and right.value == 0:
            parser.fail(_DIVISIONS[op], operator.start, operator.end)
        left = DurationExpr(op, left, right, start=left.start, end=right.end)


def _operand(parser: Parser, context: str, *, tight: bool = False) -> DurationOperand:
    """Parse an operand; with `tight` a sign takes the next operand alone and not a power of it."""
    token = parser.token
    kind = token.kind
    parser.deepen()
    if kind in (NUMBER, DURATION):
        parser.advance()
        if kind == NUMBER:
            return NumberLiteral(parser.number(token), start=token.start, end=token.end)
        return NumberLiteral(parser.duration(token) / 1000, True, start=token.start, end=token.end)
    if kind in ("+", "-"):
        return _signed(parser, context, tight=tight)
    if kind == "(":
        parser.advance()
        inner = _expression(parser, 0, context)
        parser.expect(")", context)
        if isinstance(inner, DurationExpr):
            inner.wrapped = True
        return inner
    if kind in ("step", "range") and parser.peek() == "(":
        parser.advance()
        parser.expect("(")
        parser.expect(")", context)
        return DurationExpr(kind, start=token.start, end=parser.last_end())
    name = _CHOICES.get(token.text)
    if name is None or parser.peek() != "(":
        parser.unexpected(context, "duration")
    parser.advance()
    parser.expect("(")
    left = _expression(parser, 0, context)
    parser.expect(",", context)
    right = _expression(parser, 0, context)
    parser.expect(")", context)
    return DurationExpr(name, left, right, start=token.start, end=parser.last_end())


def _signed(parser: Parser, context: str, *, tight: bool) -> DurationOperand:
    sign = parser.advance()
    inner = _operand(parser, context, tight=True) if tight else _expression(parser, _SIGN_POWER, context)
    if sign.kind == "+":
        return inner
    if isinstance(inner, NumberLiteral):
        inner.value = -inner.value
        inner.start = sign.start
        return inner
    return DurationExpr("-", None, inner, start=sign.start, end=inner.end)
