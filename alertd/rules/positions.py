"""Finds where in a file a place of a YAML text is: expressions are written in one line, quoted, or over many lines."""

from __future__ import annotations

from dataclasses import replace

from alertd.errors import Problem


def position_in(text: str, value: str, offset: int, problem: Problem) -> Problem:
    """Move `problem`, which stands at the beginning of the scalar `value` of the file `text`, to `value[offset]`.

    It stays where it is when the scalar is written in a way that hides its places, as with escapes.
    """
    lines = text.split("\n")
    first = lines[problem.line - 1][problem.column - 1 :]
    seen = 0
    if not first.startswith(("|", ">")):
        quote = 1 if first[:1] in ("'", '"') else 0
        seen = _common(first[quote:], value)
        if offset <= seen:
            return replace(problem, column=problem.column + quote + offset)
    # The other lines of the scalar, each of which is in the value as it stands, without its indentation.
    for number, line in enumerate(lines[problem.line :], start=problem.line + 1):
        part = line.strip()
        # The last line of a quoted scalar ends with the quote.
        part = part if part in value else part[:-1]
        found = value.find(part, seen)
        if found < 0:
            break
        seen = found + len(part)
        if part and found <= offset <= seen:
            return replace(problem, line=number, column=line.index(part) + 1 + offset - found)
    return problem


def _common(one: str, other: str) -> int:
    """How many characters at the beginning both have."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
