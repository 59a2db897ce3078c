"""Mistakes in the single texts of a file that only the whole document shows: quotes, names of labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from alertd.config.models import Settings
from alertd.config.receivers import Receiver
from alertd.config.routing import ALL_LABELS, InhibitRuleConfig, RouteConfig
from alertd.config.types import Kind, to_text
from alertd.errors import Problem
from alertd.routing.matchers import Grammar
from alertd.yamlfile import Document
from alertd.yamlmodel import sections

CLASSIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_ONLY_PLAIN = {"true or false": "bool", "number": "a number"}


def quoted_scalars(document: Document) -> Iterator[Problem]:
    """Truth values and numbers in quotes, which makes them texts. Texts with a variable in them may be quoted."""
    for path, model, written in sections(document, Settings):
        for name, field in model.model_fields.items():
            key = field.alias or name
            value = written.get(key)
            expected = _ONLY_PLAIN.get(_kind(field) or "")
            if expected and isinstance(value, str) and (*path, key) in document.quoted and "${" not in value:
                sentence = f"cannot unmarshal !!str `{value}` into {expected}; remove the quotes"
                yield document.problem((*path, key), sentence)


def _kind(field: FieldInfo) -> str | None:
    """The name of the field's type, also where it may be left out."""
    found = [mark.name for mark in field.metadata if isinstance(mark, Kind)]
    waiting: list[Any] = [field.annotation]
    while waiting and not found:
        declared = waiting.pop()
        if get_origin(declared) is Annotated:
            found = [mark.name for mark in declared.__metadata__ if isinstance(mark, Kind)]
        elif get_origin(declared) in {Union, UnionType}:
            waiting += get_args(declared)
    return found[-1] if found else None


def label_names(document: Document, grammar: Grammar) -> Iterator[Problem]:
    """Names of labels that are none. The older forms of matchers take classic names in every grammar."""
    for path, model, written in sections(document, Settings):
        for key, place, always_classic in _NAMES.get(model, ()):
            for name in _names(written.get(key)):
                classic = always_classic or grammar is Grammar.CLASSIC
                if not name or (classic and CLASSIC_NAME.fullmatch(name) is None):
                    remedy = "write letters, digits and _, no digit first" if name else "write the name of a label"
                    yield document.problem((*path, key), f'invalid label name "{name}"{place}; {remedy}', at_key=True)


_NAMES: Mapping[type, tuple[tuple[str, str, bool], ...]] = {
    RouteConfig: (
        ("group_by", " in group_by list", False),
        ("match", "", True),
        ("match_re", "", True),
        ("labels", " in labels", False),
    ),
    InhibitRuleConfig: (
        ("source_match", "", True),
        ("source_match_re", "", True),
        ("target_match", "", True),
        ("target_match_re", "", True),
        ("equal", " in equal list", False),
    ),
    Receiver: (("labels", " in labels", False),),
}


def empty_patterns(document: Document) -> Iterator[Problem]:
    """Labels in the older forms of matchers that have no pattern."""
    for path, model, written in sections(document, Settings):
        for key, _, _ in _NAMES.get(model, ()):
            patterns = written.get(key)
            for name, pattern in patterns.items() if key.endswith("_re") and isinstance(patterns, dict) else ():
                if pattern is None:
                    sentence = f'invalid regexp value for "{name}"; write a pattern, or "" for the empty one'
                    yield document.problem((*path, key, name), sentence, at_key=True)


def _names(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        return list(value)
    names = value if isinstance(value, list) else []
    return [name for name in map(to_text, names) if isinstance(name, str) and name != ALL_LABELS]
