"""Checks of the texts of alerting rules against what the expression answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from alertd.promql import (
    ALL_FEATURES,
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    ParseError,
    Subquery,
    UnaryExpr,
    VectorSelector,
    parse,
    unwrap,
)
from alertd.promql.ast import COMPARISONS
from alertd.rules.lint.labels import labels_of, remover
from alertd.rules.lint.subject import Finding, Subject, part_of
from alertd.rules.lint.templateuses import LabelUse, Printed, uses_of
from alertd.rules.models import AlertRule

_SMALL = frozenset(("rate", "irate", "deriv"))
_KEEPING = frozenset(("sum", "min", "max", "avg", "topk", "bottomk", "quantile"))
_COUNTING = frozenset(("count", "count_values", "group"))
_NOT_SECONDS = re.compile(r"_(?:ms|msec|millis|milliseconds|us|microseconds|ns|nanos|nanoseconds)(?:_max|_avg|_mean)?$")


def check_templates(subject: Subject) -> Iterator[Finding]:
    alert = subject.alert
    if alert is None:
        return
    for keys, text, what in _texts(subject, alert):
        if "{{" not in text and "{%" not in text:
            continue
        uses = uses_of(text, alert.template_language, alert.name)
        yield from _labels(subject, keys, text, what, uses.labels)
        yield from _queries(subject, keys, text, uses.queries)
        for printed in uses.printed:
            if what == "label":
                message = (
                    "the value in a label makes another alert of each change, so that `for` starts over;"
                    " put it into an annotation"
                )
                yield subject.in_text("value-in-label", keys, text, printed.position, message)
            else:
                yield from _printed(subject, keys, text, printed)


def _texts(subject: Subject, alert: AlertRule) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The texts with the keys that lead to them; the short form has two of them as keys of its own."""
    sections: tuple[tuple[str, Mapping[str, str], str], ...] = (
        ("labels", alert.labels, "label"),
        ("annotations", alert.annotations, "annotation"),
    )
    for section, texts, what in sections:
        for name, text in texts.items():
            yield (section, name) if subject.has(section, name) else (name,), text, what


def _labels(subject: Subject, keys: tuple[str, ...], text: str, what: str, uses: list[LabelUse]) -> Iterator[Finding]:
    told: set[tuple[str, str | None]] = set()
    for use in uses:
        expr = subject.rule.parsed if use.query is None else _parsed(use.query)
        if (use.name, use.query) in told or expr is None or labels_of(expr).can_have(use.name):
            continue
        told.add((use.name, use.query))
        culprit = remover(expr, use.name)
        whole = use.query or subject.rule.expr
        reason = f"is removed by `{part_of(whole, culprit)}`" if culprit else "the expression never has"
        which = f"the {what} `{keys[-1]}` uses the label `{use.name}`, which {reason}"
        yield subject.in_text("missing-label", keys, text, use.position, which)


def _parsed(text: str) -> Expr | None:
    try:
        return parse(text, features=ALL_FEATURES)
    except ParseError:
        return None


def _queries(subject: Subject, keys: tuple[str, ...], text: str, queries: list[tuple[int, str]]) -> Iterator[Finding]:
    for position, query in queries:
        try:
            parse(query, features=ALL_FEATURES)
        except ParseError as error:
            message = f"the query in the template is wrong: {error}"
            yield subject.in_text("template-query", keys, text, position, message)


def _printed(subject: Subject, keys: tuple[str, ...], text: str, printed: Printed) -> Iterator[Finding]:
    value = _valued(subject.rule.parsed)
    wrong = ""
    if "humanizePercentage" in printed.functions and _is_percent(value):
        wrong = "the value is a percentage already, and `humanizePercentage` multiplies it by 100 again"
    elif "humanizeDuration" in printed.functions and (name := _metric(value)) and _NOT_SECONDS.search(name):
        wrong = f"`humanizeDuration` takes seconds, and `{name}` is not in seconds"
    elif "humanizeTimestamp" in printed.functions and _is_age(value):
        wrong = "the value is an age, not an instant; use `humanizeDuration`"
    if wrong:
        yield subject.in_text("humanize-misuse", keys, text, printed.position, wrong)
    elif not printed.functions and (small := _small(value)) is not None:
        message = f"the value comes from `{small}` and has many digits; print it with `humanize` or `printf`"
        yield subject.in_text("value-unformatted", keys, text, printed.position, message)


def _valued(expr: Expr) -> Expr:
    """The part whose value the alert has: the left side of conditions."""
    inner = unwrap(expr)
    while isinstance(inner, BinaryExpr):
        if inner.op in ("and", "unless") or (inner.op in COMPARISONS and inner.left.type != "scalar"):
            inner = unwrap(inner.left)
        elif inner.op in COMPARISONS:
            inner = unwrap(inner.right)
        else:
            break
    return inner


def _is_percent(expr: Expr) -> bool:
    if isinstance(expr, BinaryExpr) and expr.op == "*":
        sides = (unwrap(expr.left), unwrap(expr.right))
        return any(isinstance(side, NumberLiteral) and side.value == 100 for side in sides) or _is_percent(sides[0])
    if isinstance(expr, BinaryExpr) and expr.op == "-":
        left, right = unwrap(expr.left), unwrap(expr.right)
        return isinstance(left, NumberLiteral) and left.value == 100 and _is_percent(right)
    return False


def _metric(expr: Expr) -> str | None:
    """The metric whose value `expr` has, unchanged in its unit."""
    match expr:
        case VectorSelector():
            return expr.metric_name
        case MatrixSelector():
            return expr.selector.metric_name
        case ParenExpr() | Subquery():
            return _metric(expr.expr)
        case Aggregation() if expr.op in _KEEPING:
            return _metric(expr.expr)
        case Call() if expr.function.name in ("avg_over_time", "max_over_time", "min_over_time", "last_over_time"):
            return _metric(expr.args[0])
    return None


def _is_age(expr: Expr) -> bool:
    if not isinstance(expr, BinaryExpr) or expr.op != "-":
        return False
    return any(isinstance(side, Call) and side.function.name == "time" for side in map(unwrap, expr.children))


def _small(expr: Expr) -> str | None:
    """The function of rates whose value goes into that of `expr`."""
    match expr:
        case Call():
            if expr.function.name in _SMALL:
                return expr.function.name
            if expr.function.name.startswith("histogram_"):
                return None
            return next((found for part in expr.args if (found := _small(part)) is not None), None)
        case ParenExpr() | UnaryExpr():
            return _small(expr.expr)
        case Aggregation() if expr.op not in _COUNTING:
            return _small(expr.expr)
        case BinaryExpr() if expr.op not in COMPARISONS:
            return _small(expr.left) or _small(expr.right)
    return None
