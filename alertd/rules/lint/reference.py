"""The documentation of the checks: `python -m alertd.rules.lint.reference` prints what ends docs/linting.md."""

from __future__ import annotations

import sys

from alertd.rules.lint.catalogue import SECTIONS
from alertd.rules.lint.check import Check


def sections() -> str:
    """The checks as Markdown, by subject."""
    parts = []
    for title, checks in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [_section(check) for check in checks]
    return "\n".join(parts)


def _section(check: Check) -> str:
    pint = f" In pint: `{check.pint}`." if check.pint else ""
    return (
        f"### {check.name}\n\n{check.severity.word.capitalize()}: {check.summary}. {check.explanation}{pint}\n\n"
        f"```text\n{check.wrong.rstrip()}\n```\n\nBetter:\n\n```text\n{check.right.rstrip()}\n```\n"
    )


if __name__ == "__main__":
    sys.stdout.write(sections())
