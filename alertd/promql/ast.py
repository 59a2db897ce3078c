"""The syntax tree of PromQL.

Every node knows its place in the source (`start`, `end`: character offsets) and its type. Two trees are equal when
they mean the same, wherever they stood in a text. Instants and durations in the tree are milliseconds.
`str(node)` is Prometheus' canonical form.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from alertd.promql.matchers import METRIC_NAME, Matcher
from alertd.promql.signatures import MATRIX, SCALAR, STRING, VECTOR, Function, ValueType

AtModifier: TypeAlias = int | Literal["start", "end"] | None
Extension: TypeAlias = Literal["", "anchored", "smoothed"]
DurationValue: TypeAlias = "int | DurationExpr"

COMPARISONS = frozenset(("==", "!=", ">", "<", ">=", "<="))
SET_OPERATORS = frozenset(("and", "or", "unless"))
TRIM_OPERATORS = frozenset(("</", ">/"))
AGGREGATORS_WITH_PARAMETER = frozenset(("topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"))


@dataclass(slots=True)
class Node:
    """A place in the source text."""

    start: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(slots=True)
class Expr(Node, ABC):
    """An expression; `source` is the whole text and is set on the root of a parsed tree only."""

    source: str = field(default="", compare=False, kw_only=True, repr=False)

    @property
    @abstractmethod
    def type(self) -> ValueType: ...

    @property
    def children(self) -> tuple[Expr, ...]:
        return ()

    def __str__(self) -> str:
        from alertd.promql.printer import format_expr

        return format_expr(self)


@dataclass(slots=True)
class DurationExpr(Node):
    """A duration that is computed: `5m * 2`, `step()`, `min_of(1m, range())`.

    `op` is an operator, or `step`, `range`, `min_of`, `max_of`; a unary operator has no `left`.
    `wrapped` means that it stood in parentheses.
    """

    op: str
    left: DurationOperand | None = None
    right: DurationOperand | None = None
    wrapped: bool = False


@dataclass(slots=True)
class NumberLiteral(Expr):
    """A number; `is_duration` when it was written as one (`5m` is 300)."""

    value: float
    is_duration: bool = False

    @property
    def type(self) -> ValueType:
        return SCALAR


DurationOperand: TypeAlias = "DurationExpr | NumberLiteral"


@dataclass(slots=True)
class StringLiteral(Expr):
    value: str

    @property
    def type(self) -> ValueType:
        return STRING


@dataclass(slots=True)
class ParenExpr(Expr):
    expr: Expr

    @property
    def type(self) -> ValueType:
        return self.expr.type

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.expr,)


@dataclass(slots=True)
class UnaryExpr(Expr):
    op: str
    expr: Expr

    @property
    def type(self) -> ValueType:
        return self.expr.type

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.expr,)


@dataclass(slots=True)
class VectorMatching:
    """How the series of two vectors find each other.

    `group` names the side that may have many series per group; None is one-to-one (many-to-many for set operators).
    `fill_left` and `fill_right` are the values that stand in for series which only the other side has.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None

    @property
    def fills(self) -> bool:
        return self.fill_left is not None or self.fill_right is not None


@dataclass(slots=True)
class BinaryExpr(Expr):
    """`matching` is None when an operand is a scalar. `op_start` is where the operator stands."""

    op: str
    left: Expr
    right: Expr
    matching: VectorMatching | None = None
    return_bool: bool = False
    op_start: int = field(default=0, compare=False)
    _type: ValueType = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Kept, because asking down a long chain of operators for every link of it takes quadratic time.
        self._type = SCALAR if self.left.type == SCALAR and self.right.type == SCALAR else VECTOR

    @property
    def type(self) -> ValueType:
        return self._type

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(slots=True)
class Aggregation(Expr):
    op: str
    expr: Expr
    param: Expr | None = None
    grouping: tuple[str, ...] = ()
    without: bool = False

    @property
    def type(self) -> ValueType:
        return VECTOR

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.expr,) if self.param is None else (self.param, self.expr)


@dataclass(slots=True)
class Call(Expr):
    function: Function
    args: tuple[Expr, ...] = ()

    @property
    def type(self) -> ValueType:
        return self.function.returns

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.args


@dataclass(slots=True)
class VectorSelector(Expr):
    """`name` is the metric name that stood outside the braces; `matchers` include it as their last member.

    `extension` lets a range see samples beyond its ends, and an instant the sample behind it.
    """

    name: str
    matchers: tuple[Matcher, ...] = ()
    offset: DurationValue = 0
    at: AtModifier = None
    extension: Extension = ""

    @property
    def type(self) -> ValueType:
        return VECTOR

    def __eq__(self, other: object) -> bool:
        """Matchers are conditions that must all hold: their order says nothing."""
        if not isinstance(other, VectorSelector):
            return NotImplemented
        return (self.name, self.offset, self.at, self.extension, sorted(map(str, self.matchers))) == (
            other.name,
            other.offset,
            other.at,
            other.extension,
            sorted(map(str, other.matchers)),
        )

    __hash__ = None  # type: ignore[assignment]  # nodes may still be changed

    @property
    def metric_name(self) -> str | None:
        """The metric that is selected, if an equality matcher names one."""
        for matcher in self.matchers:
            if matcher.name == METRIC_NAME and matcher.op == "=":
                return matcher.value
        return None


@dataclass(slots=True)
class MatrixSelector(Expr):
    """The samples of a selector over a range; offset and `@` are those of the selector."""

    selector: VectorSelector
    range: DurationValue

    @property
    def type(self) -> ValueType:
        return MATRIX

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.selector,)


@dataclass(slots=True)
class Subquery(Expr):
    """An instant expression evaluated over a range; `step` 0 is the default step."""

    expr: Expr
    range: DurationValue
    step: DurationValue = 0
    offset: DurationValue = 0
    at: AtModifier = None

    @property
    def type(self) -> ValueType:
        return MATRIX

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.expr,)


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and everything below it, parents first, in the order of the text."""
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def selectors(expr: Expr) -> list[VectorSelector]:
    """Return all vector selectors of `expr`, in the order of the text."""
    return [node for node in walk(expr) if isinstance(node, VectorSelector)]


def left_chain(expr: BinaryExpr) -> tuple[Expr, list[BinaryExpr]]:
    """Return the leftmost operand of a chain `a + b + c`, and the operations on it from the inside out.

    Machines write chains of thousands of links, which must be worked off in a loop.
    """
    links = [expr]
    first = expr.left
    while isinstance(first, BinaryExpr):
        links.append(first)
        first = first.left
    links.reverse()
    return first, links


def unwrap(expr: Expr) -> Expr:
    """Return `expr` without the parentheses around it."""
    while isinstance(expr, ParenExpr):
        expr = expr.expr
    return expr
