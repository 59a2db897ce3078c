"""`alertd check`: find every mistake in configurations and rule files, and lint rules, without a running service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertd.cli.linting import FailOn, Linter, checks_of, explain
from alertd.cli.options import STANDARD_INPUT, Json

if TYPE_CHECKING:
    from alertd.errors import Problem
    from alertd.service.runtime import Runtime

# Keys that no rule file has, beside `alerting`, which a configuration has too.
_ROUTING_KEYS = {"route", "receivers"}


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Configurations, with the rule files they name; rule files; - reads rules from standard input.",
            show_default=False,
        ),
    ] = None,
    lint: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="none (or off), default: what is most likely not meant, all: also what could be better, or names of"
            " checks with commas between them.",
        ),
    ] = "default",
    fail_on: Annotated[FailOn, typer.Option(help="End with 1 also for lint findings of this severity.")] = FailOn.ERROR,
    lint_fatal: Annotated[
        bool, typer.Option("--lint-fatal", help="End with 3 for lint findings, for warnings, too, as promtool does.")
    ] = False,
    ignore_unknown_fields: Annotated[
        bool, typer.Option("--ignore-unknown-fields", help="Pass over keys of rule files that no rule has.")
    ] = False,
    explained: Annotated[
        str | None, typer.Option("--explain", metavar="NAME", help="Print what a check finds, and nothing else.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check configurations and rule files; the exit code is 1 when one has a mistake.

    A file with `groups` holds rules, and one with `alerting` and no routes; any other is a configuration, which is
    checked with its rule files.
    What rules say of receivers, sources and other alerts is checked with the configuration. Good rule files are linted.
    """
    from alertd.cli.exits import Exit
    from alertd.cli.output import complain, say, show_json
    from alertd.errors import InvalidInput

    if explained is not None:
        explain(explained)
        return
    if not files:
        raise typer.BadParameter("name the files to check", param_hint="FILE")
    problems: list[Problem] = []
    linter = Linter(checks_of(lint), fail_on, fatal=lint_fatal)
    for path in files:
        try:
            good, warnings = _check(path, linter, ignore_unknown_fields)
        except InvalidInput as invalid:
            problems += invalid.problems
            continue
        for warning in warnings:
            complain(f"{warning} (a warning)")
        if not as_json:
            say(f"{name_of(path)}: {good}")
    findings = linter.findings()
    if as_json:
        found = [_as_json(finding.problem, severity.word, finding.check) for finding, severity in findings]
        show_json([*(_as_json(problem, "error", None) for problem in problems), *found])
    else:
        for problem in problems:
            complain(str(problem))
        for finding, severity in findings:
            complain(f"{finding.problem} ({severity.word}: {finding.check})")
    code = Exit.FAILED if problems else linter.code(findings)
    if code is not Exit.OK:
        raise typer.Exit(code)


def _check(path: Path, linter: Linter, ignore_unknown: bool) -> tuple[str, Iterable[Problem]]:
    """What a good file holds, in words, and its warnings; the linter gets its rules. Raises `InvalidInput`."""
    if path != STANDARD_INPUT and not _holds_rules(path):
        return check_config(path, linter, ignore_unknown=ignore_unknown)
    from alertd.rules.lint.linting import read

    file = read(read_text(path), name_of(path), ignore_unknown=ignore_unknown)
    linter.add(file)
    return f"{_count(len(file.rules.rules), 'rule')} in {_count(len(file.rules.groups), 'group')}", ()


def check_config(
    path: Path, linter: Linter | None = None, *, ignore_unknown: bool = False
) -> tuple[str, Iterable[Problem]]:
    """What a configuration and the rule files that it names hold, and its warnings; the linter gets their rules.

    Raises `InvalidInput`.
    """
    import asyncio

    from alertd.clock import SystemClock
    from alertd.service.runtime import load_runtime
    from alertd.store.database import Database

    # Nothing is asked of this database: it stands in for the configured one, which need not exist yet.
    database = Database("sqlite://")
    runtime = load_runtime(path, database, now=SystemClock().now, ignore_unknown=ignore_unknown)
    if linter is not None:
        linter.add_runtime(runtime)
    asyncio.run(runtime.close())
    database.close()
    return _contents(runtime), runtime.config.warnings


def _contents(runtime: Runtime) -> str:
    rules = sum(len(file.rules) for file in runtime.rule_files)
    counts = [
        _count(sum(1 for _ in runtime.tree.walk()), "route"),
        _count(len(runtime.config.receivers), "receiver"),
        f"{_count(rules, 'rule')} in {_count(len(runtime.rule_files), 'file')}",
    ]
    return ", ".join(counts)


def _holds_rules(path: Path) -> bool:
    from alertd.yamlfile import load

    data = load(read_text(path), str(path), only_first=True).data
    if not isinstance(data, dict):
        return data is None
    return "groups" in data or ("alerting" in data and not _ROUTING_KEYS & data.keys())


def name_of(path: Path) -> str:
    """How a file is named in what is said of it."""
    return "<stdin>" if path == STANDARD_INPUT else str(path)


def read_text(path: Path) -> str:
    """The text of a file, or what is piped in. Raises `InvalidInput`."""
    import sys

    from alertd.errors import InvalidInput, Problem

    name = name_of(path)
    try:
        return sys.stdin.read() if path == STANDARD_INPUT else path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput([Problem(name, 1, 1, "", f"the file cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidInput([Problem(name, line, 1, "", "the file is not UTF-8 here; save it as UTF-8")]) from error


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _as_json(problem: Problem, severity: str, check: str | None) -> dict[str, object]:
    """`check` is the lint check that found it, None for a mistake that keeps the file from being read."""
    fields = {name: getattr(problem, name) for name in ("file", "line", "column", "field", "message")}
    return {**fields, "severity": severity, "check": check}
