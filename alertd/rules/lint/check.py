"""The form of a check's description."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from textwrap import indent


class Severity(IntEnum):
    """How grave a finding is: `error` cannot work, `warning` is most likely not meant, `info` could be better."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Check:
    """One kind of finding. `wrong` and `right` are rules, or a whole file, that it finds and does not find.

    `pint` names the check of pint that means the same, so that its comments hold here.
    """

    name: str
    severity: Severity
    summary: str
    explanation: str
    wrong: str
    right: str
    pint: str = ""

    def explained(self) -> str:
        """The whole description as plain text."""
        parts = [
            f"{self.name} ({self.severity.word}): {self.summary}",
            self.explanation,
            f"Found:\n{indent(self.wrong.rstrip(), '    ')}",
            f"Better:\n{indent(self.right.rstrip(), '    ')}",
            f"Switch it off with a comment above the rule: # alertd disable {self.name}",
        ]
        if self.pint:
            parts.append(f"pint's name for it: {self.pint}")
        return "\n\n".join(parts)
