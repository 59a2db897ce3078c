"""Expressions written in Prometheus' canonical form, the one its API and `String()` show."""

from __future__ import annotations

from decimal import Decimal

from alertd.promql.ast import (
    Aggregation,
    AtModifier,
    BinaryExpr,
    Call,
    DurationExpr,
    DurationValue,
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
    left_chain,
)
from alertd.promql.durations import format_duration
from alertd.promql.matchers import METRIC_NAME, format_label_name
from alertd.promql.numbers import format_go_float
from alertd.promql.quoting import quote


def format_expr(expr: Expr) -> str:
    """Return the canonical text of `expr`; it parses to an equal tree."""
    match expr:
        case VectorSelector():
            return _selector(expr) + _modifiers(expr.at, expr.offset, expr.extension)
        case MatrixSelector():
            selector = expr.selector
            extension = f" {selector.extension}" if selector.extension else ""
            modifiers = _modifiers(selector.at, selector.offset)
            return f"{_selector(selector)}[{_duration(expr.range)}]{extension}{modifiers}"
        case Subquery():
            return format_expr(expr.expr) + subquery_suffix(expr)
        case BinaryExpr():
            first, links = left_chain(expr)
            head = format_expr(first)
            if links[0].op == "^":
                # The plus of `+Inf` would take the whole power for its operand.
                head = head.removeprefix("+")
            return head + "".join(f" {binary_operator(link)} {format_expr(link.right)}" for link in links)
        case Aggregation():
            inner = format_expr(expr.expr)
            if expr.param is not None:
                inner = f"{format_expr(expr.param)}, {inner}"
            return f"{aggregation_head(expr)}({inner})"
        case Call():
            return f"{expr.function.name}({', '.join(format_expr(argument) for argument in expr.args)})"
        case ParenExpr():
            return f"({format_expr(expr.expr)})"
        case UnaryExpr():
            return f"{expr.op}{format_expr(expr.expr)}"
        case NumberLiteral():
            return format_duration(round(expr.value * 1000)) if expr.is_duration else format_number(expr.value)
        case StringLiteral():
            return quote(expr.value)
    raise TypeError(f"not an expression: {expr!r}")


def format_number(value: float) -> str:
    """Return the shortest digits of a number without an exponent: `0.1`, `100000000`, `+Inf`, `NaN`."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = f"{Decimal(text):f}"
    return text.removesuffix(".0")


def format_labels(labels: dict[str, str]) -> str:
    """Return a label set as Prometheus' messages show it: `{__name__="up", job="a"}`, names sorted."""
    inner = ", ".join(f"{format_label_name(name)}={quote(labels[name])}" for name in sorted(labels))
    return f"{{{inner}}}"


def _selector(selector: VectorSelector) -> str:
    conditions = sorted(
        str(matcher)
        for matcher in selector.matchers
        if not (selector.name and matcher.name == METRIC_NAME and matcher.op == "=" and matcher.value == selector.name)
    )
    if conditions or not selector.name:
        return f"{selector.name}{{{','.join(conditions)}}}"
    return selector.name


def _modifiers(at: AtModifier, offset: DurationValue, extension: Extension = "") -> str:
    text = ""
    if isinstance(at, int):
        text = f" @ {at / 1000:.3f}"
    elif at is not None:
        text = f" @ {at}()"
    if extension:
        text += f" {extension}"
    if offset:
        text += f" offset {_duration(offset)}"
    return text


def _duration(value: DurationValue | NumberLiteral) -> str:
    if isinstance(value, int):
        return format_duration(value)
    if isinstance(value, NumberLiteral):
        return format_expr(value)
    return _duration_expr(value)


def _duration_expr(expr: DurationExpr) -> str:
    left = "" if expr.left is None else _duration(expr.left)
    right = "" if expr.right is None else _duration(expr.right)
    if expr.op in ("step", "range"):
        text = f"{expr.op}()"
    elif expr.op in ("min_of", "max_of"):
        text = f"{expr.op}({left}, {right})"
    elif not left:
        text = right if expr.op == "+" else f"-{right}"
    else:
        text = f"{left} {expr.op} {right}"
    return f"({text})" if expr.wrapped else text


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(format_label_name(name) for name in names)


def binary_operator(expr: BinaryExpr) -> str:
    """Return the operator with its modifiers: `== bool on (a) group_left ()`."""
    text = expr.op + (" bool" if expr.return_bool else "")
    matching = expr.matching
    if matching is None:
        return text
    if matching.on or matching.labels or matching.group:
        text += f" {'on' if matching.on else 'ignoring'} ({_names(matching.labels)})"
    if matching.group:
        text += f" group_{matching.group} ({_names(matching.include)})"
    return text + _fills(matching)


def _fills(matching: VectorMatching) -> str:
    left, right = matching.fill_left, matching.fill_right
    if left is not None and right is not None and repr(left) == repr(right):
        return f" fill ({format_go_float(left)})"
    text = "" if left is None else f" fill_left ({format_go_float(left)})"
    return text if right is None else f"{text} fill_right ({format_go_float(right)})"


def aggregation_head(expr: Aggregation) -> str:
    """Return what stands before the parenthesis: `sum by (job) `."""
    if expr.without:
        return f"{expr.op} without ({_names(expr.grouping)}) "
    return f"{expr.op} by ({_names(expr.grouping)}) " if expr.grouping else expr.op


def subquery_suffix(expr: Subquery) -> str:
    """Return the brackets and modifiers of a subquery."""
    step = _duration(expr.step) if expr.step else ""
    return f"[{_duration(expr.range)}:{step}]{_modifiers(expr.at, expr.offset)}"
