"""`alertd test`: runs unit tests of rules, the files of `promtool test rules` unchanged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.cli.options import Json

if TYPE_CHECKING:
    from alertd.simulate.unittests.outcome import Covered, FileOutcome, TestOutcome
    from alertd.simulate.unittests.running import Choice

_RULE_SUFFIXES = (".yml", ".yaml", ".rules")
_DELAYED_NAME_REMOVAL = "promql-delayed-name-removal"
# Features of promtool that every release of Prometheus 3 has.
_OLDER = ("promql-at-modifier", "promql-negative-offset")


def run_tests(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of unit tests, as promtool takes them.")],
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            metavar="REGEX",
            help="Run only tests whose name matches; may be repeated, any of them counts.",
            show_default=False,
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the outcome there as JUnit XML, too.")
    ] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Say which rules no test touches.")] = False,
    coverage_min: Annotated[
        float | None,
        typer.Option(
            "--coverage-min",
            "--coverage-threshold",
            metavar="PERCENT",
            min=0,
            max=100,
            help="Fail when fewer of the rules are tested; implies --coverage.",
            show_default=False,
        ),
    ] = None,
    all_rules: Annotated[
        bool, typer.Option("--all-rules", help="Evaluate every rule, even where no question depends on it.")
    ] = False,
    ignore_unknown_fields: Annotated[
        bool, typer.Option("--ignore-unknown-fields", help="Pass over keys of rule files that no rule has.")
    ] = False,
    enable_feature: Annotated[
        list[str] | None,
        typer.Option(
            "--enable-feature",
            metavar="NAMES",
            help=f"Features of promtool, with commas between them; all but {_DELAYED_NAME_REMOVAL} are always on.",
            show_default=False,
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show all series of each test with their samples, too.")
    ] = False,
    _diff: Annotated[bool, typer.Option("--diff", help="Without effect: the difference is always shown.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again whenever one of the files changes, until interrupted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run unit tests of rules; the exit code is 1 when one fails.

    The files are those of `promtool test rules`, with some keys more.
    """
    from alertd.cli.exits import Exit
    from alertd.clock import SystemClock

    features = _features(enable_feature or ())
    wants_coverage = coverage or coverage_min is not None
    choice = _choice(
        run or (),
        all_rules=all_rules,
        ignore_unknown=ignore_unknown_fields,
        delayed_name_removal=_DELAYED_NAME_REMOVAL in features,
        debug=debug,
        coverage=wants_coverage,
    )
    while True:
        started = SystemClock().now()
        outcomes = _run(files, choice, quiet=as_json)
        passed = _report(outcomes, junit, coverage_min, coverage=wants_coverage, as_json=as_json)
        if not watch or not _changed(outcomes, started):
            break
    if not passed:
        raise typer.Exit(Exit.FAILED)


def _features(lists: Iterable[str]) -> frozenset[str]:
    """The features that are named; one that promtool does not have is a warning, as there."""
    from alertd.cli.output import complain
    from alertd.promql.features import FLAGS

    named = frozenset(name for names in lists for name in names.split(",") if name)
    known = (*FLAGS, *_OLDER, _DELAYED_NAME_REMOVAL)
    for name in sorted(named.difference(known)):
        complain(f"  WARNING: unknown feature {name!r} for --enable-feature; it takes {', '.join(known)}")
    return named


def _choice(patterns: Sequence[str], **how: bool) -> Choice:
    from alertd.gotemplate.errors import FunctionError
    from alertd.simulate.unittests.running import Choice

    try:
        return Choice.of(patterns, **how)
    except FunctionError as error:
        raise typer.BadParameter(f"a pattern of --run is no regular expression: {error}") from error


def _run(files: Sequence[Path], choice: Choice, *, quiet: bool) -> list[FileOutcome]:
    """Run file after file; what came of each is shown at once."""
    from alertd.simulate.unittests.running import run_file

    outcomes = []
    for path in files:
        outcome = run_file(path, choice)
        if not quiet:
            _show(outcome)
        _show_stored(outcome)
        outcomes.append(outcome)
    return outcomes


def _show(outcome: FileOutcome) -> None:
    from alertd.cli.output import complain, say
    from alertd.simulate.unittests.texts import failure_lines

    say(f"Unit Testing:  {outcome.path}")
    for warning in outcome.warnings:
        complain(f"  WARNING: {warning}")
    if outcome.passed:
        nothing = not outcome.tests and outcome.skipped
        say(f"  no test matches --run ({len(outcome.skipped)} skipped)\n" if nothing else "  SUCCESS\n")
        return
    complain("  FAILED:")
    for problem in outcome.problems:
        complain(f"    {problem}")
    for test in outcome.tests:
        for failure in test.failures:
            complain("\n".join(failure_lines(test, failure)) + "\n")
    say("")


