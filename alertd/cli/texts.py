"""Reads what people type on the command line."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """`name=value` each; raises a usage error for anything else."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{text!r} is no {what}; write it as name=value")
        if name in found:
            raise typer.BadParameter(f"the {what} {name!r} is given twice")
        found[name] = value
    return found


def one_of(duration: str | None, until: str | None) -> dict[str, str | None]:
    """How long: exactly one of `--for` and `--until`; raises a usage error otherwise."""
    if (duration is None) is (until is None):
        raise typer.BadParameter("give either --for, as in --for 2h, or --until, as in --until 2026-01-31T18:00:00Z")
    return {"duration": duration} if duration is not None else {"until": until}
