"""Checks of names and of functions that Prometheus only has behind a switch."""

from __future__ import annotations

from collections.abc import Iterator

from alertd.promql import Call, walk
from alertd.rules.lint.subject import Finding, Subject
from alertd.rules.models import RecordingRule


def check_names(subject: Subject) -> Iterator[Finding]:
    if isinstance(subject.rule, RecordingRule) and ":" not in subject.rule.record:
        message = "a recorded series is named `level:metric:operations`, so that it is not taken for a scraped one"
        yield subject.at("record-name", ("record",), message)
    for node in walk(subject.rule.parsed):
        if isinstance(node, Call) and node.function.experimental:
            message = (
                f"Prometheus has `{node.function.name}` only with `--enable-feature=promql-experimental-functions`"
            )
            yield subject.in_expr("experimental-function", node, message)
