"""Comments that switch checks off."""

from __future__ import annotations

import pytest

from tests.rules.lint.linted import found_in

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


def bare(text: str, now: int = NOON) -> list[str]:
    """The fields at which `no-comparison` finds something."""
    return [finding.problem.field for finding in found_in(text, now=now) if finding.check == "no-comparison"]


A, B = "groups.0.rules.0.expr", "groups.0.rules.1.expr"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [A, B]),
        ("# alertd disable no-comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  # alertd disable no-comparison\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: a # alertd disable no-comparison\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: |\n    # alertd disable no-comparison\n    a\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: a\n# alertd disable no-comparison\n\n# more\n- alert: B\n  expr: b\n", [A]),
        ("- alert: A\n  expr: a\n- alert: B\n  expr: b\n# alertd file/disable no-comparison\n", []),
        ("# alertd disable no-summary, no-comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("# alertd disable no-summary\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [A, B]),
        ("# alertd snooze 2026-01-02 no-comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("# alertd snooze 2026-01-01 no-comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [A, B]),
        ("# alertd file/snooze 2026-01-01T13:00:00Z no-comparison\n- alert: A\n  expr: a\n", []),
        ("# pint disable alerts/comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("# pint disable alerts/comparison(prom)\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("# pint disable promql/series(a)\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [A, B]),
        ("# pint file/disable alerts/comparison\n- alert: A\n  expr: a\n", []),
        ("# pint snooze 2026-01-01 alerts/comparison\n- alert: A\n  expr: a\n", [A]),
        ("# pint ignore/file\n- alert: A\n  expr: a\n", []),
        ("# alertd enables no-comparison\n- alert: A\n  expr: a\n", [A]),
    ],
)
def test_what_is_switched_off(text: str, left: list[str]) -> None:
    """A comment is about the rule that it stands above or in, or about the whole file."""
    assert bare(text) == left


def test_a_comment_about_a_group() -> None:
    """Above a group a comment is about all of the group, and about no other."""
    group = "- name: {}\n  rules:\n  - alert: A\n    expr: a\n  - alert: B\n    expr: a\n"
    text = "groups:\n# alertd disable no-comparison\n" + group.format("a") + group.format("b")
    assert bare(text) == ["groups.1.rules.0.expr", "groups.1.rules.1.expr"]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("alertd disable no-comparisons", "there is no check 'no-comparisons'; did you mean 'no-comparison'?"),
        ("alertd disable", "this comment names no check; write `# alertd disable NAME`"),
        ("alertd disable xyz", "there is no check 'xyz'"),
        (
            "alertd snooze tomorrow no-comparison",
            "'tomorrow' is no day and no instant; write it as 2026-12-31 or 2026-12-31T18:00:00Z",
        ),
    ],
)
def test_comments_that_say_nothing(comment: str, said: str) -> None:
    """A mistake in a comment is found at the comment."""
    text = f"- alert: A\n  expr: a # {comment}\n"
    (finding,) = [finding for finding in found_in(text) if finding.check == "unknown-check"]
    assert (finding.problem.line, finding.problem.column, finding.problem.message) == (5, 13, said)


def test_checks_of_pint_that_are_not_here_are_no_mistake() -> None:
    """pint's comments are pint's: an unknown one is left alone."""
    assert "unknown-check" not in {one.check for one in found_in("# pint disable query/cost\n- {alert: A, expr: a}\n")}
