"""How the program ends: its exit codes, and the errors that choose one."""

from __future__ import annotations

from enum import IntEnum

from alertd.errors import AlertdError


class Exit(IntEnum):
    """The exit codes; scripts may rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    #: What promtool has for it, too.
    LINT_FATAL = 3
    REFUSED = 4
    UNREACHABLE = 5


EXPLAINED = """\b
Exit codes:
  0  done, nothing wrong
  1  something is wrong: with a file, a rule, a delivery, or the request
  2  the command was not understood
  3  there is no such thing; check --lint-fatal: the lint found something
  4  refused: a token is missing, wrong, or not enough
  5  the service cannot be reached
"""


class CommandFailed(AlertdError):
    """A command that cannot do what it was told; `code` is the program's exit code."""

    def __init__(self, code: Exit, text: str) -> None:
        super().__init__(text)
        self.code = code
