"""Strict YAML with positions: plain data, where each value stands, and every mistake as a `Problem`.

Only what YAML 1.2 calls a number, a truth value or nothing is one: `on`, `yes`, `010`, `12:30:45` and `2026-01-31` are
text. Keys are text and may come once. Anchors, aliases and merge keys work, up to a number of nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml
from yaml.cyaml import CBaseLoader
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertd.errors import InvalidInput, Problem

Path = tuple[str | int, ...]
Position = tuple[int, int]

_TAG = "tag:yaml.org,2002:"
_MAX_NODES = 500_000
_MAX_DEPTH = 100
_TOO_DEEP = f"the file is nested more than {_MAX_DEPTH} levels deep here; flatten it"


class SourceInt(int):
    """A whole number whose text in the file (`text`) is not how Python prints it, as `+5`."""

    text: str


class SourceFloat(float):
    """A number whose text in the file (`text`) is not how Python prints it, as `1.10`."""

    text: str


class SourceBool(str):
    """A truth value that is not written `true` or `false` but as `True`; it is the text in the file (`truth`)."""

    @property
    def truth(self) -> bool:
        return self.lower() == "true"


def text_of(scalar: float | str) -> str:
    """A scalar as it was written, for the keys that take text: `1.10` stays `1.10`, `true` stays `true`."""
    if isinstance(scalar, SourceInt | SourceFloat):
        return scalar.text
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)


@dataclass(frozen=True)
class Document:
    """One file. `positions` and `key_positions` map a path to line and column, counted from 1.

    `positions` tells where a value begins, `key_positions` where the key before it does. The path of a value that came
    through an alias or a merge key leads to where it was written. `quoted` has the paths of texts in quotes or blocks,
    which only texts can be. `further` is where a second document begins that was left alone.
    """

    data: object
    positions: Mapping[Path, Position]
    file: str
    key_positions: Mapping[Path, Position] = field(default_factory=dict)
    quoted: frozenset[Path] = frozenset()
    further: Position | None = None

    def problem(self, path: Path, message: str, *, at_key: bool = False) -> Problem:
        """A complaint about the value at `path`, or about its key; placed at the nearest enclosing place known."""
        line, column = self._place(path, at_key)
        return Problem(self.file, line, column, ".".join(map(str, path)), message)

    def _place(self, path: Path, at_key: bool) -> Position:
        if at_key and path in self.key_positions:
            return self.key_positions[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return (1, 1)

    def value(self, path: Path) -> object:
        """The value at `path`; raises `KeyError` when there is none."""
        found = self.data
        for part in path:
            try:
                found = found[part]  # type: ignore[index]  # whatever has no such part refuses
            except (IndexError, KeyError, TypeError):
                raise KeyError(path) from None
        return found


def load(text: str, file: str, *, only_first: bool = False) -> Document:
    """Read one YAML document; `file` is the name that problems carry. An empty file has the data None.

    With `only_first` what follows the first document is left alone, else it is a mistake. Raises `InvalidInput` with
    all mistakes of structure, or with the one syntax error.
    """
    node, further = _compose(text, file, only_first)
    if node is None:
        return Document(None, {(): (1, 1)}, file, further=further)
    walk = _Walk(file)
    data = walk.value(node, ())
    if walk.problems:
        raise InvalidInput(walk.problems)
    return Document(data, walk.positions, file, walk.key_positions, frozenset(walk.quoted), further)


class _Loader(CBaseLoader):
    """The C parser with YAML 1.2's scalars in place of YAML 1.1's."""


_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,400})", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _INT.pattern, list("-+0123456789")),
    ("float", _FLOAT.pattern, list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z", re.ASCII), _first)


def _compose(text: str, file: str, only_first: bool) -> tuple[Node | None, Position | None]:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            [_at(file, text, error.start, "this character is half a character; save the file as UTF-8")]
        ) from error
    loader = _Loader(text)
    try:
        _refuse_depth(text, file)
        if only_first:
            return loader.get_node() if loader.check_node() else None, _further(loader)
        return loader.get_single_node(), None
    except yaml.reader.ReaderError as error:
        message = f"the character U+{error.character:04X} is not allowed in YAML; remove it or write it as an escape"
        position = next((at for at, char in enumerate(text) if ord(char) == error.character), 0)
        raise InvalidInput([_at(file, text, position, message)]) from error
    except yaml.MarkedYAMLError as error:
        raise InvalidInput([_syntax_problem(error, text, file)]) from error
    finally:
        loader.dispose()


def _further(loader: _Loader) -> Position | None:
    """Where another document begins, None at the end of the text."""
    try:
        further = loader.get_node() if loader.check_node() else None
        return _position(further) if further is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1, 1) if mark else (1, 1)


def _refuse_depth(text: str, file: str) -> None:
    """Raise `InvalidInput` for nesting so deep that the C parser, which calls itself for each level, would crash."""
    if not _may_be_deep(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise InvalidInput([Problem(file, *_position(event), "", _TOO_DEEP)])


def _may_be_deep(text: str) -> bool:
    """A cheap guess that is never wrong when it says no: depth needs open brackets, or columns to indent."""
    open_brackets = 0
    for line in text.splitlines():
        opened = line.count("[") + line.count("{")
        if open_brackets + opened > _MAX_DEPTH or len(line) > 2 * _MAX_DEPTH:
            return True
        open_brackets = max(0, open_brackets + opened - line.count("]") - line.count("}"))
    return False


def _at(file: str, text: str, position: int, message: str) -> Problem:
    before = text[:position]
    return Problem(file, before.count("\n") + 1, position - before.rfind("\n"), "", message)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """The complaint, placed at what was left open where the parser noticed it only at the end of the file."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    opening = error.context_mark
    if opening and (line >= len(text.splitlines()) or "end of stream" in str(error.problem)):
        if "flow" in str(error.context):
            return Problem(file, *_open_bracket(text), "", "this bracket is never closed")
        if "quoted" in str(error.context):
            return Problem(file, opening.line + 1, opening.column + 1, "", "this quote is never closed")
    return Problem(file, line + 1, column + 1, "", _explain(error, text, line, column))


