"""Edits of a text: which characters are replaced by what, and the cuts that whole entries need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alertd.moving.parts import Part, Parts


@dataclass(frozen=True)
class Edit:
    """The characters from `start` to before `end` become `text`."""

    start: int
    end: int
    text: str = ""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; one inside of another is not made, and of two for one place the first is."""
    pieces: list[str] = []
    reached = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end > edit.start, -edit.end)):
        if edit.start >= reached:
            pieces += [text[reached : edit.start], edit.text]
            reached = edit.end
    return "".join((*pieces, text[reached:]))


def line_start(text: str, position: int) -> int:
    """Where the line of a position begins."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """Where the line of a position is over, its line break included."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def column(text: str, position: int) -> int:
    """How many characters stand before a position in its line."""
    return position - line_start(text, position)


def is_alone(text: str, part: Part, *, dash: bool = False) -> bool:
    """Whether an entry has its lines for itself, but for a comment behind it; before a list's entry stands a dash."""
    before = text[line_start(text, part.first) : part.first].strip(" \t")
    after = text[part.end : line_end(text, part.end)].strip()
    return before == ("-" if dash else "") and (not after or after.startswith("#"))


def with_comments_above(text: str, start: int) -> int:
    """Where the comment lines begin that stand right above a line and are indented as it is; `start` begins a line."""
    indent = re.match(r"[ \t]*", text[start:])
    wanted = f"{indent[0] if indent else ''}#"
    while start:
        above = line_start(text, start - 1)
        if not text[above:start].startswith(wanted):
            break
        start = above
    return start


def cut(parts: Parts, part: Part) -> Edit:
    """Take an entry out of its list or mapping, with its comments where it has lines of its own."""
    text = parts.text
    parent = parts.by_path[part.path[:-1]]
    if len(parent.children) == 1:
        return Edit(parent.start, parent.end, _EMPTY[part.key_start is not None])
    in_list = part.key_start is None
    if not parent.flow and is_alone(text, part, dash=in_list):
        start = with_comments_above(text, line_start(text, part.first))
        return Edit(start, line_end(text, part.end))
    return _cut_between(parent, part)


_EMPTY = {True: "{}", False: "[]"}


def _cut_between(parent: Part, part: Part) -> Edit:
    """Take out up to where the next entry begins, or from where the one before it ends."""
    index = next(index for index, child in enumerate(parent.children) if child is part)
    if index + 1 < len(parent.children):
        return Edit(part.first, parent.children[index + 1].first)
    return Edit(parent.children[index - 1].end, part.end)


def indented(text: str, by: int) -> str:
    """The lines moved to the right by a number of columns, or to the left where it is negative."""
    lines = text.splitlines(keepends=True)
    if by >= 0:
        return "".join(" " * by + line if line.strip() else line for line in lines)
    return "".join(line[min(-by, len(line) - len(line.lstrip(" "))) :] for line in lines)


def body(text: str, part: Part) -> tuple[int, int]:
    """The lines of an entry with a key, comments right above it and behind it included."""
    start = with_comments_above(text, line_start(text, part.first))
    end = line_end(text, part.end)
    return start, end
