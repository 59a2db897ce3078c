"""What can go wrong in a template: its text, its run, or its appetite."""

from __future__ import annotations


class TemplateError(Exception):
    """The base of every error of this package."""


class TemplateSyntaxError(TemplateError):
    """The text is not a template. `line` counts from 1, `column` from 1 in characters of that line.

    The message is worded as Go words it: `template: NAME:LINE: what is wrong`.
    """

    def __init__(self, name: str, line: int, column: int, problem: str) -> None:
        self.name = name
        self.line = line
        self.column = column
        self.problem = problem
        super().__init__(f"template: {name}:{line}: {problem}")


class TemplateExecutionError(TemplateError):
    """A template failed while it ran; whatever it had written is lost.

    The message is worded as Go words it: `template: NAME:LINE:COL: executing "NAME" at <node>: what is wrong`, where
    COL counts from 0 in bytes.
    """


class TemplateLimit(TemplateExecutionError):
    """A template took more steps, wrote more text or nested deeper than its limits allow."""


class FunctionError(ValueError):
    """A function of a template refuses its arguments; the message is what stands behind `error calling NAME: `."""
