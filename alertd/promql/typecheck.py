"""The types of an expression's parts, checked; the messages are Prometheus'."""

from __future__ import annotations

from typing import NoReturn

from alertd.promql.ast import (
    COMPARISONS,
    SET_OPERATORS,
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    Subquery,
    UnaryExpr,
    VectorSelector,
    left_chain,
)
from alertd.promql.errors import ParseError
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.quoting import quote
from alertd.promql.signatures import DOCUMENTED_TYPES, SCALAR, STRING, VECTOR, ValueType


def check_types(expr: Expr, text: str) -> None:
    """Raise ParseError at the first part of `expr` whose type does not fit its place.

    Binary expressions with a scalar operand lose their (empty) vector matching on the way.
    """
    _Checker(text).check(expr)


class _Checker:
    def __init__(self, text: str) -> None:
        self._text = text

    def check(self, expr: Expr) -> ValueType:
        match expr:
            case VectorSelector():
                self._selector(expr)
            case Call():
                self._call(expr)
            case BinaryExpr():
                first, links = left_chain(expr)
                self.check(first)
                for link in links:
                    self._binary(link)
            case Aggregation():
                self._aggregation(expr)
            case ParenExpr():
                return self.check(expr.expr)
            case MatrixSelector():
                self.check(expr.selector)
            case Subquery():
                found = self.check(expr.expr)
                if found != VECTOR:
                    self._fail(expr, f"subquery is only allowed on instant vector, got {found} instead")
            case UnaryExpr():
                found = self.check(expr.expr)
                if found not in (SCALAR, VECTOR):
                    self._fail(
                        expr,
                        "unary expression only allowed on expressions of type scalar or instant vector,"
                        f" got {quote(DOCUMENTED_TYPES[found])}",
                    )
        return expr.type

    def _fail(self, expr: Expr, message: str) -> NoReturn:
        raise ParseError(message, self._text, expr.start, expr.end)

    def _fail_operator(self, expr: BinaryExpr, message: str) -> NoReturn:
        raise ParseError(message, self._text, expr.op_start, expr.right.start)

    def _expect(self, expr: Expr, wanted: ValueType, context: str) -> None:
        found = self.check(expr)
        if found != wanted:
            self._fail(expr, f"expected type {DOCUMENTED_TYPES[wanted]} in {context}, got {DOCUMENTED_TYPES[found]}")

    def _selector(self, expr: VectorSelector) -> None:
        if expr.name:
            for matcher in expr.matchers[:-1]:
                if matcher.name == METRIC_NAME:
                    self._fail(expr, f"metric name must not be set twice: {quote(expr.name)} or {quote(matcher.value)}")
        elif all(matcher.matches("") for matcher in expr.matchers):
            self._fail(expr, "vector selector must contain at least one non-empty matcher")

    def _call(self, expr: Call) -> None:
        function = expr.function
        name = quote(function.name)
        given = len(expr.args)
        wanted = len(function.args)
        if not function.variadic:
            if given != wanted:
                self._fail(expr, f"expected {wanted} argument(s) in call to {name}, got {given}")
        else:
            least = wanted - 1
            most = least + function.variadic
            if given < least:
                self._fail(expr, f"expected at least {least} argument(s) in call to {name}, got {given}")
            if function.variadic > 0 and given > most:
                self._fail(expr, f"expected at most {most} argument(s) in call to {name}, got {given}")
        for index, argument in enumerate(expr.args):
            if function.name == "info" and index == 1:
                self._label_selector(argument)
                continue
            self._expect(argument, function.args[min(index, wanted - 1)], f"call to function {name}")

    def _label_selector(self, argument: Expr) -> None:
        """Check the second argument of `info`: braces with matchers, which may match everything."""
        if argument.type != VECTOR:
            wanted, found = DOCUMENTED_TYPES[VECTOR], DOCUMENTED_TYPES[argument.type]
            self._fail(argument, f'expected type {wanted} in call to function "info", got {found}')
        if not isinstance(argument, VectorSelector):
            self._fail(argument, "expected label selectors only")
        if argument.name:
            self._fail(argument, "expected label selectors only, got vector selector instead")

    def _aggregation(self, expr: Aggregation) -> None:
        self._expect(expr.expr, VECTOR, "aggregation expression")
        if expr.param is not None:
            wanted: ValueType = STRING if expr.op == "count_values" else SCALAR
            self._expect(expr.param, wanted, "aggregation parameter")

    def _binary(self, expr: BinaryExpr) -> None:
        """Check one operation whose left operand has been checked already."""
        left = expr.left.type
        right = self.check(expr.right)
        matching = expr.matching
        if expr.return_bool and expr.op not in COMPARISONS:
            self._fail_operator(expr, "bool modifier can only be used on comparison operators")
        if expr.op in COMPARISONS and not expr.return_bool and left == right == SCALAR:
            self._fail_operator(expr, "comparisons between scalars must use BOOL modifier")
        if matching is not None and matching.on:
            for label in matching.labels:
                if label in matching.include:
                    self._fail_operator(expr, f"label {quote(label)} must not occur in ON and GROUP clause at once")
        for side, found in ((expr.left, left), (expr.right, right)):
            if found not in (SCALAR, VECTOR):
                self._fail(side, "binary expression must contain only scalar and instant vector types")
        if SCALAR in (left, right):
            if matching is not None and matching.labels:
                self._fail(expr, "vector matching only allowed between instant vectors")
            if matching is not None and matching.fills:
                self._fail(expr, "filling in missing series only allowed between instant vectors")
            expr.matching = None
            if expr.op in SET_OPERATORS:
                self._fail(expr, f"set operator {quote(expr.op)} not allowed in binary scalar expression")
        elif expr.op in SET_OPERATORS and matching is not None:
            if matching.group:
                self._fail(expr, f"no grouping allowed for {quote(expr.op)} operation")
            if matching.fills:
                self._fail(expr, "filling in missing series not allowed for set operators")
