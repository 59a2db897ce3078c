"""One section of a file taken over into another: its lines with their comments, or its value written anew."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from alertd.moving.edits import Edit, apply, body, column, indented, is_alone
from alertd.moving.parts import Parts
from alertd.yamlfile import text_of


def is_liftable(parts: Parts, path: tuple[str, ...]) -> bool:
    """Whether the section has lines of its own, without aliases, so that its text can stand elsewhere."""
    part = parts.find(path)
    return part is not None and part.is_plain and is_alone(parts.text, part)


def section(parts: Parts, path: tuple[str, ...], edits: Iterable[Edit], value: object) -> str:
    """A key with its value at the top of a file, with the comments above and in it; "" when it says nothing.

    `value` is written anew where the text cannot be taken over, as between brackets.
    """
    if value in (None, [], {}):
        return ""
    part = parts.find(path)
    if part is None or not is_liftable(parts, path):
        return dumped({path[-1]: value})
    start, end = body(parts.text, part)
    inside = [Edit(e.start - start, e.end - start, e.text) for e in edits if start <= e.start and e.end <= end]
    text = indented(apply(parts.text[start:end], inside), -column(parts.text, part.first))
    return text if text.endswith("\n") else text + "\n"


def dumped(value: object) -> str:
    """The value as YAML, its scalars as they were written."""
    return yaml.safe_dump(_texts(value), sort_keys=False, allow_unicode=True, width=120)


def _texts(value: object) -> object:
    if isinstance(value, list):
        return [_texts(member) for member in value]
    if isinstance(value, dict):
        return {str(key): _texts(member) for key, member in value.items()}
    return str(text_of(value)) if isinstance(value, str | int | float) else value
