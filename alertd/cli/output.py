"""What commands print: aligned text for people, JSON for programs, complaints on standard error.

Texts that others wrote may hold control characters, which a terminal would obey; they are printed escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

_GAP = "  "
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def say(text: str) -> None:
    """One line, or several, on standard output."""
    typer.echo("\n".join(map(clean, text.split("\n"))))


def complain(text: str) -> None:
    """One line, or several, on standard error."""
    typer.echo("\n".join(map(clean, text.split("\n"))), err=True)


def show_json(value: Any) -> None:
    """The value as indented JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(header: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Rows in columns as wide as their widest cell; `empty` is said when there are no rows."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    if not lines:
        say(empty)
        return
    lines.insert(0, list(header))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo(_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_fields(fields: Iterable[tuple[str, object]], indent: str = "") -> None:
    """`name: value` on a line each, the values below each other; fields that are empty are left out."""
    told = [(name, _cell(value)) for name, value in fields if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in told), default=0) + 1
    for name, value in told:
        typer.echo(f"{indent}{(name + ':').ljust(width)} {value}")


def label_text(labels: Mapping[str, str], *, without: Iterable[str] = ()) -> str:
    """`a="x", b="y"`, sorted by name."""
    left_out = set(without)
    return ", ".join(
        f"{name}={json.dumps(labels[name], ensure_ascii=False)}" for name in sorted(labels.keys() - left_out)
    )


def moment(text: str | None) -> str:
    """An instant of the API in whole seconds, as `2026-01-31 12:00:00Z`."""
    return f"{text[:10]} {text[11:19]}Z" if text else ""


def span(milliseconds: int) -> str:
    """A duration to its two largest units, as `2d3h` or `45s`."""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    parts = []
    for unit, size in _UNITS:
        number, milliseconds = divmod(milliseconds, size)
        if number:
            parts.append(f"{number}{unit}")
        elif parts:
            break
    return "".join(parts[:2])


def clean(text: str) -> str:
    """The text in one line and without characters that a terminal would act on."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return clean(label_text(value))
    if isinstance(value, (list, tuple)):
        return clean(", ".join(map(str, value)))
    return clean("" if value is None else str(value))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
