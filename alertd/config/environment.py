"""`${NAME}` in the texts of the file: the environment's variables, and how their values stay out of sight."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alertd.errors import Problem
from alertd.yamlfile import Document, Path

_REFERENCE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_SHORTEST_SECRET = 4


class Expansion:
    """Fills in the variables of a document.

    `data` is the filled in copy, `problems` are the variables that are not set. `$${NAME}` stays as `${NAME}`; a `$`
    before anything else means nothing.
    """

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self._document = document
        self._env = env
        self._used: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.data = self._fill(document.data, ())

    def hide(self, problem: Problem) -> Problem:
        """The problem with every variable's value replaced by its name: it may be a secret."""
        message = problem.message
        for name, value in self._used.items():
            if len(value) >= _SHORTEST_SECRET:
                message = message.replace(value, f"${{{name}}}")
        return Problem(problem.file, problem.line, problem.column, problem.field, message)

    def _fill(self, value: object, path: Path) -> object:
        if isinstance(value, dict):
            return {key: self._fill(member, (*path, key)) for key, member in value.items()}
        if isinstance(value, list):
            return [self._fill(member, (*path, index)) for index, member in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return _REFERENCE.sub(lambda found: self._variable(found, path), value)
        return value

    def _variable(self, found: re.Match[str], path: Path) -> str:
        escaped, name = found.groups()
        if escaped:
            return f"${{{name}}}"
        if name not in self._env:
            sentence = f"the environment has no variable {name}; set it, or write $${{{name}}} for the text itself"
            self.problems.append(self._document.problem(path, sentence))
            return found[0]
        self._used[name] = self._env[name]
        return self._env[name]
