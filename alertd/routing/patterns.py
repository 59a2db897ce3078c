"""Regular expressions over label values, judged by RE2 as Prometheus and Alertmanager judge them."""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

_MEMO_SIZE = 10_000
_META = r"\\.+*?()|{}\[\]^$"
_LITERAL = re.compile(rf"(?:[^{_META}]|\\[^\w\s])*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class PatternError(ValueError):
    """The text is not a regular expression that RE2 takes."""


def re2_options(memory: int | None = None) -> re2.Options:
    """How label patterns are compiled; `memory` is the most that one may take, in bytes."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    if memory is not None:
        options.max_mem = memory
    return options


def _unanchored(text: str) -> str:
    """`text` without a leading `^` and a trailing `$`, which a full match makes superfluous."""
    text = text.removeprefix("^")
    return text[:-1] if text.endswith("$") and not text.endswith("\\$") else text


def literals_of(pattern: str) -> frozenset[str] | None:
    """The exact values of a literal or of an alternation of literals (`a`, `a|b`, `^(a|b\\.c)$`), else None."""
    body = _unanchored(pattern)
    for opening in ("(?:", "("):
        if body.startswith(opening) and body.endswith(")") and not body.endswith("\\)"):
            body = body[len(opening) : -1]
            break
    parts = [_unanchored(part) for part in re.split(r"(?<!\\)\|", body)]
    if not all(_LITERAL.fullmatch(part) for part in parts):
        return None
    return frozenset(_ESCAPE.sub(r"\1", part) for part in parts)


class LabelPattern:
    """A regular expression that must match a whole label value; the dot also matches a line end.

    `literals` holds the values of a pattern that is only an alternation of literals, for an index to use; it is None
    for any other. Raises `PatternError` for what RE2 refuses, which look-ahead and back references are.
    """

    __slots__ = ("_match", "_memo", "literals", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            compiled = re2.compile(text, re2_options())
        except re2.error as error:
            reason = error.args[0]
            raise PatternError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from error
        self.literals = literals_of(text)
        self._match: Callable[[str], object] = compiled.fullmatch
        self._memo: dict[str, bool] = {}

    def matches(self, value: str) -> bool:
        """Whether the whole of `value` matches; answered from a memo when this value was asked before."""
        if self.literals is not None:
            return value in self.literals
        known = self._memo.get(value)
        if known is not None:
            return known
        if len(self._memo) >= _MEMO_SIZE:
            self._memo.clear()
        found = self._match(value) is not None
        self._memo[value] = found
        return found
