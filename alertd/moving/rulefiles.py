"""What becomes of a rule file: recording rules stay with Prometheus, and each group says its own query offset."""

from __future__ import annotations

from collections.abc import Iterator

from alertd.errors import InvalidInput
from alertd.moving.changes import Action, Change, place_of
from alertd.moving.edits import Edit, apply, column, cut
from alertd.moving.parts import Form, Part, Parts, parts_of


def rule_file_of(text: str, file: str, query_offset: str = "") -> tuple[str | None, list[Change]]:
    """The text of the new file and its changes; None when nothing is left for alertd to evaluate.

    `query_offset` is what groups get that do not say one. Raises `InvalidInput` where a recording rule cannot be taken
    out, because others have parts of it by an alias.
    """
    parts = parts_of(text)
    groups = parts.find(("groups",))
    entries = groups.children if groups is not None and groups.form is Form.SEQUENCE else []
    changes: list[Change] = []
    left = 0
    for group in entries:
        rules = parts.find((*group.path, "rules"))
        records = [rule for rule in (rules.children if rules is not None else ()) if _is_recording(parts, rule)]
        if rules is not None and records and len(records) == len(rules.children):
            changes.append(_left_out(parts, file, group, f"the group {_name(parts, group)!r} only records"))
            continue
        left += 1
        changes += [_left_out(parts, file, rule, f"the rule {_name(parts, rule)!r} records") for rule in records]
        changes += _offset(parts, file, group, query_offset)
    if entries and not left:
        return None, changes
    return apply(text, (edit for change in changes for edit in change.edits)), changes


def _is_recording(parts: Parts, rule: Part) -> bool:
    return parts.find((*rule.path, "record")) is not None


def _name(parts: Parts, part: Part) -> str:
    found = parts.find((*part.path, "record")) or parts.find((*part.path, "name"))
    return found.value if found is not None else ""


def _left_out(parts: Parts, file: str, part: Part, what: str) -> Change:
    field = ".".join(map(str, part.path))
    if any(inner.anchored for inner in part.walk()):
        sentence = f"{what}, and it has a name for aliases, so it cannot be taken out; write its aliases out first"
        raise InvalidInput([place_of(parts.text, file, part.first, field, sentence)])
    sentence = f"{what}, which stays with Prometheus: keep it there"
    return Change(Action.LEFT_OUT, place_of(parts.text, file, part.first, field, sentence), (cut(parts, part),))


def _offset(parts: Parts, file: str, group: Part, query_offset: str) -> Iterator[Change]:
    name = parts.find((*group.path, "name"))
    if not query_offset or name is None or parts.find((*group.path, "query_offset")) is not None:
        return
    between = ", " if group.flow else "\n" + " " * column(parts.text, name.first)
    edit = Edit(name.end, name.end, f"{between}query_offset: {query_offset}")
    sentence = f"the group {name.value!r} says query_offset itself, which rule_query_offset said for all groups"
    place = place_of(parts.text, file, group.first, ".".join(map(str, group.path)), sentence)
    yield Change(Action.CHANGED, place, (edit,))
