"""The lint of `alertd check`: which findings count, and how they are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from alertd.cli.exits import Exit

if TYPE_CHECKING:
    from alertd.rules.lint.check import Severity
    from alertd.rules.lint.subject import Finding, LintFile
    from alertd.service.runtime import Runtime


class FailOn(StrEnum):
    """From which severity on a finding makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Linter:
    """Collects the good rule files of one call, each once, and lints them together.

    `checks` are the names of what is asked for. A finding from `fail_on` on makes the command fail; `fatal` gives that
    a code of its own, and lets warnings fail, too.
    """

    def __init__(self, checks: Collection[str], fail_on: FailOn, *, fatal: bool) -> None:
        self._checks = checks
        self._fail_on = FailOn.WARNING if fatal and fail_on is FailOn.ERROR else fail_on
        self._fatal = fatal
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
        if not self._checks:
            return []
        from alertd.clock import SystemClock
        from alertd.rules.lint.catalogue import CHECKS
        from alertd.rules.lint.linting import lint

        repeat = max(self._repeats, default=None)
        found = lint(list(self._files.values()), now=SystemClock().now(), longest_repeat=repeat)
        return [(finding, CHECKS[finding.check].severity) for finding in found if finding.check in self._checks]

    def code(self, findings: Iterable[tuple[Finding, Severity]]) -> Exit:
        """The exit code that the findings ask for."""
        if not any(severity.word in _FROM[self._fail_on] for _, severity in findings):
            return Exit.OK
        return Exit.LINT_FATAL if self._fatal else Exit.FAILED


_FROM = {
    FailOn.ERROR: {"error"},
    FailOn.WARNING: {"error", "warning"},
    FailOn.INFO: {"error", "warning", "info"},
}


def checks_of(asked: str) -> frozenset[str]:
    """The names of the checks that `--lint` asks for. Raises a usage error for a word that it does not have."""
    from difflib import get_close_matches

    import typer

    from alertd.rules.lint.catalogue import CHECKS
    from alertd.rules.lint.check import Severity

    found: set[str] = set()
    for word in asked.split(","):
        match word.strip():
            case "off" | "none":
                pass
            case "too-long-scrape-interval":
                # promtool's check of what is scraped; alertd scrapes nothing.
                pass
            case "default":
                found.update(name for name, check in CHECKS.items() if check.severity > Severity.INFO)
            case "all":
                found.update(CHECKS)
            case name if name in CHECKS:
                found.add(name)
            case name:
                close = get_close_matches(name, ("none", "default", "all", *CHECKS), 1)
                hint = f"did you mean {close[0]!r}?" if close else "there are none, default, all, and each check's name"
                raise typer.BadParameter(f"there is no check {name!r}; {hint}", param_hint="--lint")
    return frozenset(found)


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
