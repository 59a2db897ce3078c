"""What checks look at, a rule with its place in its file, and what they find."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.errors import Problem
from alertd.promql.ast import Node
from alertd.rules.models import AlertRule, Rule, RuleFile, RuleGroup
from alertd.rules.positions import position_in
from alertd.yamlfile import Document, Path

_LONGEST = 60
_DEEPEST = 150


@dataclass(frozen=True)
class Finding:
    """What the check `check` has to say, and where."""

    check: str
    problem: Problem


@dataclass(frozen=True)
class LintFile:
    """A good rule file: its text, the document that it is, and its rules."""

    text: str
    document: Document
    rules: RuleFile

    def groups(self) -> list[tuple[RuleGroup, Path]]:
        """The groups with their paths in the document."""
        if isinstance(self.document.data, dict) and "alerting" in self.document.data:
            return [(group, ("alerting",)) for group in self.rules.groups]
        return [(group, ("groups", index)) for index, group in enumerate(self.rules.groups)]

    def subjects(self) -> list[Subject]:
        """The rules of all groups."""
        return [
            Subject(self, group, rule, (*path, "rules", index))
            for group, path in self.groups()
            for index, rule in enumerate(group.rules)
        ]

    def finding(self, check: str, path: Path, message: str) -> Finding:
        """A finding at the value at `path`."""
        return Finding(check, self.document.problem(path, message))


@dataclass(frozen=True)
class Subject:
    """One rule; `path` leads to it in its document."""

    file: LintFile
    group: RuleGroup
    rule: Rule
    path: Path

    @property
    def alert(self) -> AlertRule | None:
        """The rule, if it raises alerts."""
        return self.rule if isinstance(self.rule, AlertRule) else None

    @property
    def is_deep(self) -> bool:
        """Whether no person wrote the expression: it is nested too deep for checks that follow the tree down."""
        depth = 0
        level = [self.rule.parsed]
        while level and depth <= _DEEPEST:
            depth += 1
            level = [child for node in level for child in node.children]
        return depth > _DEEPEST

    @property
    def name_key(self) -> str:
        """The key that names the rule: `alert`, `record` or `name`."""
        return next(key for key in ("alert", "record", "name") if self.has(key))

    @property
    def expr_key(self) -> str:
        """The key of the expression: `expr`, or `condition` in the short form."""
        return "expr" if self.has("expr") else "condition"

    def has(self, *keys: str) -> bool:
        """Whether the rule has the key that the path `keys` leads to."""
        return (*self.path, *keys) in self.file.document.key_positions

    def at(self, check: str, keys: Path, message: str) -> Finding:
        """A finding at the value of a key of the rule; at the rule where it has no such key."""
        return self.file.finding(check, (*self.path, *keys), message)

    def in_expr(self, check: str, node: Node, message: str) -> Finding:
        """A finding at a part of the expression."""
        return self.in_expr_at(check, node.start, message)

    def in_expr_at(self, check: str, offset: int, message: str) -> Finding:
        """A finding at a character of the expression."""
        return self.in_text(check, (self.expr_key,), self.rule.expr, offset, message)

    def in_text(self, check: str, keys: Path, text: str, offset: int, message: str) -> Finding:
        """A finding at the character `offset` of `text`, the value of a key of the rule."""
        problem = self.file.document.problem((*self.path, *keys), message)
        return Finding(check, position_in(self.file.text, text, offset, problem))

    def part(self, node: Node) -> str:
        """The text of a part of the expression, as `part_of` has it."""
        return part_of(self.rule.expr, node)


def part_of(text: str, node: Node) -> str:
    """The text of a part of the expression `text` as it was written, in one line and not too long."""
    part = " ".join(text[node.start : node.end].split())
    return part if len(part) <= _LONGEST else part[: _LONGEST - 1] + "…"
