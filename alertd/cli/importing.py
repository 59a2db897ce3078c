"""`alertd import`: make an `alertd.yml` and a folder of rules out of what Alertmanager and Prometheus read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertd.cli.options import Json

if TYPE_CHECKING:
    from alertd.cli.importfiles import Imported
    from alertd.moving.changes import Change

app = typer.Typer(help="Take over the files of Alertmanager and Prometheus.", no_args_is_help=True)

_ALERTMANAGER = ("alertmanager.yml", "alertmanager.yaml")
_PROMETHEUS = ("prometheus.yml", "prometheus.yaml")
_OUTPUT = Path("alertd")

Where = Annotated[Path, typer.Argument(metavar="DIR|FILE", help="The file, or the folder with it.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder to write.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there and have other content.")]
PrometheusUrl = Annotated[
    str,
    typer.Option("--prometheus-url", metavar="URL", help="Where alertd finds the Prometheus.", show_default=False),
]


@app.command("alertmanager")
def from_alertmanager(
    where: Where,
    output: Output = _OUTPUT,
    force: Force = False,
    prometheus_url: PrometheusUrl = "",
    as_json: Json = False,
) -> None:
    """Make an alertd.yml of an alertmanager.yml, and of the prometheus.yml that lies in the same folder.

    Everything that was changed or left out is told, with its place and the reason. Nothing is written when something
    is wrong.
    """
    _import(_found(where, _ALERTMANAGER), _beside(where, _PROMETHEUS), output, force, prometheus_url, as_json)


@app.command("prometheus")
def from_prometheus(
    where: Where,
    output: Output = _OUTPUT,
    force: Force = False,
    prometheus_url: PrometheusUrl = "",
    as_json: Json = False,
) -> None:
    """Make an alertd.yml of a prometheus.yml, and of the alertmanager.yml that lies in the same folder.

    Recording rules stay with Prometheus. Everything that was changed or left out is told, with its place and the
    reason. Nothing is written when something is wrong.
    """
    _import(_beside(where, _ALERTMANAGER), _found(where, _PROMETHEUS), output, force, prometheus_url, as_json)


def _found(where: Path, names: tuple[str, ...]) -> Path:
    if not where.is_dir():
        return where
    found = _beside(where, names)
    if found is None:
        raise typer.BadParameter(
            f"the folder {where} has no {names[0]}; name the file itself if it is called otherwise"
        )
    return found


def _beside(where: Path, names: tuple[str, ...]) -> Path | None:
    """The first of the files that a folder has; a file alone has nothing beside it."""
    return next((where / name for name in names if (where / name).is_file()), None) if where.is_dir() else None


def _import(
    alertmanager: Path | None, prometheus: Path | None, output: Path, force: bool, url: str, as_json: bool
) -> None:
    from alertd.cli.importfiles import import_files
    from alertd.cli.output import complain, say, show_json

    imported = import_files(alertmanager, prometheus, output, force=force, url=url)
    if as_json:
        show_json(_as_json(imported))
        return
    say(f"{output / 'alertd.yml'}: {imported.holds}")
    for action, changes in imported.by_action():
        say(f"\n{action}:")
        for change in changes:
            say(f"  {change.place}")
    for warning in imported.warnings:
        complain(f"{warning} (a warning)")


def _as_json(imported: Imported) -> dict[str, object]:
    return {
        "files": [str(file) for file in imported.files],
        "changes": [_change_as_json(change) for change in imported.changes],
        "warnings": [str(warning) for warning in imported.warnings],
    }


def _change_as_json(change: Change) -> dict[str, object]:
    place = {name: getattr(change.place, name) for name in ("file", "line", "column", "field", "message")}
    return {"action": change.action.value, **place}
