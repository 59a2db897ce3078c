"""Reads fields of a document: each reader returns a plain value, or notes a problem and returns nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from alertd.errors import Problem
from alertd.promql.durations import parse_duration
from alertd.rules.models import Place
from alertd.yamlfile import Document, Path, SourceBool, text_of

Fields = Mapping[str, object]
Choice = TypeVar("Choice", bound=StrEnum)

_KINDS = {list: "a list", dict: "a mapping", bool: "a truth value", str: "a text"}


class Reader:
    """Reads values of one document and collects the problems, so that one pass finds them all.

    With `ignore_unknown` keys that are not known are passed over in silence.
    """

    def __init__(self, document: Document, *, ignore_unknown: bool = False) -> None:
        self.document = document
        self.ignore_unknown = ignore_unknown
        self.problems: list[Problem] = []

    def complain(self, path: Path, message: str, *, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(path, message, at_key=at_key))

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands."""
        line, column = self.document.positions.get(path, (1, 1))
        return Place(line, column, ".".join(map(str, path)))

    def mapping(
        self,
        value: object,
        path: Path,
        what: str,
        known: Collection[str],
        explain: Callable[[str], str | None] = lambda _: None,
    ) -> Fields | None:
        """`value` as a mapping, its unknown keys complained of and left out; null is an empty one.

        `explain` gives keys that people write here the sentence that says where they belong.
        """
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain(path, f"{what} is a mapping of keys to values; this is {kind(value)}")
            return None
        fields: dict[str, object] = {}
        for key, field in value.items():
            if key in known:
                fields[key] = field
            elif not self.ignore_unknown:
                self.complain((*path, key), explain(key) or unknown_key(key, what, known), at_key=True)
        return fields

    def items(self, fields: Fields, key: str, path: Path) -> Iterator[tuple[object, Path]]:
        """The elements of the list at `key` with their paths; none for null or a missing key."""
        value = fields.get(key)
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield item, (*path, key, index)
        elif value is not None:
            self.complain((*path, key), f"`{key}` is a list; this is {kind(value)}; put a `-` before each element")

    def text(self, fields: Fields, key: str, path: Path) -> str:
        """A text as it was written; "" for null, a missing key and a mistake."""
        value = fields.get(key)
        if value is None:
            return ""
        if isinstance(value, str | int | float):
            return text_of(value)
        self.complain((*path, key), f"`{key}` is a text; this is {kind(value)}")
        return ""

    def texts(self, fields: Fields, key: str, path: Path) -> tuple[str, ...]:
        """A list of texts, none of them empty or there twice."""
        found: list[str] = []
        for value, place in self.items(fields, key, path):
            if not isinstance(value, str) or not value:
                self.complain(place, f"`{key}` is a list of names; this is {kind(value)}")
            elif value in found:
                self.complain(place, f"{value!r} is here twice; keep one")
            else:
                found.append(value)
        return tuple(found)

    def labels(self, fields: Fields, key: str, path: Path) -> dict[str, str]:
        """A mapping of names to texts."""
        value = fields.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain((*path, key), f"`{key}` is a mapping of names to texts; this is {kind(value)}")
            return {}
        return {name: self.text(value, name, (*path, key)) for name in value}

    def duration(self, fields: Fields, key: str, path: Path) -> int | None:
        """Milliseconds of a duration; None for null, a missing key and a mistake."""
        text = self.text(fields, key, path)
        if not text and fields.get(key) is None:
            return None
        try:
            return parse_duration(text)
        except ValueError as error:
            self.complain((*path, key), f"{error}; write a number with its unit, as 30s, 5m or 1h30m")
            return None

    def number(self, fields: Fields, key: str, path: Path) -> float | None:
        value = fields.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            self.complain((*path, key), f"`{key}` is a number; this is {kind(value)}")
            return None
        return float(value)

    def whole_number(self, fields: Fields, key: str, path: Path) -> int:
        """A whole number from 0; 0 for null, a missing key and a mistake."""
        value = fields.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.complain((*path, key), f"`{key}` is a whole number from 0; this is {kind(value)}")
            return 0
        return int(value)

    def truth(self, fields: Fields, key: str, path: Path, default: bool) -> bool:
        value = fields.get(key)
        if value is None:
            return default
        if isinstance(value, SourceBool):
            return value.truth
        if not isinstance(value, bool):
            self.complain((*path, key), f"`{key}` is true or false; this is {kind(value)}")
            return default
        return value

    def choice(self, fields: Fields, key: str, path: Path, choices: type[Choice]) -> Choice | None:
        """One of the words of `choices`; None for null, a missing key and a mistake."""
        text = self.text(fields, key, path)
        if not text:
            return None
        try:
            return choices(text)
        except ValueError:
            self.complain((*path, key), f"`{key}` is one of {', '.join(choices)}; this is {text!r}")
            return None


def unknown_key(key: str, what: str, known: Collection[str]) -> str:
    """The sentence for a key that does not exist, with the one that was probably meant."""
    close = get_close_matches(key, sorted(known), 1)
    if close:
        return f"{what} has no key {key!r}; did you mean {close[0]!r}?"
    return f"{what} has no key {key!r}; it has {', '.join(sorted(known))}"


def kind(value: object) -> str:
    """What a value is, in words, for complaints."""
    if value is None:
        return "nothing"
    for type_, words in _KINDS.items():
        if isinstance(value, type_):
            return f"{words}, {value!r}" if isinstance(value, str) else words
    return f"the number {value}"
