from __future__ import annotations

import pytest

from alertd.rules.checks import check_rules
from alertd.rules.loading import load_rules
from alertd.rules.models import SourceKind

IN_A_CIRCLE = "these alerts depend on each other in a circle"
NO_REMOTE_WRITE = (
    "recording over a Prometheus needs a place that takes the series; "
    "give the source a remote_write, or leave the recording rule to that Prometheus"
)
SOURCES = {"prom": SourceKind.PROMETHEUS, "snapshots": SourceKind.SNAPSHOTS}


def check(*texts: str, default_source: str | None = None) -> list[str]:
    files = [load_rules(text, f"{number}.yml") for number, text in enumerate(texts)]
    return [str(problem) for problem in check_rules(files, {"slack", "email"}, SOURCES, default_source)]


def group(*rules: str, source: str = "") -> str:
    head = "groups:\n- name: g\n" + (f"  source: {source}\n" if source else "") + "  rules:\n"
    return head + "".join(f"  - {{{rule}}}\n" for rule in rules)


def alert(name: str, *depends_on: str) -> str:
    return f"alert: {name}, expr: up, depends_on: [{', '.join(depends_on)}]"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([group("alert: A, expr: up, receivers: [slack, email], source: prom")], []),
        ([group(alert("A", "B"), alert("B")), group(alert("C", "B", "A"))], []),
        ([group(alert("A", "B")), group(alert("B"))], []),
        (
            [group("alert: A, expr: up, receivers: [slack, emial]")],
            ["0.yml:4:45: groups.0.rules.0.receivers.1: there is no receiver 'emial'; did you mean 'email'?"],
        ),
        (
            ["alerting:\n  rules:\n    - {name: a, condition: up, channels: [pager]}\n"],
            ["0.yml:3:43: alerting.rules.0.channels.0: there is no receiver 'pager'; there are email, slack"],
        ),
        (
            [group("alert: A, expr: up, source: x")],
            ["0.yml:4:34: groups.0.rules.0.source: there is no source 'x'; there are prom, snapshots"],
        ),
        (
            [group("alert: A, expr: up", source="promm")],
            ["0.yml:3:11: groups.0.source: there is no source 'promm'; did you mean 'prom'?"],
        ),
        (
            [group(alert("A", "X"))],
            ["0.yml:4:39: groups.0.rules.0.depends_on.0: there is no alert 'X'; there are A"],
        ),
        (
            [group(alert("A", "A"))],
            [f"0.yml:4:39: groups.0.rules.0.depends_on.0: {IN_A_CIRCLE}: A → A; remove one of the dependencies"],
        ),
        (
            [group(alert("A", "B")), group(alert("B", "C", "D"), alert("D")), group(alert("C", "A"))],
            [
                f"{place}: {IN_A_CIRCLE}: {way}; remove one of the dependencies"
                for place, way in (
                    ("0.yml:4:39: groups.0.rules.0.depends_on.0", "A → B → C → A"),
                    ("1.yml:4:39: groups.0.rules.0.depends_on.0", "B → C → A → B"),
                    ("2.yml:4:39: groups.0.rules.0.depends_on.0", "C → A → B → C"),
                )
            ],
        ),
        ([group("record: a, expr: up", source="snapshots")], []),
        ([group("alert: A, expr: up", source="prom\n  params: {a: [b]}\n  headers: ['A: b']")], []),
        ([group("alert: A, expr: up, source: prom", source="snapshots\n  params: {a: [b]}")], []),
        (
            [group("alert: A, expr: up", source="snapshots\n  params: {a: [b]}\n  headers: ['A: b']")],
            [
                f"0.yml:{place}: `{key}` goes with queries over HTTP, and no rule of the group asks a Prometheus;"
                " remove it"
                for key, place in (("params", "4:11: groups.0.params"), ("headers", "5:12: groups.0.headers"))
            ],
        ),
        (
            [group("record: a, expr: up", source="prom")],
            [f"0.yml:5:14: groups.0.rules.0.record: {NO_REMOTE_WRITE}"],
        ),
    ],
)
def test_what_all_files_together_show(texts: list[str], expected: list[str]) -> None:
    """Names that lead out of a file are looked up in all of them and in the configuration."""
    assert check(*texts) == expected


def test_the_default_source_counts_for_recording_rules() -> None:
    """A group without a source asks the default one, whatever that is."""
    text = group("record: a, expr: up")
    assert check(text) == []
    assert check(text, default_source="snapshots") == []
    assert len(check(text, default_source="prom")) == 1
