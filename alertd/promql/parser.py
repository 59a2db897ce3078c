"""The PromQL parser: Pratt's method for operators, recursive descent for the rest."""

from __future__ import annotations

from typing import NoReturn

from alertd.promql import durationparser, selectorparser
from alertd.promql.ast import (
    AGGREGATORS_WITH_PARAMETER,
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    Extension,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    Subquery,
    UnaryExpr,
    VectorMatching,
    VectorSelector,
    unwrap,
)
from alertd.promql.durations import parse_duration
from alertd.promql.errors import ParseError
from alertd.promql.features import STABLE, Features
from alertd.promql.lexer import (
    AGGREGATORS,
    DURATION,
    EOF,
    ERROR,
    IDENTIFIER,
    KEYWORDS,
    METRIC_IDENTIFIER,
    NUMBER,
    RESERVED,
    STRING,
    WORD_OPERATORS,
    Token,
    tokenize,
)
from alertd.promql.matchers import Matcher
from alertd.promql.numbers import parse_number
from alertd.promql.quoting import quote, unquote
from alertd.promql.signatures import FUNCTIONS, MATRIX
from alertd.promql.typecheck import check_types

# Left binding powers; `^` binds to the right and tighter than a sign.
_POWERS = {
    "or": 1,
    "and": 2,
    "unless": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "</": 3,
    ">/": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "%": 5,
    "atan2": 5,
    "^": 6,
}
_SIGN_POWER = 5
_WORDS = frozenset((IDENTIFIER, METRIC_IDENTIFIER)) | AGGREGATORS | WORD_OPERATORS | KEYWORDS
_METRIC_WORDS = _WORDS - RESERVED
_FUNCTION_WORDS = frozenset((IDENTIFIER, "start", "end", "step", "range"))
# A word behind an aggregator's name that shows it to be meant as a metric.
_AFTER_METRIC = frozenset(_POWERS) | {"offset"}
_FILLS = frozenset(("fill", "fill_left", "fill_right"))
_EXPERIMENTAL_AGGREGATORS = frozenset(("limitk", "limit_ratio"))
_DEEPEST = 100


def parse(text: str, *, states: bool = False, features: Features = STABLE) -> Expr:
    """Parse and type-check a PromQL expression; `features` says what of the experimental language it may use.

    With `states`, a vector selector compared with a string (`door == "open"`) selects the series whose label
    `state` has (or, with `!=`, has not) that value; plain PromQL refuses the comparison.
    Raises ParseError at the first mistake.
    """
    parser = Parser(text, states=states, features=features)
    if parser.token.kind == EOF:
        raise ParseError("no expression found in input", text, 0, 0, expected="an expression")
    expr = parser.expression(0)
    if parser.token.kind != EOF:
        parser.unexpected(expected="an operator or the end of the expression")
    check_types(expr, text)
    expr.source = text
    return expr


