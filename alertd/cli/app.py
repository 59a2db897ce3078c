"""The program `alertd`: its commands, and how it ends.

Commands import what they need when they run, so that `--help` and completion answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from alertd import __version__
from alertd.cli import (
    alertmanager,
    alerts,
    checking,
    databases,
    demo,
    dryrun,
    importing,
    listings,
    promql,
    routing,
    routingdiff,
    ruleformat,
    serving,
    silences,
    testing,
)
from alertd.cli.exits import EXPLAINED, CommandFailed, Exit
from alertd.cli.output import complain
from alertd.errors import AlertdError, InvalidInput

app = typer.Typer(
    name="alertd",
    help="Alert rules, routing, response and history.",
    epilog=EXPLAINED,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alertd {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Alert rules, routing, response and history."""


app.command()(serving.serve)
app.command(context_settings=alertmanager.SETTINGS, add_help_option=False)(alertmanager.alertmanager)
app.command()(checking.check)
app.command("dry-run")(dryrun.dry_run)
app.command("test")(testing.run_tests)
app.add_typer(importing.app, name="import")
app.command("diff-routing")(routingdiff.diff_routing)
app.add_typer(routing.app, name="route")
app.add_typer(promql.app, name="promql")
app.add_typer(alerts.app, name="alert")
app.add_typer(silences.app, name="silence")
app.add_typer(listings.receivers, name="receiver")
listings.rules.command("fmt")(ruleformat.fmt)
app.add_typer(listings.rules, name="rule")
app.add_typer(listings.notifications, name="notification")
app.command()(listings.history)
app.add_typer(databases.migrations, name="db")
app.add_typer(databases.tokens, name="token")
app.command(hidden=True)(demo.demo)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, `sys.argv` by default, and return the exit code."""
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="alertd")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    except CommandFailed as error:
        complain(f"alertd: {error}")
        return error.code
    except InvalidInput as error:
        complain(str(error))
        return Exit.FAILED
    except AlertdError as error:
        complain(f"alertd: {error}")
        return Exit.FAILED
    return Exit.OK
