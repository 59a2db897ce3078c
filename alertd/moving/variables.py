"""`${NAME}` is text to other programs and a variable of the environment to alertd; this keeps it the text it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alertd.moving.changes import Action, Change, place_of
from alertd.moving.edits import Edit
from alertd.moving.parts import Form, Parts

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", re.ASCII)


def escaped(value: str) -> str:
    """The text that alertd reads as `value`."""
    return _VARIABLE.sub(lambda found: f"${found[0]}", value)


def escapes(parts: Parts, file: str, program: str) -> Iterator[Change]:
    """One change for each text with something in it that alertd would fill in, and `program` does not."""
    for path, part in parts.by_path.items():
        written = parts.text[part.start : part.end]
        if part.form is not Form.SCALAR or not _VARIABLE.search(part.value):
            continue
        names = ", ".join(dict.fromkeys(_VARIABLE.findall(part.value)))
        sentence = (
            f"{names} is text to {program} and a variable to alertd, so it is written with another $ before it;"
            f" take that away if a program fills it in before {program} reads the file"
        )
        edit = Edit(part.start, part.end, escaped(written))
        yield Change(
            Action.CHANGED, place_of(parts.text, file, part.start, ".".join(map(str, path)), sentence), (edit,)
        )