def _show_stored(outcome: FileOutcome) -> None:
    from alertd.cli.output import complain

    for test in outcome.tests:
        if test.stored:
            complain(f"DEBUG: {test.title} took {test.duration} ms; all that is stored after it:")
            complain("\n".join(f"    {line}" for line in test.stored) + "\n")


def _report(
    outcomes: Sequence[FileOutcome],
    junit: Path | None,
    coverage_min: float | None,
    *,
    coverage: bool,
    as_json: bool,
) -> bool:
    """Write what was asked for beside the outcomes themselves; whether everything is well."""
    from alertd.cli.output import complain, say, show_json
    from alertd.simulate.unittests.outcome import merged
    from alertd.simulate.unittests.texts import coverage_lines, percentage

    rules = merged(outcomes) if coverage else []
    enough = coverage_min is None or percentage(rules) >= coverage_min
    passed = enough and all(outcome.passed for outcome in outcomes)
    if junit is not None:
        _write_junit(junit, outcomes)
    if as_json:
        found: dict[str, Any] = {"passed": passed, "files": [_file_as_json(outcome) for outcome in outcomes]}
        if coverage:
            found["coverage"] = {"passed": enough, "minimum": coverage_min, **_coverage_as_json(rules)}
        show_json(found)
    elif coverage:
        say("\n".join(coverage_lines(rules)))
    if not enough:
        complain(f"  FAILED: the coverage is {percentage(rules):.1f} %, at least {coverage_min:g} % is asked for")
    return passed


def _write_junit(path: Path, outcomes: Sequence[FileOutcome]) -> None:
    from alertd.cli.exits import CommandFailed, Exit
    from alertd.clock import SystemClock, to_rfc3339
    from alertd.simulate.unittests.junit import junit

    try:
        path.write_text(junit(outcomes, to_rfc3339(SystemClock().now())), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(Exit.FAILED, f"{path} cannot be written: {error.strerror}") from error


def _changed(outcomes: Sequence[FileOutcome], since: int) -> bool:
    """Wait until one of the files that were read has changed, or another file of rules has come; False when
    interrupted."""
    from alertd.cli.output import complain

    read = {Path(path).resolve() for outcome in outcomes for path in outcome.watched}
    patterns = {pattern for outcome in outcomes for pattern in outcome.patterns}
    try:
        complain("Waiting for a change; Ctrl-C ends it.")
        _wait_for_change(read, patterns, since)
    except KeyboardInterrupt:
        return False
    return True


def _wait_for_change(read: Collection[Path], patterns: Collection[str], since: int) -> None:
    from watchfiles import watch

    from alertd.simulate.unittests.running import matching

    folders = {path.parent for path in read if path.parent.is_dir()}
    # Now and then the files' own times are looked at: one may have changed while the tests ran.
    for changes in watch(*folders, recursive=False, rust_timeout=1_000, yield_on_timeout=True):
        paths = {Path(path).resolve() for _, path in changes}
        if any(path in read or path.suffix in _RULE_SUFFIXES for path in paths):
            return
        if any(path.exists() and path.stat().st_mtime_ns // 1_000_000 >= since for path in read):
            return
        # A pattern may match in folders of which nothing was read.
        if any(Path(path).resolve() not in read for pattern in patterns for path in matching(pattern)):
            return


def _file_as_json(outcome: FileOutcome) -> dict[str, Any]:
    return {
        "file": outcome.path,
        "passed": outcome.passed,
        "problems": list(outcome.problems),
        "warnings": list(outcome.warnings),
        "skipped": len(outcome.skipped),
        "tests": [_test_as_json(test) for test in outcome.tests],
    }


def _coverage_as_json(rules: Sequence[Covered]) -> dict[str, Any]:
    from alertd.simulate.unittests.texts import percentage

    return {
        "percent": round(percentage(rules), 1),
        "rules": [
            {
                "file": covered.file,
                "line": covered.rule.line,
                "group": covered.group,
                "name": covered.rule.name,
                "tested": covered.tested,
                "fired": covered.fired,
            }
            for covered in rules
        ],
    }


def _test_as_json(test: TestOutcome) -> dict[str, Any]:
    from alertd.promql.durations import format_duration

    return {
        "name": test.name,
        "line": test.line,
        "passed": test.passed,
        "duration_ms": test.duration,
        "failures": [
            {
                "kind": failure.kind.value,
                "file": failure.file,
                "line": failure.line,
                "time": format_duration(failure.at),
                "title": failure.title,
                "details": list(failure.details),
            }
            for failure in test.failures
        ],
    }
