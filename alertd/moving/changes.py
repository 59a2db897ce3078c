"""What an import does to the files: each change with its place, its reason and the edits that make it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum

from alertd.errors import Problem
from alertd.moving.edits import Edit, line_start


class Action(StrEnum):
    """What became of a place: written in another way, left out, or left for a person to look at."""

    CHANGED = "changed"
    LEFT_OUT = "left out"
    LOOK = "look at"


class Need(Enum):
    """What a change is for: alertd could not read the file as it was meant, a file lies elsewhere, or it is cleaner."""

    READING = "reading"
    MOVING = "moving"
    CLEANING = "cleaning"


@dataclass(frozen=True)
class Change:
    """One thing that an import did, or that a person should look at; the edits are of the file it is about."""

    action: Action
    place: Problem
    edits: tuple[Edit, ...] = field(default=(), repr=False)
    need: Need = Need.READING


def place_of(text: str, file: str, position: int, field: str, message: str) -> Problem:
    """The place of a character of the text, with a sentence about it."""
    line = text.count("\n", 0, position) + 1
    return Problem(file, line, position - line_start(text, position) + 1, field, message)
