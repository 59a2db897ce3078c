"""Checks of quantiles: that they are from 0 to 1, and that the buckets of a histogram are still told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alertd.promql import Aggregation, Call, Expr, selectors, walk
from alertd.rules.lint.labels import labels_of, remover
from alertd.rules.lint.ranges import number_of
from alertd.rules.lint.subject import Finding, Subject


def check_quantiles(subject: Subject) -> Iterator[Finding]:
    for node in walk(subject.rule.parsed):
        match node:
            case Aggregation(op="quantile", param=Expr() as quantile):
                yield from _range(subject, [quantile])
            case Call():
                yield from _range(subject, _quantiles(node))
                if node.function.name in ("histogram_quantile", "histogram_quantiles", "histogram_fraction"):
                    yield from _buckets(subject, node)


def _quantiles(node: Call) -> Sequence[Expr]:
    """The arguments of a function that are quantiles."""
    match node.function.name:
        case "histogram_quantile" | "quantile_over_time":
            return node.args[:1]
        case "histogram_quantiles":
            return node.args[2:]
    return ()


def _range(subject: Subject, quantiles: Sequence[Expr]) -> Iterator[Finding]:
    for quantile in quantiles:
        value = number_of(quantile)
        if value is not None and not 0 <= value <= 1:
            better = f"; write {value / 100:g}" if 2 <= value <= 100 else ""
            message = f"a quantile is from 0 to 1, and {value:g} gives {'+' if value > 1 else '-'}Inf{better}"
            yield subject.in_expr("quantile-out-of-range", quantile, message)


def _buckets(subject: Subject, node: Call) -> Iterator[Finding]:
    """A native histogram has no buckets by name, so that only such names tell that the label is needed."""
    vector = next(argument for argument in node.args if argument.type == "vector")
    names = [selector.metric_name or "" for selector in selectors(vector)]
    if not names or not all(name.endswith("_bucket") for name in names) or labels_of(vector).can_have("le"):
        return
    culprit = remover(vector, "le")
    reason = "is never there" if culprit is None else f"is removed by `{subject.part(culprit)}`"
    message = f"`{node.function.name}` tells buckets apart by the label `le`, which {reason}; there is never a result"
    yield subject.in_expr("quantile-without-le", node, message)
