"""`alertd demo`: the whole way of one alert, on this machine, with nothing to set up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when everything was shown.")] = False,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the demonstration keeps its files.")] = Path(
        ".cache/quickstart"
    ),
) -> None:
    """Start alertd with the example rules, push metrics that raise an alert, and show how it is told."""
    import asyncio

    from alertd.cli.quickstart import demonstrate
    from alertd.service.logs import Scrubber, configure

    configure(Scrubber(), "warning")
    asyncio.run(demonstrate(folder, once=once))
