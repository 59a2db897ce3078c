"""The parts of a parsed template. All are immutable: a tree is parsed once and run many times.

`position` counts characters from the start of the text. `str(node)` writes a node back as Go prints it in its errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from alertd.gotemplate.literals import quote


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text between actions."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`, the value that the template, `with` or `range` is about."""

    position: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`."""

    position: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    position: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Number:
    """A number or character constant: its natural value, and what it is as an int or a float where a function asks.

    `as_int` is None when the number is no integer.
    """

    position: int
    source: str
    value: int | float
    as_int: int | None
    as_float: float

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class String:
    """A string literal; `source` is how it was written."""

    position: int
    source: str
    value: str

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`."""

    position: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.A.B`; `slot` is the variable's place in the frame of its template."""

    position: int
    name: str
    slot: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    position: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).A.B` or `function.A`."""

    position: int
    term: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        term = f"({self.term})" if isinstance(self.term, Pipe) else str(self.term)
        return term + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command:
    """One stage of a pipeline: a function or value, and arguments."""

    position: int
    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join(f"({operand})" if isinstance(operand, Pipe) else str(operand) for operand in self.operands)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands that hand their value on, and the variables that take the last value."""

    position: int
    variables: tuple[Variable, ...]
    assigns: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        pipeline = " | ".join(map(str, self.commands))
        if not self.variables:
            return pipeline
        return f"{', '.join(map(str, self.variables))} {'=' if self.assigns else ':='} {pipeline}"


Operand: TypeAlias = Dot | Nil | Bool | Number | String | Field | Variable | Identifier | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipeline }}`."""

    position: int
    pipe: Pipe

    def __str__(self) -> str:
        return "{{" + str(self.pipe) + "}}"


@dataclass(frozen=True, slots=True)
class If:
    """`{{ if }} … {{ else }} … {{ end }}`."""

    position: int
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class With:
    """`{{ with }} … {{ else }} … {{ end }}`."""

    position: int
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`{{ range }} … {{ else }} … {{ end }}`."""

    position: int
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """`{{ break }}`."""

    position: int


@dataclass(frozen=True, slots=True)
class Continue:
    """`{{ continue }}`."""

    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """`{{ template "name" pipeline }}`, and what `block` leaves in its place."""

    position: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return "{{template " + quote(self.name) + (f" {self.pipe}" if self.pipe else "") + "}}"


Node: TypeAlias = Text | Action | If | With | Range | Break | Continue | Call


@dataclass(frozen=True, slots=True)
class Tree:
    """One template: the name it is called by, the text it stands in, and how many variables it uses.

    `parse_name` and `text` belong to the file that holds the template; errors name them. `offset` is added to a column
    on the first line. Slot 0 is `$`; the variables in `declared` follow it.
    """

    name: str
    parse_name: str
    text: str
    offset: int
    body: tuple[Node, ...]
    slots: int
    declared: tuple[str, ...]

    def location(self, position: int) -> str:
        """`NAME:LINE:COL` of a place in the text; the column counts bytes from 0, as Go's does."""
        start = self.text.rfind("\n", 0, position) + 1
        line = self.text.count("\n", 0, position) + 1
        column = len(self.text[start:position].encode("utf-8", "surrogatepass"))
        return f"{self.parse_name}:{line}:{column + (self.offset if line == 1 else 0)}"
