"""What tests of the lint share: rules written without their file, and what is found in them."""

from __future__ import annotations

from textwrap import indent

from alertd.rules.lint.linting import lint, read
from alertd.rules.lint.subject import Finding, LintFile


def file_of(text: str, name: str = "rules.yml") -> LintFile:
    """A rule file: a whole one, the body of one group, or rules."""
    if not text.startswith("groups:"):
        body = text if text.startswith("interval:") else "rules:\n" + text
        text = f"groups:\n- name: example\n{indent(body, '  ')}"
    return read(text, name)


def found_in(text: str, *, now: int = 0, longest_repeat: int | None = 14_400_000) -> list[Finding]:
    return lint([file_of(text)], now=now, longest_repeat=longest_repeat)


def found_in_alert(expr: str, further: str = "  for: 5m\n") -> dict[str, str]:
    """The checks that find something in an alert with this expression, and what they say."""
    text = f"- alert: A\n  expr: |\n    {expr}\n{further}"
    return {finding.check: finding.problem.message for finding in found_in(text)}
