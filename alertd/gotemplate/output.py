"""Where an execution writes: plain text, counted against the limit."""

from __future__ import annotations

from typing import Protocol

from alertd.gotemplate.errors import TemplateLimit
from alertd.gotemplate.gofmt import plain


class Output(Protocol):
    """Takes the literal text and the values of one execution, in order."""

    def text(self, text: str) -> None:
        """Literal text of the template."""

    def value(self, value: object) -> None:
        """The value of an action."""

    def result(self) -> str:
        """All that was written."""


def printed(value: object) -> str:
    """A value as an action prints it: nil is `<no value>`."""
    return "<no value>" if value is None else plain(value)


class TextOutput:
    """Writes values as they print. Raises TemplateLimit beyond `limit` characters."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._left = limit
        self._limit = limit
        self._parts: list[str] = []

    def text(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise TemplateLimit(f"template: {self._name}: output is longer than {self._limit} characters")
        self._parts.append(text)

    def value(self, value: object) -> None:
        self.text(printed(value))

    def result(self) -> str:
        return "".join(self._parts)
