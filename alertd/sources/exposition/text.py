"""Prometheus' text format, version 0.0.4 (and 1.0.0, which adds names between quotation marks)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from alertd.sources.exposition.families import Exposed, ExpositionError, Family, Room
from alertd.sources.exposition.lines import SAMPLE, canonical_bounds, read_number, read_series, shown, unescape

TYPES = ("counter", "gauge", "histogram", "summary", "untyped")

_COMMENT = re.compile(
    r'[ \t]*#[ \t]+(?P<keyword>HELP|TYPE)[ \t]+(?P<name>"(?:[^"\\]|\\.)*"|[^\s"]+)(?:[ \t]+(?P<rest>.*))?'
)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_INSTANT = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_HELP_ESCAPE = re.compile(r"\\([\\n])")
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def text_lines(body: bytes) -> Iterator[tuple[int, str]]:
    """The lines of an exposition with their numbers, from 1. Raises `ExpositionError` where it is no UTF-8."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"expected UTF-8, found the byte 0x{body[error.start]:02x}"
        raise ExpositionError(message, before.count(b"\n") + 1, column) from None
    number = position = 0
    while (end := text.find("\n", position)) >= 0:
        number += 1
        yield number, text[position:end]
        position = end + 1
    if position < len(text):
        # A line that was cut short can look whole: `x 12` of `x 1234`.
        raise ExpositionError("expected a line feed at the end, found the end of the text", number + 1)


def fail_at(line: int, place: int, message: str) -> ExpositionError:
    """The error for a place of a line, counted from 0."""
    return ExpositionError(message, line, place + 1)


def read_text(body: bytes, most: int = 10_000) -> list[Family]:
    """The families of an exposition of at most so many samples, in the order of their first mention.

    Raises `ExpositionError`.

    A sample belongs to the family of its name, and those of a histogram or summary by their suffixes too.
    """
    reader = _Reader(Room(most))
    for number, line in text_lines(body):
        stripped = line.lstrip(" \t")
        if stripped.startswith("#"):
            reader.comment(number, line)
        elif stripped:
            reader.sample(number, line, len(line) - len(stripped))
    return list(reader.families.values())


class _Reader:
    def __init__(self, room: Room) -> None:
        self._room = room
        self.families: dict[str, Family] = {}
        self._typed: set[str] = set()
        self._helped: set[str] = set()
        # Which family a sample's name belongs to.
        self._homes: dict[str, Family] = {}

    def comment(self, number: int, line: str) -> None:
        found = _COMMENT.fullmatch(line)
        if found is None:
            return
        name, rest = found["name"], found["rest"] or ""
        if name.startswith('"'):
            name = unescape(name, partial(fail_at, number), found.start("name"))
        elif _NAME.fullmatch(name) is None:
            raise fail_at(number, found.start("name"), f"expected a metric's name, found {shown(name)}")
        family = self._family(name, number)
        done = self._typed if found["keyword"] == "TYPE" else self._helped
        if name in done:
            raise fail_at(number, 0, f"second {found['keyword']} line for the metric {shown(name)}")
        done.add(name)
        if found["keyword"] == "HELP":
            family.help = _HELP_ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else "\\", rest)
            return
        if family.samples:
            raise fail_at(number, 0, f"the TYPE line of the metric {shown(name)} must come before its samples")
        family.type = rest.strip(" \t").lower()
        if family.type not in TYPES:
            raise fail_at(number, found.start("rest"), f"expected one of {', '.join(TYPES)}, found {shown(rest)}")
        self._homes.clear()

    def sample(self, number: int, line: str, start: int) -> None:
        found = SAMPLE.match(line, start)
        if found is None:
            raise fail_at(number, start, "expected a sample")
        fail = partial(fail_at, number)
        labels = read_series(found["name"], found["labels"], fail, found.start("labels"))
        place = found.start("rest")
        if found["rest"].startswith("{"):
            raise fail(place, f'expected labels as {{name="value"}}, found {shown(found["rest"])}')
        value, _, instant = found["rest"].replace("\t", " ").partition(" ")
        instant = instant.strip(" ")
        try:
            exposed = Exposed(labels, read_number(value))
            canonical_bounds(labels)
        except ValueError as error:
            raise fail(place, str(error)) from None
        if instant:
            if _INSTANT.fullmatch(instant) is None:
                place = len(line.rstrip(" \t")) - len(instant)
                raise fail(
                    place, f"expected the end of the line or a time in whole milliseconds, found {shown(instant)}"
                )
            exposed.at = int(instant)
        name = labels["__name__"]
        home = self._homes.get(name)
        if home is None:
            home = self._homes[name] = self._home(name, number)
        if home.type == "histogram" and name == f"{home.name}_bucket" and "le" not in labels:
            raise fail(start, "expected the label le at a bucket of a histogram")
        self._room.sample(number)
        home.samples.append(exposed)

    def _home(self, name: str, number: int) -> Family:
        for kind, suffixes in _SUFFIXES.items():
            for suffix in suffixes:
                family = self.families.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
                if family is not None and family.type == kind:
                    return family
        return self._family(name, number)

    def _family(self, name: str, number: int) -> Family:
        family = self.families.get(name)
        if family is None:
            self._room.family(number)
            family = self.families[name] = Family(name)
        return family
