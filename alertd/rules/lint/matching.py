"""Checks of the labels within an expression: what is aggregated by and matched on must still be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alertd.promql import Aggregation, BinaryExpr, Expr, unwrap, walk
from alertd.rules.lint.labels import Labels, labels_of, remover
from alertd.rules.lint.subject import Finding, Subject


def check_matching(subject: Subject) -> Iterator[Finding]:
    for node in walk(subject.rule.parsed):
        if isinstance(node, Aggregation) and not node.without:
            yield from _aggregation(subject, node)
        elif isinstance(node, BinaryExpr) and node.matching is not None and node.op != "or":
            yield from _binary(subject, node)


def _aggregation(subject: Subject, node: Aggregation) -> Iterator[Finding]:
    inner = labels_of(node.expr)
    gone = [name for name in node.grouping if not inner.can_have(name)]
    if gone:
        message = f"`{node.op}` groups by {_names(gone)}, which {_reason(subject, node.expr, gone[0])}"
        yield subject.in_expr("impossible-grouping", node, message)


def _binary(subject: Subject, node: BinaryExpr) -> Iterator[Finding]:
    matching = node.matching
    if matching is None or matching.fills:
        return
    left, right = labels_of(node.left), labels_of(node.right)
    message = ""
    if matching.on:
        message = _on(subject, node, matching.labels, left, right)
    elif left.only is not None and right.only is not None and not matching.group:
        message = _closed(left.only.difference(matching.labels), right.only.difference(matching.labels))
    else:
        message = _sure(left, right, matching.labels) or _sure(right, left, matching.labels, swapped=True)
    if message:
        ending = "; nothing is ever excluded" if node.op == "unless" else "; there is never a result"
        yield subject.in_expr("impossible-match", node, message + ending)
        return
    yield from _on_nothing(subject, node, left, right)
    if node.op in ("and", "unless"):
        yield from _lost(subject, node)
    one, other = (right, left) if matching.group == "left" else (left, right)
    gone = [name for name in matching.include if not one.can_have(name)]
    if gone:
        side = "right" if one is right else "left"
        message = f"`group_{matching.group}` takes {_names(gone)} from the {side} side, which does not have it"
        if all(not other.can_have(name) for name in gone):
            message += ", nor does the other"
        yield subject.in_expr("impossible-include", node, message)


def _on_nothing(subject: Subject, node: BinaryExpr, left: Labels, right: Labels) -> Iterator[Finding]:
    """Labels to match on that neither side has: they are equal everywhere and decide nothing."""
    names = node.matching.labels if node.matching is not None and node.matching.on else ()
    gone = [name for name in names if not left.can_have(name) and not right.can_have(name)]
    if gone:
        where = (f"on the {side} it {_reason(subject, expr, gone[0])}" for side, expr in _sides(node))
        message = f"neither side has {_names(gone)} to match on, which decides nothing: {', '.join(where)}"
        yield subject.in_expr("impossible-on", node, message)


def _sides(node: BinaryExpr) -> tuple[tuple[str, Expr], tuple[str, Expr]]:
    return ("left", node.left), ("right", node.right)


def _lost(subject: Subject, node: BinaryExpr) -> Iterator[Finding]:
    """Labels that are added on the right side of `and` or `unless`, which gives nothing to the result."""
    part = unwrap(node.right)
    names = node.matching.labels if node.matching is not None and node.matching.on else None
    while isinstance(part, BinaryExpr) and names is not None:
        added = part.matching.include if part.matching is not None else ()
        gone = [name for name in added if name not in names]
        if gone:
            message = (
                f"{_names(gone)} are added on the right side of `{node.op}`, of which nothing gets into the result;"
                " put the left side in parentheses and add them to that"
            )
            yield subject.in_expr("impossible-include", part, message)
        part = unwrap(part.left)


def _on(subject: Subject, node: BinaryExpr, names: Iterable[str], left: Labels, right: Labels) -> str:
    for name in names:
        for side, labels, other in ((node.left, left, right), (node.right, right, left)):
            if not labels.can_have(name) and other.can_have(name):
                where = "left" if side is node.left else "right"
                return f"the {where} side has no label `{name}` to match on: it {_reason(subject, side, name)}"
    return ""


def _closed(left: frozenset[str], right: frozenset[str]) -> str:
    """Both sides keep only certain labels, which must then be the same."""
    if left == right:
        return ""
    return f"the left side has {_set(left)}, the right side has {_set(right)}, and both must be equal to match"


def _sure(one: Labels, other: Labels, ignored: Iterable[str], *, swapped: bool = False) -> str:
    """A label that all samples of `one` have and none of `other`."""
    sides = ("right", "left") if swapped else ("left", "right")
    for name in sorted(one.sure.difference(ignored)):
        if not other.can_have(name):
            return f"the {sides[0]} side always has the label `{name}`, the {sides[1]} side never"
    return ""


def _reason(subject: Subject, expr: Expr, name: str) -> str:
    culprit = remover(expr, name)
    return "is never there" if culprit is None else f"is removed by `{subject.part(culprit)}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _set(names: Iterable[str]) -> str:
    return f"only the labels {_names(sorted(names))}" if names else "no labels"