def _open_bracket(text: str) -> Position:
    """Where the innermost bracket opens that is still open at the end of the text."""
    opened: list[Position] = []
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            opened.append(_position(token))
        elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
            opened.pop()
    return opened[-1] if opened else (1, 1)


def _explain(error: yaml.MarkedYAMLError, text: str, line: int, column: int) -> str:
    """What is wrong with the syntax, with the usual cause where the place shows it."""
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    problem = str(error.problem)
    if "\t" in here[: column + 1]:
        return "a tab cannot indent in YAML; use spaces"
    if "single document" in str(error.context) or "another document" in problem:
        return "a second document begins here; a file holds one, so remove the '---'"
    if "undefined alias" in problem:
        return f"{problem}: define it before with &name"
    if re.search(r":\s+\{\{", here):
        return "a text that begins with {{ must be quoted, or YAML takes the brace for a mapping"
    if "mapping values are not allowed" in problem:
        return "a second ': ' stands in this text; put the text in quotes, or fix the indentation"
    if here[column : column + 1] in set("@`%"):
        return f"a text cannot begin with {here[column]!r}; put it in quotes"
    if "did not find expected ','" in problem and error.context_mark:
        opened = error.context_mark.line + 1
        return f"the bracket that opens in line {opened} is not closed before this; close it, or write a comma here"
    context = f" ({error.context})" if error.context else ""
    return f"this is not valid YAML: {problem}{context}; check the indentation and the quotes here and above"


