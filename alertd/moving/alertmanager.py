"""What becomes of an `alertmanager.yml`: the changes that make an `alertd.yml` of it, none of them of its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import isabs, join, normpath, relpath
from typing import get_args

from alertd.config.http import HttpConfig
from alertd.config.models import Settings
from alertd.config.types import Kind
from alertd.moving.changes import Action, Change, Need, place_of
from alertd.moving.edits import Edit, column, cut, indented, is_alone, line_end, line_start
from alertd.moving.layout import Layout, Placed
from alertd.moving.matchers import PREFIXES, modernised
from alertd.moving.parts import Form, Part, Parts
from alertd.moving.scalars import scalar
from alertd.moving.variables import escaped, escapes
from alertd.yamlfile import Document, Path
from alertd.yamlmodel import sections

_END = re.compile(r"^\.\.\.[^\n]*\n?", re.MULTILINE)
_HIPCHAT = "HipChat is no more, so nobody can be told there"
_NOT_HERE = {
    "tracing": "alertd sends no traces",
    "event_recorder": "alertd keeps its history in its database, and writes it to no other place",
}
_BEARER = {"bearer_token": "credentials", "bearer_token_file": "credentials_file"}
_FILE = Kind("file")


def changes_of(
    document: Document, parts: Parts, layout: Layout, directories: tuple[str, str]
) -> tuple[list[Change], list[Placed]]:
    """Everything that is done to the file, and where its templates go.

    `directories` are the absolute paths of the file's folder and of the new one.
    """
    file = document.file
    placed: list[Placed] = []
    changes = [
        *_cuts(document, parts),
        *_templates(parts, file, layout, placed),
        *files(document, parts, *directories),
        *escapes(parts, file, "Alertmanager"),
        *_conditions(document, parts),
        *_bearers(document, parts),
        *_intervals(parts, file),
    ]
    return changes, placed


def _change(
    action: Action, parts: Parts, file: str, part: Part, sentence: str, edits: tuple[Edit, ...], need: Need
) -> Change:
    place = place_of(parts.text, file, part.first, ".".join(map(str, part.path)), sentence)
    return Change(action, place, edits, need)


def _cuts(document: Document, parts: Parts) -> Iterator[Change]:
    """What has no meaning for alertd and takes no notification away."""
    text, file = parts.text, document.file
    for path, sentence in (
        *(((key,), sentence) for key, sentence in _NOT_HERE.items()),
        *((path, _HIPCHAT) for path in parts.by_path if _is_hipchat(path)),
    ):
        part = parts.find(path)
        if part is not None and part.key_start is not None:
            yield _change(Action.LEFT_OUT, parts, file, part, sentence, (cut(parts, part),), Need.READING)
    if document.further is not None and parts.root is not None:
        end = line_end(text, parts.root.end)
        place = place_of(text, file, end, "", "a second document begins here, and only the first one is read")
        yield Change(Action.LEFT_OUT, place, (Edit(end, len(text)),))
    elif parts.root is not None and (found := _END.search(text, parts.root.end)):
        sentence = "the sign for the end of the document is taken away, so that more can follow"
        place = place_of(text, file, found.start(), "", sentence)
        yield Change(Action.CHANGED, place, (Edit(found.start(), found.end()),))


def _is_hipchat(path: Path) -> bool:
    match path:
        case ("receivers", int(), "hipchat_configs"):
            return True
        case ("global", str(key)):
            return key.startswith("hipchat_")
    return False


def _templates(parts: Parts, file: str, layout: Layout, placed: list[Placed]) -> Iterator[Change]:
    listed = parts.find(("templates",))
    for part in listed.children if listed is not None else ():
        if part.form is not Form.SCALAR:
            continue
        place = layout.place(part.value, "templates")
        placed.append(place)
        if place.target != part.value:
            sentence = f"the templates are copied, so {part.value} is written as {place.target}"
            edit = Edit(part.start, part.end, scalar(escaped(place.target)))
            yield _change(Action.CHANGED, parts, file, part, sentence, (edit,), Need.MOVING)


def files(document: Document, parts: Parts, old: str, new: str) -> Iterator[Change]:
    """Paths of secrets and certificates, which stay where they are, from the folder `old` to `new`."""
    for path in _file_paths(document):
        part = parts.find(path)
        if part is None or part.form is not Form.SCALAR or not part.value or isabs(part.value):
            continue
        led = relpath(join(old, part.value), new)
        if led == normpath(part.value):
            continue
        sentence = f"the file stays where it is, so {part.value} is written as {led}, which leads there"
        edit = Edit(part.start, part.end, scalar(escaped(led)))
        yield _change(Action.CHANGED, parts, document.file, part, sentence, (edit,), Need.MOVING)


def _file_paths(document: Document) -> Iterator[Path]:
    for path, model, written in sections(document, Settings):
        for name, field in model.model_fields.items() if model is not Settings else ():
            key = field.alias or name
            value = written.get(key)
            if _FILE in field.metadata:
                yield (*path, key)
            elif isinstance(value, list) and any(
                _FILE in get_args(declared) for declared in get_args(field.annotation)
            ):
                yield from ((*path, key, index) for index in range(len(value)))


def _conditions(document: Document, parts: Parts) -> Iterator[Change]:
    for path, _, _ in sections(document, Settings):
        for prefix in PREFIXES.get(str(path[0]), ()) if path else ():
            yield from modernised(parts, path, prefix, document.file)


def _bearers(document: Document, parts: Parts) -> Iterator[Change]:
    """A bearer token is an authorization like any other."""
    for path, model, _ in sections(document, Settings):
        for key, inner in _BEARER.items() if model is HttpConfig else ():
            part = parts.find((*path, key))
            if part is None or not part.value or part.key_end is None:
                continue
            if parts.by_path[path].flow:
                written = escaped(parts.text[part.start : part.end])
                edit = Edit(part.first, part.end, f"authorization: {{{inner}: {written}}}")
            else:
                indent = " " * (column(parts.text, part.first) + 2)
                edit = Edit(part.first, part.key_end, f"authorization:\n{indent}{inner}")
            sentence = f"{key} is written as {inner} of authorization, of which the older form is deprecated"
            yield _change(Action.CHANGED, parts, document.file, part, sentence, (edit,), Need.CLEANING)


def _intervals(parts: Parts, file: str) -> Iterator[Change]:
    """Time intervals have one list, which `mute_time_intervals` at the top was before it."""
    old, new = parts.find(("mute_time_intervals",)), parts.find(("time_intervals",))
    if old is None or old.key_end is None:
        return
    if new is None:
        sentence = "mute_time_intervals at the top is written as time_intervals, its name of today"
        edit = Edit(old.first, old.key_end, "time_intervals")
        yield _change(Action.CHANGED, parts, file, old, sentence, (edit,), Need.CLEANING)
    elif any(part.flow or not part.children or not is_alone(parts.text, part) for part in (old, new)):
        sentence = "mute_time_intervals stays beside time_intervals: the two are not both lists in lines of their own"
        yield _change(Action.LOOK, parts, file, old, sentence, (), Need.CLEANING)
    else:
        sentence = "the entries of mute_time_intervals are joined with time_intervals, its name of today"
        edits = tuple(_joined_lists(parts, old, new))
        yield _change(Action.CHANGED, parts, file, old, sentence, edits, Need.CLEANING)


def _joined_lists(parts: Parts, old: Part, new: Part) -> Iterator[Edit]:
    """The entries of the older list before those of the newer one, with the comments between them."""
    text = parts.text
    begin, end = line_end(text, old.first), line_end(text, old.end)
    moved = text[begin:end]
    yield Edit(line_start(text, old.first), end)
    by = column(text, new.start) - column(text, old.start)
    yield Edit(line_end(text, new.first), line_end(text, new.first), indented(moved, by))
