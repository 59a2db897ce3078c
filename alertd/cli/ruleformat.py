"""`alertd rule fmt`: one layout for rule files."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from alertd.cli.options import STANDARD_INPUT


def fmt(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Rule files; - formats standard input to standard output.")
    ],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; end with 1 if a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; print what would change.")] = False,
) -> None:
    """Format rule files in place: expressions, the order of keys, indentation. Comments stay.

    The rules mean the same as before. A file with a mistake stays as it is, and the exit code is 1.
    """
    from alertd.cli.checking import name_of, read_text
    from alertd.cli.exits import Exit
    from alertd.cli.output import complain, say
    from alertd.errors import InvalidInput
    from alertd.rules.formatting.formatting import format_rules

    failed = changed = False
    for path in files:
        try:
            text = read_text(path)
            formatted = format_rules(text, name_of(path))
        except InvalidInput as invalid:
            complain(str(invalid))
            failed = True
            continue
        if path == STANDARD_INPUT and not check and not diff:
            typer.echo(formatted, nl=False)
            continue
        if formatted == text:
            continue
        changed = True
        if diff:
            say("\n".join(_difference(text, formatted, str(path))))
        elif check:
            say(f"{path}: would be formatted")
        else:
            path.write_text(formatted, encoding="utf-8", newline="\n")
            say(f"{path}: formatted")
    if failed or (check and changed):
        raise typer.Exit(Exit.FAILED)


def _difference(text: str, formatted: str, name: str) -> list[str]:
    return list(unified_diff(text.splitlines(), formatted.splitlines(), name, f"{name} (formatted)", lineterm=""))
