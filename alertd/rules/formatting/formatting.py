"""Formats a rule file: the canonical text of its expressions, one order of keys, one indentation, every comment."""

from __future__ import annotations

from dataclasses import replace

from alertd.errors import AlertdError
from alertd.promql import ALL_FEATURES, NumberLiteral, ParseError, parse, prettify
from alertd.rules.formatting.comments import comments_in_expression
from alertd.rules.formatting.layout import Layout
from alertd.rules.formatting.tree import read_tree
from alertd.rules.loading import load_rules
from alertd.rules.models import RuleFile
from alertd.yamlfile import load

_NO_EXPR = NumberLiteral(0)


def format_rules(text: str, file: str) -> str:
    """The rule file's text in the one layout; formatting it once more changes nothing.

    Raises `InvalidInput` with every mistake of a file that is not good. An expression with comments of its own, or with
    the comparison of a state, stays as it is written.
    """
    rules = load_rules(text, file)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if load(text, file).data is None:
        return text
    formatted = Layout(_print).write(read_tree(text))
    if _meaning(load_rules(formatted, file)) != _meaning(rules):
        raise AlertdError(f"{file} cannot be formatted without a change of what it means; it stays as it is")
    return formatted


def _print(text: str) -> str | None:
    """The expression in its canonical form, over several lines where it is long; None where it must stay."""
    if any(comments_in_expression(text)):
        return None
    try:
        return prettify(parse(text, features=ALL_FEATURES))
    except ParseError:
        # What the rules' reader took and this does not is the short form's comparison of a state.
        return None


def _meaning(file: RuleFile) -> object:
    """What a file says, without where and how it says it."""
    return [
        (
            replace(group, rules=(), line=0),
            [(str(rule.parsed), replace(rule, expr="", parsed=_NO_EXPR, line=0)) for rule in group.rules],
        )
        for group in file.groups
    ]
