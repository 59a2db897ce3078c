"""What the texts of a rule use: labels, the value and how it is printed, and queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import jinja2.nodes

from alertd.gotemplate.nodes import (
    Action,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    If,
    Node,
    Operand,
    Pipe,
    Range,
    String,
    Variable,
    With,
)
from alertd.gotemplate.parser import parse
from alertd.gotemplate.prometheus import EXTRA_VARIABLES, VARIABLES
from alertd.rules.templates import GoField, JinjaField, compile_field


@dataclass(frozen=True)
class Printed:
    """A place that prints the value, by way of these functions."""

    position: int
    functions: frozenset[str]


@dataclass(frozen=True)
class LabelUse:
    """A place that reads a label: of the alert, or of the first sample of the query `query`."""

    position: int
    name: str
    query: str | None = None


@dataclass
class Uses:
    """What one text uses; positions are offsets into it."""

    labels: list[LabelUse] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)
    queries: list[tuple[int, str]] = field(default_factory=list)


def uses_of(text: str, language: str | None, name: str) -> Uses:
    """What a good template of the alert `name` uses."""
    compiled = compile_field(text, language, name)
    if isinstance(compiled, GoField):
        # The text is good, so that each word in it that stands for a function is one.
        functions = frozenset(re.findall(r"\w+", text))
        tree, defines = parse(text, name, functions, variables=(*VARIABLES, *EXTRA_VARIABLES))
        walk = _GoWalk(Uses(), text)
        for one in (tree, *defines.values()):
            walk.nodes(one.body, _TOP)
        return walk.uses
    return _jinja_uses(compiled, text) if isinstance(compiled, JinjaField) else Uses()


@dataclass(frozen=True)
class _Context:
    """What `.` is: the alert's data (`top`), the samples of a query, one of them, or something else."""

    top: bool = False
    samples: str | None = None
    sample: str | None = None


_TOP = _Context(top=True)
_OTHER = _Context()


@dataclass(frozen=True)
class _GoWalk:
    """Walks the trees of a Go template and notes what it uses."""

    uses: Uses
    text: str

    def nodes(self, nodes: tuple[Node, ...], context: _Context) -> None:
        for node in nodes:
            match node:
                case Action():
                    self._pipe(node.pipe, context)
                    if not node.pipe.variables and self._has_value(node.pipe, context):
                        self.uses.printed.append(Printed(node.position, frozenset(_functions(node.pipe))))
                case If():
                    self._pipe(node.pipe, context)
                    self.nodes(node.body, context)
                    self.nodes(node.otherwise, context)
                case With() | Range():
                    self._pipe(node.pipe, context)
                    query = _query_of(node.pipe)
                    inner = _OTHER
                    if query is not None:
                        inner = _Context(samples=query) if isinstance(node, With) else _Context(sample=query)
                    self.nodes(node.body, inner)
                    self.nodes(node.otherwise, context)
                case Call():
                    if node.pipe is not None:
                        self._pipe(node.pipe, context)

    def _pipe(self, pipe: Pipe, context: _Context) -> None:
        query = _query_of(pipe)
        if query is None and pipe.commands and pipe.commands[0].operands == (Dot(_start(pipe)),):
            query = context.samples
        for place, command in enumerate(pipe.commands):
            self._query(command, pipe.commands[place - 1] if place else None)
            label = _literal_argument(command, "label")
            if label is not None and query is not None and place:
                self.uses.labels.append(LabelUse(command.position, label.value, query))
            index = _literal_argument(command, "index", at=2)
            if index is not None and str(command.operands[1]) in ("$labels", ".Labels", "$.Labels"):
                self.uses.labels.append(LabelUse(command.position, index.value))
            for operand in command.operands:
                self._operand(operand, context)

    def _query(self, command: Command, before: Command | None) -> None:
        text = _literal_argument(command, "query")
        if text is None and before is not None and _is_call(command, "query") and len(before.operands) == 1:
            text = before.operands[0] if isinstance(before.operands[0], String) else None
        if text is not None:
            self.uses.queries.append((text.position + 1, text.value))

    def _operand(self, operand: Operand, context: _Context) -> None:
        match operand:
            case Pipe():
                self._pipe(operand, context)
            case Chain():
                self._operand(operand.term, context)
            case Variable(name="$labels", names=(name, *_)) | Variable(name="$", names=("Labels", name, *_)):
                # The parser places a variable with fields at the first dot.
                start = self.text.rfind("$", 0, operand.position + 1)
                self.uses.labels.append(LabelUse(max(start, 0), name))
            case Field(position, ("Labels", name, *_)) if context.top:
                self.uses.labels.append(LabelUse(position, name))
            case Field(position, ("Labels", name, *_)) if context.sample is not None:
                self.uses.labels.append(LabelUse(position, name, context.sample))

    def _has_value(self, pipe: Pipe, context: _Context) -> bool:
        return any(_is_value(operand, context) for command in pipe.commands for operand in _flat(command))


