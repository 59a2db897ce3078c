"""What PromQL refuses: a text it cannot parse, and an expression it cannot evaluate."""

from __future__ import annotations


class ParseError(ValueError):
    """A text is not PromQL.

    `start` and `end` are character offsets into `text`, `line` and `column` count from 1, `message` is the complaint
    without its place. `found` and `expected` name the faulty token and what could have stood there, where the
    grammar knows it ("" otherwise). `str()` is Prometheus' form: `LINE:COLUMN: parse error: MESSAGE`.
    """

    def __init__(self, message: str, text: str, start: int, end: int, *, found: str = "", expected: str = "") -> None:
        self.message = message
        self.text = text
        self.start = start
        self.end = max(start, end)
        self.found = found
        self.expected = expected
        self.line, self.column = line_and_column(text, start)
        super().__init__(f"{self.line}:{self.column}: parse error: {message}")

    def caret(self) -> str:
        """Return the faulty source line with a second line of carets under the faulty place."""
        source = self.text.split("\n")[self.line - 1]
        # Tabs are kept in the margin, so that the carets stand under their text in any terminal.
        margin = "".join("\t" if character == "\t" else " " for character in source[: self.column - 1])
        width = min(self.end - self.start, len(source) - self.column + 1)
        return f"{source}\n{margin}{'^' * max(1, width)}"


class EvaluationError(Exception):
    """An expression is sound, but its evaluation over the given data is not possible."""


class TooManySamples(EvaluationError):
    """An evaluation would hold more samples in memory than it may."""

    def __init__(self) -> None:
        super().__init__("query processing would load too many samples into memory in query execution")


class EvaluationTimeout(EvaluationError):
    """An evaluation took longer than it may."""

    def __init__(self) -> None:
        super().__init__("query timed out in expression evaluation")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column, both from 1, of a character offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
