"""A YAML file as text that can be edited: where each key and value begins and ends.

Edits of the text keep what a tree of values forgets: comments, order, quotes, anchors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import yaml
from yaml.cyaml import CSafeLoader

from alertd.yamlfile import Path


class Form(Enum):
    """What a value is, as it is written."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ALIAS = "alias"


@dataclass
class Part:
    """A value and the key before it; `start`, `end`, `key_start` and `key_end` count characters of the text.

    `end` is where the last character of the value is over, before comments and empty lines that follow. `value` is
    the text of a scalar. `flow` tells brackets from lines, `anchored` that it has a name for aliases or a tag.
    """

    path: Path
    form: Form
    start: int
    end: int
    key_start: int | None = None
    key_end: int | None = None
    value: str = ""
    flow: bool = False
    anchored: bool = False
    children: list[Part] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Where the entry begins: at its key, else at its value."""
        return self.start if self.key_start is None else self.key_start

    def walk(self) -> Iterator[Part]:
        """The part and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_plain(self) -> bool:
        """Whether nothing in it is or has an alias, so that no other place of the file speaks of it."""
        return not any(part.anchored or part.form is Form.ALIAS for part in self.walk())


@dataclass(frozen=True)
class Parts:
    """The parts of a text's first document by path. What only an alias brings to a path is not there.

    A merge key is a part with the key `<<`.
    """

    text: str
    by_path: Mapping[Path, Part]

    def find(self, path: Path) -> Part | None:
        return self.by_path.get(path)

    @property
    def root(self) -> Part | None:
        return self.by_path.get(())


def parts_of(text: str) -> Parts:
    """Read the parts of a text that is valid YAML, as `alertd.yamlfile.load` takes it."""
    events = (event for event in yaml.parse(text, Loader=CSafeLoader))
    by_path: dict[Path, Part] = {}
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            root = _part(text, event, events, (), None)
            by_path = {part.path: part for part in root.walk()}
            break
    return Parts(text, by_path)


def _part(text: str, event: yaml.Event, events: Iterator[yaml.Event], path: Path, key: tuple[int, int] | None) -> Part:
    start, end = _span(event)
    part = Part(path, Form.SCALAR, start, end, *(key or (None, None)))
    if isinstance(event, yaml.AliasEvent):
        part.form = Form.ALIAS
    elif isinstance(event, yaml.ScalarEvent):
        part.anchored = event.anchor is not None or event.tag is not None
        part.value = event.value
        if event.style in {"|", ">"}:
            part.end = part.start + len(text[part.start : part.end].rstrip())
    elif isinstance(event, yaml.CollectionStartEvent):
        part.anchored = event.anchor is not None or event.tag is not None
        part.flow = bool(event.flow_style)
        closing = _fill(text, part, isinstance(event, yaml.MappingStartEvent), events)
        last = part.children[-1].end if part.children else part.start
        part.end = _span(closing)[1] if part.flow else last
    return part


def _fill(text: str, part: Part, is_mapping: bool, events: Iterator[yaml.Event]) -> yaml.Event:
    """Read the children of a collection; returns the event that ends it."""
    part.form = Form.MAPPING if is_mapping else Form.SEQUENCE
    event = next(events)
    while not isinstance(event, yaml.CollectionEndEvent):
        name: str | int = len(part.children)
        key = None
        if is_mapping:
            key, name = _span(event), str(getattr(event, "value", ""))
            event = next(events)
        part.children.append(_part(text, event, events, (*part.path, name), key))
        event = next(events)
    return event


def _span(event: yaml.Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start and end else (0, 0)
