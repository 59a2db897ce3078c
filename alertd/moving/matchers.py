"""`match` and `match_re` become `matchers`, in place: the comments and the order of the conditions stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alertd.moving.changes import Action, Change, Need, place_of
from alertd.moving.edits import Edit, body, column, cut, indented, is_alone, line_end, line_start, with_comments_above
from alertd.moving.parts import Form, Part, Parts
from alertd.moving.variables import escaped
from alertd.routing.matchers import Grammar, Matcher, MatcherError, Operator, parse_matchers
from alertd.yamlfile import Path

_PLAIN = re.compile(r"[A-Za-z_][^\s,\[\]{}#:]*", re.ASCII)
_OPERATORS = {"match": Operator.EQUAL, "match_re": Operator.REGEX}
#: What stands before the older keys in a route and in both sides of an inhibition rule.
PREFIXES = {"route": ("",), "inhibit_rules": ("source_", "target_")}


class _Kept(Exception):
    """Why the older form stays."""


def modernised(parts: Parts, path: Path, prefix: str, file: str) -> Iterator[Change]:
    """The change of one mapping's conditions, or why there is none; nothing where no older form is."""
    old = [part for key in _OPERATORS if (part := parts.find((*path, prefix + key))) is not None]
    if not old:
        return
    known = parts.find((*path, f"{prefix}matchers"))
    involved = sorted([*old, known] if known else old, key=lambda part: part.first)
    names = " and ".join(str(part.path[-1]) for part in sorted(old, key=lambda part: part.first))
    field = ".".join(map(str, old[0].path))
    at = min(part.first for part in old)
    try:
        edits = tuple(_edits(parts, involved, f"{prefix}matchers"))
    except _Kept as why:
        sentence = f"{names} stays in the older form: {why}"
        yield Change(Action.LOOK, place_of(parts.text, file, at, field, sentence))
        return
    sentence = f"{names} is written as {prefix}matchers, of which the older form is deprecated"
    yield Change(Action.CHANGED, place_of(parts.text, file, at, field, sentence), edits, Need.CLEANING)


def _edits(parts: Parts, involved: list[Part], new: str) -> Iterator[Edit]:
    for part in involved:
        if not part.is_plain:
            raise _Kept("it has a name for aliases, a tag, or an alias in it")
        if part.children and part.form is (Form.SEQUENCE if part.path[-1] != new else Form.MAPPING):
            raise _Kept("it has another form than its key says")
    first, *others = involved
    rename = Edit(first.first, first.key_end or first.first, new)
    if not others:
        yield rename
        yield from _in_place(first)
        return
    if any(part.flow or not part.children for part in involved) or parts.by_path[first.path[:-1]].flow:
        items = [_item(parts.text, part, child) for part in involved for child in part.children]
        if any("#" in parts.text[slice(*body(parts.text, part))] for part in involved):
            raise _Kept("a comment stands beside it")
        yield Edit(first.first, first.end, f"{new}: [{', '.join(items)}]")
    else:
        yield rename
        yield _joined(parts, first, others)
    for part in others:
        yield cut(parts, part)


def _in_place(part: Part) -> Iterator[Edit]:
    """Each condition where it stands."""
    if part.flow:
        yield Edit(part.start, part.start + 1, "[")
        yield Edit(part.end - 1, part.end, "]")
    elif not part.children:
        yield Edit(part.key_end or part.start, part.end, ": []")
    for child in part.children:
        item = _condition(part, child)
        yield Edit(child.first, child.end, item if part.flow else f"- {item}")


def _joined(parts: Parts, first: Part, others: list[Part]) -> Edit:
    """The lines of the other lists behind those of the first, all as far to the right as its own are."""
    text = parts.text
    if any(not is_alone(text, part) for part in others):
        raise _Kept("it does not stand in lines of its own")
    right = _right(text, first)
    moved = "".join(_lines(parts, part, right) for part in others)
    own = _lines(parts, first, right, heading=False)
    return Edit(line_end(text, first.first), line_end(text, first.end), own + moved)


def _right(text: str, part: Part) -> int:
    """The column of a list's entries, of their dashes where they have some."""
    return column(text, part.children[0].first) - (len("- ") if part.form is Form.SEQUENCE else 0)


def _lines(parts: Parts, part: Part, right: int, *, heading: bool = True) -> str:
    """The lines of a list's body as entries of `matchers`, `right` columns from the margin.

    With `heading` the comments above the key and behind it come first, on lines of their own.
    """
    text = parts.text
    own = line_start(text, part.first)
    reached = line_end(text, own)
    pieces: list[str] = []
    if heading:
        above = text[with_comments_above(text, own) : own]
        pieces.append(indented(above, right - column(text, part.first)))
        behind_key = text[part.key_end or own : reached].partition("#")
        pieces.append(f"{' ' * right}#{behind_key[2]}" if behind_key[1] else "")
    for child in part.children:
        entry = line_start(text, child.first)
        pieces.append(indented(text[reached:entry], right - _right(text, part)))
        reached = line_end(text, child.end)
        behind = text[child.end : reached].rstrip("\n")
        pieces.append(f"{' ' * right}- {_item(text, part, child)}{behind}\n")
    return "".join(pieces)


def _item(text: str, part: Part, child: Part) -> str:
    """One condition as an entry of a list of matchers."""
    if part.form is Form.SEQUENCE:
        return text[child.start : child.end]
    return _condition(part, child)


def _condition(part: Part, child: Part) -> str:
    """A label and its value of the older form as a matcher."""
    if child.form is not Form.SCALAR:
        raise _Kept(f"the value of {child.path[-1]} is no text")
    key = str(part.path[-1])
    operator = _OPERATORS["match_re" if key.endswith("_re") else "match"]
    value = escaped(child.value)
    if key == "match_re":
        # Alertmanager prints the patterns of routes with their anchors, and group keys must stay what they were.
        value = f"^(?:{value})$"
    try:
        matcher = Matcher(str(child.path[-1]), operator, value)
        written = str(matcher)
        agreed = all(parse_matchers(written, grammar) == (matcher,) for grammar in Grammar)
    except MatcherError as error:
        raise _Kept(str(error)) from error
    if not agreed:
        raise _Kept(f"{written} is not the same in both grammars of matchers")
    return written if _PLAIN.fullmatch(written) else "'" + written.replace("'", "''") + "'"
