"""Expressions over several lines, in the layout of `promtool promql format`."""

from __future__ import annotations

from typing import Final

from alertd.promql.ast import Aggregation, BinaryExpr, Call, Expr, ParenExpr, Subquery, UnaryExpr, left_chain
from alertd.promql.printer import aggregation_head, binary_operator, format_expr, subquery_suffix

_LONGEST_LINE: Final = 100
_INDENT: Final = "  "


def prettify(expr: Expr) -> str:
    """Return the text of `expr`; what takes more than 100 bytes in one line is broken up, part by part."""
    return _pretty(expr, 0)


def _pretty(expr: Expr, level: int) -> str:
    indent = _INDENT * level
    match expr:
        case UnaryExpr():
            return f"{indent}{expr.op}{_pretty(expr.expr, level).strip()}"
        case BinaryExpr():
            return _pretty_chain(expr, level)
    text = format_expr(expr)
    if _fits(text):
        return indent + text
    match expr:
        case Aggregation():
            parts = [expr.expr] if expr.param is None else [expr.param, expr.expr]
            return f"{indent}{aggregation_head(expr)}(\n{_pretty_parts(parts, level + 1)}\n{indent})"
        case Call():
            return f"{indent}{expr.function.name}(\n{_pretty_parts(expr.args, level + 1)}\n{indent})"
        case ParenExpr():
            return f"{indent}(\n{_pretty(expr.expr, level + 1)}\n{indent})"
        case Subquery():
            return _pretty(expr.expr, level) + subquery_suffix(expr)
    return indent + text


def _pretty_parts(parts: list[Expr] | tuple[Expr, ...], level: int) -> str:
    return ",\n".join(_pretty(part, level) for part in parts)


def _pretty_chain(expr: BinaryExpr, level: int) -> str:
    """Return a chain `a + b + c`, whose inner links are deeper: its longest start that fits stays in one line."""
    first, links = left_chain(expr)
    text = format_expr(links[0])
    fitting = 0
    while _fits(text):
        fitting += 1
        if fitting == len(links):
            return _INDENT * level + text
        link = links[fitting]
        text += f" {binary_operator(link)} {format_expr(link.right)}"
    depth = level + len(links) - fitting
    pretty = _INDENT * depth + format_expr(links[fitting - 1]) if fitting else _pretty(first, depth)
    for link in links[fitting:]:
        depth -= 1
        pretty += f"\n{_INDENT * depth}{binary_operator(link)}\n{_pretty(link.right, depth + 1)}"
    return pretty


def _fits(text: str) -> bool:
    return len(text.encode(errors="surrogatepass")) <= _LONGEST_LINE
