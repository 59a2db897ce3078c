"""`alertd promql`: PromQL without a service: test scripts are run, expressions are laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Run PromQL test scripts, and lay out expressions.", no_args_is_help=True)


@app.command()
def test(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scripts in the language of promqltest.")],
) -> None:
    """Run test scripts of Prometheus' promqltest; the exit code is 1 when a case fails.

    A case that fails is shown with its file and line, the query, and what was expected and found. A file that cannot
    be read counts as one case that failed.
    """
    from alertd.cli.checking import read_text
    from alertd.cli.exits import Exit
    from alertd.cli.output import complain, say
    from alertd.errors import InvalidInput
    from alertd.promql.testscript import run_script

    passed = failed = 0
    for path in files:
        try:
            text = read_text(path)
        except InvalidInput as invalid:
            complain(str(invalid))
            failed += 1
            continue
        report = run_script(text)
        for case in report.failures:
            say(f"{path}:{case.line}: {case.text}\n    {case.reason}")
        failed += len(report.failures)
        passed += len(report.cases) - len(report.failures)
    say(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(Exit.FAILED)


@app.command("format")
def format_(query: Annotated[str, typer.Argument(metavar="QUERY", help="An expression.")]) -> None:
    """Print an expression in canonical form, over several lines where it is long, as `promtool promql format`."""
    from alertd.cli.exits import CommandFailed, Exit
    from alertd.cli.output import say
    from alertd.promql import ALL_FEATURES, ParseError, parse, prettify

    try:
        say(prettify(parse(query, features=ALL_FEATURES)))
    except ParseError as error:
        raise CommandFailed(Exit.FAILED, f"{error}\n{error.caret()}") from error