def _is_value(operand: Operand, context: _Context) -> bool:
    match operand:
        case Variable(name="$value") | Variable(name="$", names=("Value",)):
            return True
        case Field(names=("Value",)):
            return context.top
    return False


def _flat(command: Command) -> Iterator[Operand]:
    for operand in command.operands:
        yield operand
        if isinstance(operand, Pipe):
            for inner in operand.commands:
                yield from _flat(inner)


def _functions(pipe: Pipe) -> Iterator[str]:
    for command in pipe.commands:
        yield from (operand.name for operand in _flat(command) if isinstance(operand, Identifier))


def _start(pipe: Pipe) -> int:
    return pipe.commands[0].operands[0].position


def _is_call(command: Command, function: str) -> bool:
    first = command.operands[0]
    return isinstance(first, Identifier) and first.name == function


def _literal_argument(command: Command, function: str, at: int = 1) -> String | None:
    """The literal text that the function is called with in this command."""
    if not _is_call(command, function) or len(command.operands) <= at:
        return None
    argument = command.operands[at]
    return argument if isinstance(argument, String) else None


def _query_of(pipe: Pipe) -> str | None:
    """The text of the query that a pipeline begins with, where what follows keeps its samples' labels."""
    if not pipe.commands:
        return None
    text = _literal_argument(pipe.commands[0], "query")
    if text is None and len(pipe.commands) > 1 and _is_call(pipe.commands[1], "query"):
        first = pipe.commands[0].operands[0]
        text = first if isinstance(first, String) else None
    return None if text is None else text.value


def _jinja_uses(compiled: JinjaField, text: str) -> Uses:
    tree = compiled.template.environment.parse(text)
    uses = Uses()
    for node in tree.find_all((jinja2.nodes.Getattr, jinja2.nodes.Getitem)):
        name = _jinja_label(node)
        if name is not None:
            uses.labels.append(LabelUse(_found(text, name), name))
    for output in tree.find_all(jinja2.nodes.Output):
        for printed in output.nodes:
            inner = printed
            filters = set()
            while isinstance(inner, jinja2.nodes.Filter) and inner.node is not None:
                filters.add(inner.name)
                inner = inner.node
            if isinstance(inner, jinja2.nodes.Name) and inner.name == "value":
                uses.printed.append(Printed(_found(text, "value"), frozenset(filters)))
    return uses


def _jinja_label(node: jinja2.nodes.Expr) -> str | None:
    match node:
        case jinja2.nodes.Getattr(node=jinja2.nodes.Name(name="labels"), attr=str(name)):
            return name
        case jinja2.nodes.Getitem(node=jinja2.nodes.Name(name="labels"), arg=jinja2.nodes.Const(value=str(name))):
            return name
    return None


def _found(text: str, word: str) -> int:
    """Where a word stands within a template's braces; Jinja2 tells lines alone."""
    found = re.search(rf"\{{[{{%][^}}]*?\b{re.escape(word)}\b", text)
    return found.end() - len(word) if found else 0
