"""Finds the comments of a YAML text, and those of an expression: a number sign within a text is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from yaml.cyaml import CBaseLoader

from alertd.promql.lexer import tokenize

_PROPERTIES = re.compile(r"[&!]\S*(?:[ \t]+[&!]\S*)?")
_HEADER = re.compile(r"(?:[&!]\S*[ \t]+)*[|>][-+0-9]*[ \t]+(?P<comment>#[^\n]*)")


def comments_of(text: str) -> Iterator[tuple[int, str]]:
    """All comments of a text with their places; the text is good YAML without a byte order mark."""
    reached = 0
    for start, end in [*_spans(text), (len(text), len(text))]:
        at = text.find("#", reached, start)
        while at >= 0:
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            yield at, text[at:stop].rstrip()
            at = text.find("#", stop, start)
        reached = max(reached, end)
        comment = _HEADER.match(text[start:end])
        if comment:
            # The parser takes what stands behind `|` or `>` for a part of the block.
            yield start + comment.start("comment"), comment["comment"].rstrip()


def comments_in_expression(text: str) -> Iterator[tuple[int, str]]:
    """The comments of an expression with their places: each number sign outside of all tokens begins one."""
    reached = text.find("#")
    if reached < 0:
        return
    tokens = tokenize(text)
    while reached >= 0:
        stop = text.find("\n", reached)
        stop = len(text) if stop < 0 else stop
        inside = next((token.end for token in tokens if token.start <= reached < token.end), None)
        if inside is None:
            yield reached, text[reached:stop].rstrip()
        reached = text.find("#", stop if inside is None else inside)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where keys and values stand that may hold a number sign, and where the anchor or tag of a collection does."""
    for event in yaml.parse(text, Loader=CBaseLoader):
        start, end = _place(event)
        if isinstance(event, yaml.CollectionStartEvent):
            # The event reaches as far as the first element, over the comments before it.
            properties = _PROPERTIES.match(text, start)
            if properties:
                yield start, properties.end()
        elif isinstance(event, yaml.NodeEvent):
            yield start, end


def _place(event: yaml.Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return start.index if start else 0, end.index if end else 0
