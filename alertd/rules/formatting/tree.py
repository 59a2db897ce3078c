"""A YAML document as it was written: its values with their source, and the comments, each at what it is about."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.cyaml import CBaseLoader

from alertd.rules.formatting.comments import comments_of

_TAG = "tag:yaml.org,2002:"


@dataclass(eq=False)
class Scalar:
    """A text, number or the like; `source` is how it was written, with quotes, anchor and tag."""

    source: str
    value: str
    style: str | None
    prefix: str


@dataclass(eq=False)
class Alias:
    """`*name`."""

    source: str


@dataclass(eq=False)
class Element:
    """An entry of a mapping (`key` is its key as written) or of a sequence, and the comments about it.

    `above` are comment lines, "" for an empty line; `behind` are comments in the element's first line. `line` counts
    from 0.
    """

    line: int
    column: int
    start: int
    key: str | None
    value: Node
    home: Collection
    above: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Collection:
    """A mapping or a sequence; `below` are the comments behind its last element."""

    mapping: bool
    flow: bool
    prefix: str
    parent: Element | None
    end: int = 0
    elements: list[Element] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


Node: TypeAlias = Scalar | Alias | Collection


@dataclass
class Tree:
    """A document: its value, the comments above `---` (None without that line) and those at the end."""

    root: Node
    head: list[str] | None
    foot: list[str]


def read_tree(text: str) -> Tree:
    """The one document of a text, which must be good YAML and not empty."""
    return _Reader(text).read()


class _Reader:
    """Builds the tree from the parser's events, and then gives each comment its place in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._events = yaml.parse(text, Loader=CBaseLoader)
        self._elements: list[Element] = []
        self._starts = [0, *(place + 1 for place, character in enumerate(text) if character == "\n")]

    def read(self) -> Tree:
        next(self._events)
        opening = next(self._events)
        written = isinstance(opening, yaml.DocumentStartEvent) and opening.explicit
        explicit = _span(opening)[0] if written else None
        root = self._node(next(self._events), None)
        tree = Tree(root, None if explicit is None else [], [])
        for start, comment in comments_of(self._text):
            self._place(tree, explicit, start, comment)
        for element in self._elements:
            opener = element.home.parent
            if (
                not element.home.flow
                and (opener is None or opener.line < element.line)
                and self._after_blank(element.line)
            ):
                element.above.append("")
        return tree

    def _node(self, event: yaml.Event, parent: Element | None) -> Node:
        start, end = _span(event)
        if isinstance(event, yaml.AliasEvent):
            return Alias(self._text[start:end])
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(self._text[start:end], event.value, event.style, _prefix(event))
        assert isinstance(event, yaml.CollectionStartEvent)  # noqa: S101 - there is no other beginning of a value
        node = Collection(isinstance(event, yaml.MappingStartEvent), bool(event.flow_style), _prefix(event), parent)
        return self._mapping(node) if node.mapping else self._sequence(node)

    def _mapping(self, node: Collection) -> Collection:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                node.end = _span(event)[1]
                break
            start, end = _span(event)
            source = self._text[start:end]
            # A blank keeps the colon apart from the name of an alias.
            key = f"{source} " if isinstance(event, yaml.AliasEvent) else source
            self._element(node, start, key)
        return node

    def _sequence(self, node: Collection) -> Collection:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                node.end = _span(event)[1]
                break
            start = _span(event)[0]
            if not node.flow:
                start = self._text.rfind("-", 0, start)
            self._element(node, start, None, event)
        return node

    def _element(self, home: Collection, start: int, key: str | None, event: yaml.Event | None = None) -> None:
        line = self._line(start)
        element = Element(line, start - self._starts[line], start, key, Alias(""), home)
        home.elements.append(element)
        self._elements.append(element)
        element.value = self._node(event or next(self._events), element)

    def _place(self, tree: Tree, explicit: int | None, start: int, comment: str) -> None:
        line = self._line(start)
        column = start - self._starts[line]
        if explicit is not None and tree.head is not None and start < explicit:
            self._append(tree.head, line, comment)
        elif self._lines[line][:column].strip(" \t"):
            self._behind(tree, start).append(comment)
        else:
            self._append(self._own_line(tree, line, column), line, comment)

    def _line(self, start: int) -> int:
        return bisect_right(self._starts, start) - 1

    def _after_blank(self, line: int) -> bool:
        return line > 0 and not self._lines[line - 1].strip()

    def _append(self, comments: list[str], line: int, comment: str) -> None:
        if self._after_blank(line):
            comments.append("")
        comments.append(comment)

    def _behind(self, tree: Tree, start: int) -> list[str]:
        """Where a comment goes that has something before it in its line."""
        for element in reversed(self._elements):
            if element.start < start and not (element.home.flow and start >= element.home.end):
                return element.behind
        return tree.foot if tree.head is None else tree.head

    def _own_line(self, tree: Tree, line: int, column: int) -> list[str]:
        """Where a comment goes that has a line for itself: to what follows, or to what it is indented with."""
        place = bisect_right(self._elements, line, key=lambda element: element.line)
        following = self._elements[place] if place < len(self._elements) else None
        before = self._elements[place - 1] if place else None
        least = -1 if following is None else following.column
        while before is not None and (following is None or column > least):
            opener = before.home.parent
            # A list may stand in the column of its key; a comment there stands for the outer one.
            aside = before.home.flow or (opener is not None and opener.column == before.column)
            if least < before.column <= column and not aside:
                return before.home.below
            before = opener
        return tree.foot if following is None else following.above


def _span(event: yaml.Event) -> tuple[int, int]:
    """Where the source of an event begins and where it is over."""
    start, end = event.start_mark, event.end_mark
    return start.index if start else 0, end.index if end else 0


def _prefix(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> str:
    """Anchor and tag as they are written before a value, each with a blank behind it."""
    anchor = f"&{event.anchor} " if event.anchor else ""
    implicit = any(event.implicit) if isinstance(event.implicit, tuple) else event.implicit
    if event.tag and not implicit:
        name = str(event.tag)
        return anchor + (f"!!{name.removeprefix(_TAG)} " if name.startswith(_TAG) else f"!<{name}> ")
    return anchor