class Parser:
    """A cursor over the tokens of one text; `token` is the current one."""

    __slots__ = ("_states", "depth", "features", "index", "text", "token", "tokens")

    def __init__(self, text: str, *, states: bool = False, features: Features = STABLE) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.token = self.tokens[0]
        self._states = states
        self.features = features
        self.depth = 0

    # The cursor.

    def advance(self) -> Token:
        """Return the current token and go on to the next."""
        token = self.token
        self.index += 1
        self.token = self.tokens[self.index]
        return token

    def peek(self) -> str:
        """Return the kind of the token behind the current one."""
        following = self.index + 1
        return self.tokens[following].kind if following < len(self.tokens) else EOF

    def expect(self, kind: str, context: str = "", expected: str = "") -> Token:
        """Return the current token, which must be of `kind`, and go on; `expected` is shown only with a context."""
        if self.token.kind != kind:
            self.unexpected(context, expected or quote(kind))
        return self.advance()

    def deepen(self) -> int:
        """Go one level down, which has an end; return the level to come back to (set `depth` to it)."""
        depth = self.depth
        if depth == _DEEPEST:
            self.fail(f"expression is nested deeper than {_DEEPEST} levels", self.token.start, self.token.end)
        self.depth = depth + 1
        return depth

    def last_end(self) -> int:
        """Return where the last consumed token ended."""
        return self.tokens[self.index - 1].end

    def fail(self, message: str, start: int, end: int) -> NoReturn:
        raise ParseError(message, self.text, start, end)

    def unexpected(self, context: str = "", expected: str = "") -> NoReturn:
        """Refuse the current token."""
        token = self.token
        if token.kind == ERROR:
            raise ParseError(token.text, self.text, token.start, len(self.text))
        found = token.describe()
        message = f"unexpected {found}"
        if context:
            message += f" in {context}, expected {expected}" if expected else f" in {context}"
        raise ParseError(message, self.text, token.start, token.end, found=found, expected=expected)

    # Expressions.

    def expression(self, power: int) -> Expr:
        """Parse an expression whose operators bind tighter than `power`."""
        depth = self.deepen()
        left = self._operand()
        while True:
            binding = _POWERS.get(self.token.kind, 0)
            if binding <= power:
                break
            left = self._binary(left, binding)
        self.depth = depth
        return left

    def _binary(self, left: Expr, binding: int) -> Expr:
        operator = self.advance()
        op = operator.kind
        return_bool = self.token.kind == "bool"
        if return_bool:
            self.advance()
        matching = self._matching()
        right = self.expression(binding - 1 if op == "^" else binding)
        if matching is not None and matching.fills and not self.features.fill_modifiers:
            self.fail("binop fill modifiers are experimental and not enabled", left.start, right.end)
        if self._states and op in ("==", "!=") and not return_bool and matching is None:
            selector = _with_state(left, op, right)
            if selector is not None:
                return selector
        return BinaryExpr(
            op,
            left,
            right,
            VectorMatching() if matching is None else matching,
            return_bool,
            operator.start,
            start=left.start,
            end=right.end,
        )

    def _matching(self) -> VectorMatching | None:
        """Parse `on (…)`, `ignoring (…)` and what may follow them."""
        kind = self.token.kind
        matching: VectorMatching | None = None
        if kind in ("on", "ignoring"):
            self.advance()
            matching = VectorMatching(on=kind == "on", labels=self._label_names())
            kind = self.token.kind
            if kind in ("group_left", "group_right"):
                self.advance()
                matching.group = "left" if kind == "group_left" else "right"
                if self.token.kind == "(":
                    matching.include = self._label_names()
        while self.token.kind in _FILLS and self.peek() == "(":
            matching = matching or VectorMatching()
            self._fill(matching)
        return matching

    def _fill(self, matching: VectorMatching) -> None:
        """Parse `fill (value)`, or one of its one-sided forms, each of which may come once."""
        word = self.advance()
        sides = ("left", "right") if word.kind == "fill" else (word.kind.removeprefix("fill_"),)
        taken = {"left": matching.fill_left, "right": matching.fill_right}
        if any(taken[side] is not None for side in sides):
            self.fail(f"{word.kind} may not be set multiple times", word.start, word.end)
        self.expect("(", word.kind)
        sign = self.advance().kind if self.token.kind in ("+", "-") else "+"
        token = self.token
        if token.kind not in (NUMBER, DURATION):
            self.unexpected(word.kind, "number")
        self.advance()
        value = self.number(token) if token.kind == NUMBER else self.duration(token) / 1000
        self.expect(")", word.kind)
        value = -value if sign == "-" else value
        if "left" in sides:
            matching.fill_left = value
        if "right" in sides:
            matching.fill_right = value

    def _operand(self) -> Expr:
        """Parse a signed operand or a primary expression with its modifiers."""
        token = self.token
        if token.kind in ("+", "-"):
            self.advance()
            inner = self.expression(_SIGN_POWER)
            if isinstance(inner, NumberLiteral):
                # A sign is part of the number that follows it.
                inner.value = -inner.value if token.kind == "-" else inner.value
                inner.start = token.start
                return inner
            return UnaryExpr(token.kind, inner, start=token.start, end=inner.end)
        expr = self._primary()
        while True:
            kind = self.token.kind
            if kind == "[":
                expr = self._range(expr)
            elif kind == "offset":
                self._offset(expr)
            elif kind == "@":
                durationparser.parse_at(self, expr)
            elif kind in ("anchored", "smoothed"):
                self._extend(expr, "anchored" if kind == "anchored" else "smoothed")
            else:
                return expr

    def _extend(self, expr: Expr, extension: Extension) -> None:
        """Take the modifier `anchored` or `smoothed` behind `expr`."""
        word = self.advance()
        if not self.features.extended_ranges:
            self.fail(f"{extension} modifier is experimental and not enabled", expr.start, word.end)
        target: Expr = expr.selector if isinstance(expr, MatrixSelector) else expr
        if isinstance(target, Subquery):
            self.fail(f"{extension} modifier is not supported for subqueries", expr.start, expr.end)
        if not isinstance(target, VectorSelector):
            self.fail(f"{extension} modifier not implemented", expr.start, expr.end)
        if target.extension not in ("", extension):
            self.fail("anchored and smoothed modifiers cannot be used together", expr.start, expr.end)
        target.extension = extension
        expr.end = self.last_end()

    def _primary(self) -> Expr:
        token = self.token
        kind = token.kind
        if kind == "(":
            self.advance()
            inner = self.expression(0)
            self.expect(")")
            return ParenExpr(inner, start=token.start, end=self.last_end())
        if kind in _WORDS:
            following = self.peek()
            if kind in AGGREGATORS and following in ("(", "by", "without"):
                return self._aggregation()
            if kind in _FUNCTION_WORDS and following == "(":
                return self._call()
            if kind in _METRIC_WORDS:
                if kind in AGGREGATORS and following in _WORDS and following not in _AFTER_METRIC:
                    self.advance()
                    self.unexpected("aggregation")
                return selectorparser.parse_selector(self)
        if kind == "{":
            return selectorparser.parse_selector(self)
        if kind == NUMBER:
            self.advance()
            return NumberLiteral(self.number(token), start=token.start, end=token.end)
        if kind == DURATION:
            self.advance()
            return NumberLiteral(self.duration(token) / 1000, True, start=token.start, end=token.end)
        if kind != STRING:
            self.unexpected(expected="an expression")
        self.advance()
        return StringLiteral(self.string(token), start=token.start, end=token.end)

    def _call(self) -> Call:
        name = self.advance()
        function = FUNCTIONS.get(name.text)
        if function is None:
            self.fail(f"unknown function with name {quote(name.text)}", name.start, name.end)
        if function.experimental and not self.features.experimental_functions:
            self.fail(f"function {quote(name.text)} is not enabled", name.start, name.end)
        args = self._arguments()
        return Call(function, tuple(args), start=name.start, end=self.last_end())

    def _arguments(self) -> list[Expr]:
        self.expect("(")
        args: list[Expr] = []
        while self.token.kind != ")":
            args.append(self.expression(0))
            if self.token.kind != ",":
                break
            comma = self.advance()
            if self.token.kind == ")":
                self.fail("trailing commas not allowed in function call args", comma.start, comma.end)
        if self.token.kind != ")":
            self.unexpected(expected='"," or ")"')
        self.advance()
        return args

    def _aggregation(self) -> Aggregation:
        operator = self.advance()
        grouping: tuple[str, ...] = ()
        clause = ""
        if self.token.kind in ("by", "without"):
            clause = self.advance().kind
            grouping = self._label_names()
        if self.token.kind != "(":
            self.unexpected("aggregation")
        args = self._arguments()
        if not clause and self.token.kind in ("by", "without"):
            clause = self.advance().kind
            grouping = self._label_names()
        end = self.last_end()
        if not args:
            self.fail("no arguments for aggregate expression provided", operator.start, end)
        if operator.kind in _EXPERIMENTAL_AGGREGATORS and not self.features.experimental_functions:
            self.fail(
                f"{operator.kind}() is experimental and must be enabled with"
                " --enable-feature=promql-experimental-functions",
                operator.start,
                end,
            )
        wanted = 2 if operator.kind in AGGREGATORS_WITH_PARAMETER else 1
        if len(args) != wanted:
            self.fail(
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}",
                operator.start,
                end,
            )
        param = args[0] if wanted == 2 else None
        return Aggregation(operator.kind, args[-1], param, grouping, clause == "without", start=operator.start, end=end)

    def _label_names(self) -> tuple[str, ...]:
        """Parse `(label, …)`; any word is a label name here, and a string may be one."""
        context = "grouping opts"
        self.expect("(", context)
        names: list[str] = []
        while self.token.kind != ")":
            token = self.token
            if token.kind == STRING:
                names.append(self.string(token))
                if not names[-1]:
                    self.fail('invalid label name for grouping: ""', token.start, token.end)
            elif token.kind in _WORDS:
                names.append(token.text)
            else:
                self.unexpected(context, "label")
            self.advance()
            if self.token.kind != ",":
                break
            self.advance()
        self.expect(")", context, '"," or ")"')
        return tuple(names)

    def _range(self, expr: Expr) -> Expr:
        """Parse `[range]` or `[range:step]` behind `expr`."""
        bracket = self.advance()
        length = durationparser.parse_duration_value(self, "subquery or range selector", positive=True)
        if self.token.kind == ":":
            self.advance()
            step = (
                0
                if self.token.kind == "]"
                else durationparser.parse_duration_value(self, "subquery selector", positive=True)
            )
            self.expect("]", "subquery selector")
            if expr.type == MATRIX:
                # Refused here already: brackets on brackets have no end otherwise.
                self.fail("subquery is only allowed on instant vector, got matrix instead", expr.start, self.last_end())
            return Subquery(expr, length, step, start=expr.start, end=self.last_end())
        self.expect("]", "subquery or range", '":" or "]"')
        end = self.last_end()
        if not isinstance(expr, VectorSelector):
            self.fail("ranges only allowed for vector selectors", bracket.start, end)
        if expr.offset:
            self.fail("no offset modifiers allowed before range", bracket.start, end)
        if expr.at is not None:
            self.fail("no @ modifiers allowed before range", bracket.start, end)
        return MatrixSelector(expr, length, start=expr.start, end=end)

    def _offset(self, expr: Expr) -> None:
        self.advance()
        offset = durationparser.parse_offset(self)
        target: Expr = expr.selector if isinstance(expr, MatrixSelector) else expr
        if not isinstance(target, (VectorSelector, Subquery)):
            self.fail(
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
                expr.start,
                expr.end,
            )
        if target.offset:
            self.fail("offset may not be set multiple times", expr.start, expr.end)
        target.offset = offset
        expr.end = self.last_end()

    # Literals; a fault in one is reported at its token.

    def number(self, token: Token) -> float:
        try:
            return parse_number(token.text)
        except ValueError as error:
            self.fail(str(error), token.start, token.end)

    def duration(self, token: Token) -> int:
        try:
            return parse_duration(token.text)
        except ValueError as error:
            self.fail(str(error), token.start, token.end)

    def string(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except ValueError as error:
            self.fail(f"error unquoting string {quote(token.text)}: {error}", token.start, token.end)


def _with_state(left: Expr, op: str, right: Expr) -> VectorSelector | None:
    """Return the selector of `selector OP "text"` (either way round) narrowed to that state, None for other pairs."""
    for side, other in ((left, right), (right, left)):
        selector, text = unwrap(side), unwrap(other)
        if isinstance(selector, VectorSelector) and isinstance(text, StringLiteral):
            matcher = Matcher("state", "=" if op == "==" else "!=", text.value)
            # The metric name, if it stood outside the braces, stays the last matcher.
            cut = len(selector.matchers) - 1 if selector.name else len(selector.matchers)
            matchers = (*selector.matchers[:cut], matcher, *selector.matchers[cut:])
            return VectorSelector(
                selector.name,
                matchers,
                selector.offset,
                selector.at,
                selector.extension,
                start=left.start,
                end=right.end,
            )
    return None


def parse_matchers(text: str) -> tuple[str, list[Matcher]]:
    """Parse `name{label="value"}` alone: the name outside the braces ("" without one) and the matchers in them.

    Unlike in an expression, matchers that match everything are allowed. Raises ParseError.
    """
    parser = Parser(text)
    if parser.token.kind != "{" and parser.token.kind not in _METRIC_WORDS:
        parser.unexpected(expected="a metric name or braces")
    selector = selectorparser.parse_selector(parser)
    if parser.token.kind != EOF:
        parser.unexpected(expected="the end of the selector")
    matchers = list(selector.matchers)
    if selector.name:
        matchers.pop()
    return selector.name, matchers
