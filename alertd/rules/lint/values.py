"""Checks of what is computed: counters, rates, divisions, and comparisons that are never true."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alertd.promql import Aggregation, BinaryExpr, Call, Expr, MatrixSelector, Subquery, VectorSelector, unwrap, walk
from alertd.promql.ast import COMPARISONS
from alertd.rules.lint.ranges import number_of, range_of, threshold
from alertd.rules.lint.subject import Finding, Subject

_SPREADING = frozenset(("sum", "avg", "stddev", "stdvar"))
_COUNTING = frozenset(("rate", "irate", "increase", "resets"))
_SUBTRACTING = frozenset(("delta", "idelta", "deriv", "predict_linear"))
_GAUGE = re.compile(
    r"_(?:ratio|percent|percentage|celsius|info|timestamp_seconds|(?:free|avail|available|usage|used|size|limit)_bytes)$"
    # What node_exporter has from /proc/meminfo, named as there.
    r"|^node_memory_\w+_bytes$"
)
_COUNTER = re.compile(r"_total$")


def check_values(subject: Subject) -> Iterator[Finding]:
    for node in walk(subject.rule.parsed):
        match node:
            case BinaryExpr() if node.op in COMPARISONS:
                yield from _never_true(subject, node)
                yield from _bare_counter(subject, node)
            case BinaryExpr() if node.op in ("/", "%") and node.left.type == "vector":
                yield from _division_by_zero(subject, node)
            case Aggregation() if node.op in _SPREADING:
                yield from _division(subject, node)
            case Call():
                yield from _rates(subject, node)


def _never_true(subject: Subject, node: BinaryExpr) -> Iterator[Finding]:
    parts = threshold(node)
    if parts is None:
        return
    tested, op, bound = parts
    possible = range_of(tested)
    if possible.empty or not possible.that(op, bound).empty:
        return
    hint = "; a count of no series is not 0 but nothing: see `absent`" if _counts(tested) and bound <= 1 else ""
    what = f"`{subject.part(tested)}` is never {'' if op == '==' else op + ' '}{bound:g}"
    yield subject.in_expr("never-true", node, what + hint)


def _counts(expr: Expr) -> bool:
    inner = unwrap(expr)
    return isinstance(inner, Aggregation) and inner.op == "count"


def _bare_counter(subject: Subject, node: BinaryExpr) -> Iterator[Finding]:
    parts = threshold(node)
    if parts is None or node.return_bool or parts[1] not in (">", ">=") or parts[2] <= 0:
        return
    tested = unwrap(parts[0])
    while isinstance(tested, Aggregation) and tested.op in ("sum", "max", "min", "avg"):
        tested = unwrap(tested.expr)
    name = tested.metric_name if isinstance(tested, VectorSelector) else None
    if name and _COUNTER.search(name):
        message = f"`{name}` looks like a counter, which only ever grows; compare its `increase` or `rate`"
        yield subject.in_expr("counter-without-rate", tested, message)


def _division_by_zero(subject: Subject, node: BinaryExpr) -> Iterator[Finding]:
    if number_of(unwrap(node.right)) == 0:
        message = f"`{node.op}` by 0 gives {'NaN or infinity' if node.op == '/' else 'NaN'}, whatever is divided"
        yield subject.in_expr("division-by-zero", node, message)


def _division(subject: Subject, node: Aggregation) -> Iterator[Finding]:
    """Divisions whose result goes into the aggregation as it is."""
    waiting = [node.expr]
    while waiting:
        part = unwrap(waiting.pop())
        if isinstance(part, BinaryExpr) and part.op in COMPARISONS:
            continue
        if isinstance(part, BinaryExpr) and part.op in ("/", "%") and part.right.type == "vector":
            if range_of(part.right).has(0):
                message = (
                    f"where `{subject.part(part.right)}` is 0 the quotient is NaN or infinite, and so is"
                    f" the whole `{node.op}`; leave such series out with `> 0`"
                )
                yield subject.in_expr("division-in-aggregation", part, message)
            continue
        if isinstance(part, BinaryExpr):
            waiting += [child for child in part.children if child.type == "vector"]


def _rates(subject: Subject, node: Call) -> Iterator[Finding]:
    name = node.function.name
    ranged = unwrap(node.args[0]) if node.args else None
    if isinstance(ranged, MatrixSelector):
        metric = ranged.selector.metric_name or ""
        if name in _COUNTING and _GAUGE.search(metric):
            message = f"`{metric}` looks like a gauge, and `{name}` takes each decrease for a restart; use `delta`"
            yield subject.in_expr("rate-of-gauge", node, message)
        elif name in _SUBTRACTING and _COUNTER.search(metric):
            message = (
                f"`{metric}` looks like a counter, and `{name}` does not know of restarts; use `increase` or `rate`"
            )
            yield subject.in_expr("delta-of-counter", node, message)
    if isinstance(ranged, Subquery) and name in _COUNTING:
        inner = unwrap(ranged.expr)
        if isinstance(inner, Aggregation) and inner.op in ("sum", "avg") and _is_plain(inner.expr):
            message = (
                f"a `{name}` of a `{inner.op}` takes the restart of one series for one of all; aggregate after `{name}`"
            )
            yield subject.in_expr("rate-of-aggregation", node, message)


def _is_plain(expr: Expr) -> bool:
    return isinstance(unwrap(expr), VectorSelector)
