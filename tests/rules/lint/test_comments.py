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
        ("- alert: A\n  expr: a\n  # alertd disable no-comparison\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: a\n\n    # alertd disable no-comparison\n\n- alert: B\n  expr: b\n", [B]),
        ("  # alertd disable no-comparison\n- alert: A\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("- # alertd disable no-comparison\n  alert: A\n  expr: a\n-\n  alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: a\n# alertd disable no-comparison\n-\n  alert: B\n  expr: b\n", [A]),
        ("- alert: A\n  expr: a{x='# alertd disable no-comparison'}\n", [A]),
        ("- alert: A\n  expr: a\n  annotations: {x: 'see # alertd disable no-comparison'}\n", [A]),
        ("- alert: A\n  expr: a\n  annotations:\n    x: |\n      # alertd disable no-comparison\n", [A]),
        ("- alert: A\n  expr: | # alertd disable no-comparison\n    a\n", []),
        ("- alert: A # its owner: B # alertd disable no-comparison\n  expr: a\n", []),
        ("- alert: A\n  expr: a # pint ignore/line\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  # pint ignore/next-line\n  expr: a\n- alert: B\n  expr: b\n", [B]),
        ("# pint ignore/begin\n- alert: A\n  expr: a\n# pint ignore/end\n- alert: B\n  expr: b\n", [B]),
        ("- alert: A\n  expr: a\n# pint ignore/begin\n- alert: B\n  expr: b\n", [A]),
        ("- alert: A\n  expr: a\n# pint ignore/end\n# pint ignore/file\n- alert: B\n  expr: b\n", [A]),
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


def test_a_comment_at_the_end_of_a_group() -> None:
    """Above the next group and indented like the rules before it, a comment is about the last of these."""
    group = "  - name: {}\n    rules:\n      - alert: A\n        expr: a\n"
    text = "groups:\n" + group.format("a") + "      # alertd disable no-comparison\n" + group.format("b")
    assert bare(text) == ["groups.1.rules.0.expr"]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("alertd disable no-comparisons", "there is no check 'no-comparisons'; did you mean 'no-comparison'?"),
        ("alertd disable", "this comment names no check; write `# alertd disable NAME`"),
        ("alertd file/snooze 2999-01-01", "this comment names no check; write `# alertd file/snooze DAY NAME`"),
        (
            "alertd disable no-comparison this is why",
            "what stands behind a name is no check; give a reason a number sign: `no-comparison # this is why`",
        ),
        (
            "alertd disable no-comparison no-summary",
            "names of checks are separated by commas; write `no-comparison, no-summary`",
        ),
        ("ALERTD disable x", "`# ALERTD disable` switches nothing off; write `# alertd disable NAME`"),
        ("alertd: disable x", "`# alertd: disable` switches nothing off; write `# alertd disable NAME`"),
        ("alertd ignore x", "`# alertd ignore` switches nothing off; write `# alertd disable NAME`"),
        ("alertd disabled x", "`# alertd disabled` switches nothing off; write `# alertd disable NAME`"),
        (
            "alertd file/snoozed x",
            "`# alertd file/snoozed` switches nothing off; write `# alertd file/snooze DAY NAME`",
        ),
        ("alertd ignore/lines", "`# alertd ignore/lines` switches nothing off; write `# alertd ignore/line`"),
        ("alertd without no-summary", "`# alertd without` switches nothing off; write `# alertd disable NAME`"),
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


@pytest.mark.parametrize(
    "comment",
    [
        "pint disable query/cost",
        "pint file/owner bob",
        "pint disabled alerts/comparison",
        "PINT disable alerts/comparison",
        "alertd evaluates this every minute",
        "alertd rules of the web team",
        "see alertd disable x",
        "alertd disable x # alertd file/disable unknown-check",
        "alertd disable x # pint ignore/line",
    ],
)
def test_comments_that_are_no_mistake(comment: str) -> None:
    """pint's comments are pint's, sentences about alertd are no instructions, and the check can be switched off."""
    found = found_in(f"- {{alert: A, expr: a}} # {comment}\n")
    assert "unknown-check" not in {one.check for one in found}
