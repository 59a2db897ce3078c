"""`alertd serve`: run the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alertd.cli.options import Config, DatabaseUrl

_DEFAULT_CONFIG = Path("alertd.yml")


def serve(
    config: Config = _DEFAULT_CONFIG,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen, before the configuration's address.")
    ] = None,
    database: DatabaseUrl = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration anew."""
    from alertd.api.server import serve as serve_api
    from alertd.service.build import build_service
    from alertd.service.logs import Scrubber, configure

    if log_level not in {"debug", "info", "warning", "error"}:
        raise typer.BadParameter(f"there is no log level {log_level!r}; there are debug, info, warning, error")
    scrubber = Scrubber()
    configure(scrubber, log_level)
    serve_api(build_service(config, database_url=database, listen=listen, scrubber=scrubber), listen)
