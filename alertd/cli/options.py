"""Options that many commands have, so that they read and behave the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:9093"
#: The file that stands for standard input.
STANDARD_INPUT = Path("-")

Url = Annotated[
    str, typer.Option("--url", envvar="ALERTD_URL", metavar="URL", help="Where the service is.", show_default=True)
]
Token = Annotated[
    str,
    typer.Option("--token", envvar="ALERTD_TOKEN", metavar="TOKEN", help="The token to show it.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many to list at most.")]

Config = Annotated[
    Path, typer.Option("--config", envvar="ALERTD_CONFIG", metavar="FILE", help="The configuration.", show_default=True)
]
MaybeConfig = Annotated[
    Path | None,
    typer.Option("--config", envvar="ALERTD_CONFIG", metavar="FILE", help="The configuration that names the database."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="ALERTD_DATABASE_URL",
        metavar="URL",
        help="The database, before the configuration's.",
        show_default=False,
    ),
]
