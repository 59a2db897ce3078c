"""Checks of alerting rules: whether they can be quiet, whether they flap, whether they say enough."""

from __future__ import annotations

from collections.abc import Iterator

from alertd.promql import Aggregation, BinaryExpr, Call, Expr, VectorSelector, selectors, unwrap, walk
from alertd.promql.ast import COMPARISONS, SET_OPERATORS
from alertd.rules.lint.subject import Finding, Subject
from alertd.rules.models import AlertRule

_SAMPLING = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))
_ABSENT = frozenset(("absent", "absent_over_time"))


def check_alert(subject: Subject) -> Iterator[Finding]:
    alert = subject.alert
    if alert is None:
        return
    yield from _comparison(subject, alert)
    yield from _times(subject, alert)
    yield from _absent(subject, alert)
    yield from _sampling(subject, alert.parsed)
    yield from _ratio(subject, alert)
    if not {"summary", "description", "message"} & alert.annotations.keys():
        message = "the alert has no annotation that tells people what it means; add a `summary`"
        yield subject.at("no-summary", (), message)
    if all(level.severity is None for level in alert.levels) and "severity" not in subject.group.labels_of(alert):
        yield subject.at("no-severity", (), "the alert has no label `severity` to route it by")


def _comparison(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    if any(level.above is not None or level.below is not None for level in alert.levels):
        return
    root = unwrap(alert.parsed)
    if isinstance(root, BinaryExpr) and root.return_bool:
        message = f"`{root.op} bool` gives 0 or 1, and both are an alert; leave `bool` out"
        yield subject.in_expr("comparison-with-bool", root, message)
    elif (open_part := _unconditional(root, subject)) is not None:
        what = "the expression" if open_part is root else f"`{subject.part(open_part)}`"
        message = f"{what} is compared with nothing, so that every series is an alert, whatever its value"
        yield subject.in_expr("no-comparison", open_part, message)


def _unconditional(expr: Expr, subject: Subject) -> Expr | None:
    """The part of the expression that answers whatever its values are; None where a condition decides."""
    match expr:
        case VectorSelector():
            return None if expr.metric_name == "ALERTS" or _is_state(expr, subject) else expr
        case BinaryExpr() if expr.op == "or":
            return _unconditional(unwrap(expr.left), subject) or _unconditional(unwrap(expr.right), subject)
        case BinaryExpr() if expr.op in SET_OPERATORS or (expr.op in COMPARISONS and not expr.return_bool):
            return None
        case Call() if expr.function.name in _ABSENT:
            return None
    if not selectors(expr):
        # An alert that fires always, to show that alerts arrive.
        return None
    parts = [unwrap(part) for part in expr.children if part.type in ("vector", "matrix")]
    return expr if all(_unconditional(part, subject) is not None for part in parts) else None


def _is_state(selector: VectorSelector, subject: Subject) -> bool:
    """Whether a selector is the short form's comparison of a state, which stands behind the metric."""
    text = subject.rule.expr[selector.start : selector.end]
    return subject.expr_key == "condition" and "=" in text.rpartition("}")[2]


def _times(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    for key, value in (("for", alert.for_), ("keep_firing_for", alert.keep_firing_for)):
        if subject.has(key) and value == 0:
            yield subject.at("redundant-for", (key,), f"`{key}` is 0 where it is left out; remove it")
    interval = subject.group.interval
    if interval is not None and 0 < alert.for_ < interval and subject.has("for"):
        message = "`for` is less than the group's `interval`, and so takes one interval"
        yield subject.at("for-below-interval", ("for",), message)


def _absent(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    """`absent` that raises the alert by itself; beside an `and` something else must hold, too."""
    waiting = [] if any(level.for_ for level in alert.levels) else [alert.parsed]
    while waiting:
        node = unwrap(waiting.pop())
        if isinstance(node, Call) and node.function.name == "absent":
            message = "`absent` holds while a source has just started; give the rule a `for` of two scrapes or more"
            yield subject.in_expr("absent-without-for", node, message)
        elif isinstance(node, BinaryExpr) and node.op not in ("and", "unless"):
            waiting += node.children


def _sampling(subject: Subject, root: Expr) -> Iterator[Finding]:
    """Functions that choose among series, where the choice decides which alerts there are."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Aggregation):
            if node.op not in _SAMPLING:
                continue
            message = f"`{node.op}` chooses other series each time, so that alerts come and go; compare a value instead"
            yield subject.in_expr("fragile-sampling", node, message)
        waiting += [part for part in node.children if part.type == "vector"]


def _ratio(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    if any(level.for_ for level in alert.levels):
        return
    for node in walk(alert.parsed):
        if not isinstance(node, BinaryExpr) or node.op not in ("/", "-", "%") or node.matching is None:
            continue
        left, right = unwrap(node.left), unwrap(node.right)
        if not isinstance(left, Aggregation) or not isinstance(right, Aggregation):
            continue
        jobs, others = _jobs(left), _jobs(right)
        if jobs and others and not jobs & others:
            message = (
                f"the sides come from other jobs ({', '.join(sorted(jobs))}; {', '.join(sorted(others))}), of which"
                " one is complete before the other when a source starts; give the rule a `for`"
            )
            yield subject.in_expr("fragile-ratio", node, message)


def _jobs(expr: Expr) -> frozenset[str]:
    """The values of the label `job` that are selected; empty where one selector says nothing of it."""
    found: frozenset[str] = frozenset()
    for selector in selectors(expr):
        jobs = {matcher.value for matcher in selector.matchers if matcher.name == "job" and matcher.op == "="}
        if not jobs:
            return frozenset()
        found |= jobs
    return found