class _Walk:
    """Turns nodes into data, and remembers positions and problems."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self._open: set[int] = set()
        self.positions: dict[Path, Position] = {}
        self.key_positions: dict[Path, Position] = {}
        self.quoted: set[Path] = set()
        self.problems: list[Problem] = []

    def value(self, node: Node, path: Path) -> object:
        self._count += 1
        if self._count > _MAX_NODES:
            self._refuse_whole(
                node, path, f"the file has more than {_MAX_NODES:,} values once its aliases are filled in"
            )
        if len(path) > _MAX_DEPTH:
            self._refuse_whole(node, path, _TOO_DEEP)
        self.positions[path] = _position(node)
        if isinstance(node, ScalarNode):
            if node.style:
                self.quoted.add(path)
            return self._scalar(node, path)
        if id(node) in self._open:
            self._complain(node, path, "this alias stands inside of what it names; write the values out")
            return None
        self._open.add(id(node))
        data = self._mapping(node, path) if isinstance(node, MappingNode) else self._sequence(node, path)
        self._open.discard(id(node))
        return data

    def _scalar(self, node: ScalarNode, path: Path) -> object:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "str" | "merge":
                return text
            case "null":
                return None
            case "bool" if text in {"true", "false"}:
                return text == "true"
            case "bool" if text.lower() in {"true", "false"}:
                return SourceBool(text)
            case "int" if _INT.fullmatch(text):
                return _int(text)
            case "float" if _FLOAT.fullmatch(text) or _INT.fullmatch(text):
                return _float(text)
        self._complain(node, path, f"the tag {node.tag} is not supported here; remove it")
        return None

    def _sequence(self, node: Node, path: Path) -> list[object]:
        if not isinstance(node, SequenceNode) or node.tag != _TAG + "seq":
            self._complain(node, path, f"the tag {node.tag} is not supported; remove it")
            return []
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        if node.tag != _TAG + "map":
            self._complain(node, path, f"the tag {node.tag} is not supported; remove it")
            return {}
        data: dict[str, object] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                continue
            name = self._key(key, path)
            if name is None:
                continue
            place = (*path, name)
            if name in data:
                first = self.key_positions[place][0]
                self._complain(key, place, f"the key {name!r} is here twice, first in line {first}; keep one of them")
                continue
            self.key_positions[place] = _position(key)
            data[name] = self.value(value, place)
        for merged in self._merged(node, path):
            self._merge(merged, path, data)
        return data

    def _key(self, key: Node, path: Path) -> str | None:
        if isinstance(key, ScalarNode) and key.tag.removeprefix(_TAG) in {"str", "int", "float", "bool"}:
            return str(key.value)
        braces = isinstance(key, MappingNode)
        message = "a text that begins with {{ must be quoted" if braces else "a key must be text; put it in quotes"
        self._complain(key, path, message)
        return None

    def _merged(self, node: MappingNode, path: Path) -> Iterator[MappingNode]:
        """The mappings that the merge keys of `node` name, the strongest first."""
        for key, value in node.value:
            if key.tag != _TAG + "merge":
                continue
            for merged in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(merged, MappingNode) and id(merged) not in self._open:
                    yield merged
                else:
                    self._complain(
                        merged,
                        (*path, "<<"),
                        "only mappings can be merged; name one with an alias, as in '<<: *name'",
                    )

    def _merge(self, merged: MappingNode, path: Path, data: dict[str, object]) -> None:
        """Add what `data` does not have yet, with the positions of where it was written."""
        self._open.add(id(merged))
        known = set(data)
        for key, value in merged.value:
            name = str(key.value)
            if key.tag == _TAG + "merge" or name in known or not isinstance(key, ScalarNode):
                continue
            self.key_positions[(*path, name)] = _position(key)
            data[name] = self.value(value, (*path, name))
        for further in self._merged(merged, path):
            self._merge(further, path, data)
        self._open.discard(id(merged))

    def _complain(self, node: Node, path: Path, message: str) -> None:
        line, column = _position(node)
        self.problems.append(Problem(self._file, line, column, ".".join(map(str, path)), message))

    def _refuse_whole(self, node: Node, path: Path, message: str) -> None:
        self._complain(node, path, message)
        raise InvalidInput(self.problems)


def _position(place: Node | yaml.Event | yaml.Token) -> Position:
    mark = place.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _int(text: str) -> int:
    if str(int(text)) == text:
        return int(text)
    number = SourceInt(text)
    number.text = text
    return number


def _float(text: str) -> float:
    value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if repr(value) == text:
        return value
    number = SourceFloat(value)
    number.text = text
    return number
