"""The lint of `alertd check`: which findings count, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alertd.rules.lint.check import Severity
    from alertd.rules.lint.subject import Finding, LintFile
    from alertd.service.runtime import Runtime


class Lint(StrEnum):
    """How much is linted: nothing, what is most likely not meant, or also what could be better."""

    OFF = "off"
    DEFAULT = "default"
    ALL = "all"


class FailOn(StrEnum):
    """From which severity on a finding makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Linter:
    """Collects the good rule files of one call, each once, and lints them together."""

    def __init__(self, lint: Lint, fail_on: FailOn) -> None:
        self._lint = lint
        self._fail_on = fail_on
        self._files: dict[Path, LintFile] = {}
        self._repeats: list[int] = []

    def add(self, file: LintFile) -> None:
        self._files.setdefault(Path(file.rules.path).resolve(), file)

    def add_runtime(self, runtime: Runtime) -> None:
        """The rule files of a configuration, as they were read, and what its routes say."""
        from alertd.rules.lint.subject import LintFile
        from alertd.yamlfile import load

        self._repeats += [node.route.repeat_interval for node in runtime.tree.walk()]
        for rules in runtime.rule_files:
            text = Path(rules.path).read_text(encoding="utf-8")
            self.add(LintFile(text, load(text, rules.path), rules))

    def findings(self) -> list[tuple[Finding, Severity]]:
        """What is found, without what is not asked for."""
        if self._lint is Lint.OFF:
            return []
        from alertd.clock import SystemClock
        from alertd.rules.lint.catalogue import CHECKS
        from alertd.rules.lint.check import Severity
        from alertd.rules.lint.linting import lint

        least = Severity.INFO if self._lint is Lint.ALL else Severity.WARNING
        repeat = max(self._repeats, default=None)
        found = lint(list(self._files.values()), now=SystemClock().now(), longest_repeat=repeat)
        graded = [(finding, CHECKS[finding.check].severity) for finding in found]
        return [(finding, severity) for finding, severity in graded if severity >= least]

    def fails(self, findings: Iterable[tuple[Finding, Severity]]) -> bool:
        return any(severity.word in _FROM[self._fail_on] for _, severity in findings)


_FROM = {
    FailOn.ERROR: {"error"},
    FailOn.WARNING: {"error", "warning"},
    FailOn.INFO: {"error", "warning", "info"},
}


def explain(name: str) -> None:
    """Print what a check finds. Raises a usage error for a name that no check has."""
    import typer

    from alertd.cli.output import say
    from alertd.rules.checks import unknown
    from alertd.rules.lint.catalogue import CHECKS

    check = CHECKS.get(name)
    if check is None:
        raise typer.BadParameter(unknown("check", name, CHECKS), param_hint="--explain")
    say(check.explained())
