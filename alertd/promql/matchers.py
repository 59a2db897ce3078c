"""Label matchers of PromQL: `=`, `!=`, `=~`, `!~`.

Regular expressions are RE2, match the whole value, and `.` matches a newline, as in Prometheus.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from alertd.promql.quoting import quote

METRIC_NAME: Final = "__name__"
OPERATORS: Final = ("=", "!=", "=~", "!~")

_LEGACY_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SPECIAL = frozenset("\\.+*?()[]{}^$")
_LARGEST_MEMORY = 10_000


class Pattern:
    """A fully anchored RE2 expression that remembers what it has answered.

    The wrapper of RE2 costs microseconds per call, so plain words and alternations of them become a set.
    Raises ValueError with RE2's complaint when `text` is no valid expression.
    """

    __slots__ = ("_compiled", "_memory", "literals", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.literals: frozenset[str] | None = None
        self._compiled: Any = None
        self._memory: dict[str, bool] = {}
        if _SPECIAL.isdisjoint(text):
            self.literals = frozenset(text.split("|"))
        else:
            self._compiled = compile_regex(text)

    def matches(self, value: str) -> bool:
        if self.literals is not None:
            return value in self.literals
        answer = self._memory.get(value)
        if answer is None:
            if len(self._memory) >= _LARGEST_MEMORY:
                self._memory.clear()
            answer = self._memory[value] = self._compiled.fullmatch(value) is not None
        return answer


@lru_cache(maxsize=1024)
def compile_regex(text: str) -> Any:
    """Return the compiled RE2 expression, `.` matching newlines; ValueError says what is wrong with it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"error parsing regexp {quote(text)}: {words}") from None


@lru_cache(maxsize=4096)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


class Matcher:
    """One condition on one label; an absent label has the value ""."""

    __slots__ = ("_pattern", "name", "op", "value")

    def __init__(self, name: str, op: str, value: str) -> None:
        """Raises ValueError for an unknown operator or a bad regular expression."""
        if op not in OPERATORS:
            raise ValueError(f"unknown matching operator {quote(op)}, expected one of {', '.join(OPERATORS)}")
        self.name = name
        self.op = op
        self.value = value
        self._pattern = _pattern(value) if op in ("=~", "!~") else None

    def matches(self, value: str) -> bool:
        if self._pattern is None:
            return (value == self.value) == (self.op == "=")
        return self._pattern.matches(value) == (self.op == "=~")

    @property
    def literals(self) -> frozenset[str] | None:
        """The only values that can match, when they are known beforehand; None for negative and true patterns."""
        if self.op == "=":
            return frozenset((self.value,))
        if self.op == "=~" and self._pattern is not None:
            return self._pattern.literals
        return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matcher):
            return NotImplemented
        return (self.name, self.op, self.value) == (other.name, other.op, other.value)

    def __hash__(self) -> int:
        return hash((self.name, self.op, self.value))

    def __repr__(self) -> str:
        return f"Matcher({self.name!r}, {self.op!r}, {self.value!r})"

    def __str__(self) -> str:
        return f"{format_label_name(self.name)}{self.op}{quote(self.value)}"


def format_label_name(name: str) -> str:
    """Return a label name as PromQL writes it: bare when it is a plain word, quoted otherwise."""
    return name if _LEGACY_NAME.fullmatch(name) else quote(name)
