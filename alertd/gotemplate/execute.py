"""Runs a parsed template over data, as Go's text/template does with `missingkey=zero`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Final, TypeAlias

from alertd.gotemplate.errors import TemplateExecutionError, TemplateLimit
from alertd.gotemplate.gofmt import plain, sorted_items
from alertd.gotemplate.limits import Limits
from alertd.gotemplate.nodes import (
    Action,
    Bool,
    Break,
    Call,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Nil,
    Node,
    Number,
    Operand,
    Pipe,
    Range,
    String,
    Text,
    Tree,
    Variable,
    With,
)
from alertd.gotemplate.output import Output
from alertd.gotemplate.reflection import go_type, is_true, method, shown
from alertd.gotemplate.signature import ANY, Parameter, Signature, signature_of

Function: TypeAlias = Callable[..., object]
Known: TypeAlias = Mapping[str, tuple[Function, Signature]]
_Place: TypeAlias = Node | Operand | Command


class _Leave(Enum):
    """How a body ended before its last node."""

    BREAK = "break"
    CONTINUE = "continue"


class _Missing(Enum):
    """No value came down the pipeline."""

    FINAL = "missing"


_FINAL: Final = _Missing.FINAL
_REFUSALS: Final = (ValueError, ArithmeticError, LookupError)


class Execution:
    """One run. Build it, call `run` once, and read the output."""

    def __init__(
        self,
        tree: Tree,
        templates: Mapping[str, Tree],
        functions: Known,
        own_functions: Mapping[str, Function],
        limits: Limits,
        output: Output,
    ) -> None:
        """`templates` are those that may be called by name; `own_functions` take precedence over `functions`, whose
        signatures are read already."""
        self._tree = tree
        self._templates = templates
        self._functions = functions
        self._own = own_functions
        self._limits = limits
        self._output = output
        self._steps = limits.steps
        self._depth = 0
        self._at: _Place | None = None
        self._frame: list[object] = []

    def run(self, data: object, variables: Mapping[str, object]) -> None:
        """Execute the template over `data`, with values for the variables that it declares.

        Raises TemplateExecutionError, and TemplateLimit when a limit is hit.
        """
        self._frame = [None] * self._tree.slots
        self._frame[0] = data
        for slot, name in enumerate(self._tree.declared, start=1):
            self._frame[slot] = variables.get(name)
        try:
            self._walk(self._tree.body, data)
        except RecursionError:
            raise TemplateLimit(f"template: {self._tree.name}: nested too deeply") from None

    # Errors and limits

    def _error(self, problem: str) -> TemplateExecutionError:
        return TemplateExecutionError(self._worded(problem))

    def _worded(self, problem: str) -> str:
        name = self._tree.name
        if self._at is None:
            return f"template: {name}: {problem}"
        location = self._tree.location(self._at.position)
        return f'template: {location}: executing "{name}" at <{self._at}>: {problem}'

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TemplateLimit(self._worded(f"took more than {self._limits.steps} steps"))

    # Nodes

    def _walk(self, nodes: Iterable[Node], dot: object) -> _Leave | None:
        for node in nodes:
            if type(node) is Text:
                self._output.text(node.text)
                continue
            self._step()
            leave = self._visit(node, dot)
            if leave is not None:
                return leave
        return None

    def _visit(self, node: Node, dot: object) -> _Leave | None:
        match node:
            case Action():
                value = self._pipeline(node.pipe, dot)
                if not node.pipe.variables:
                    self._print(node, value)
            case If():
                return self._walk(node.body if is_true(self._pipeline(node.pipe, dot)) else node.otherwise, dot)
            case With():
                value = self._pipeline(node.pipe, dot)
                return self._walk(node.body, value) if is_true(value) else self._walk(node.otherwise, dot)
            case Range():
                return self._range(node, dot)
            case Call():
                self._call_template(node, dot)
            case Break():
                return _Leave.BREAK
            case Continue():
                return _Leave.CONTINUE
            case Text():
                self._output.text(node.text)
        return None

    def _print(self, node: Action, value: object) -> None:
        self._at = node
        if callable(value) and not shown(value):
            raise self._error(f"can't print {node} of type {go_type(value)}")
        try:
            self._output.value(value)
        except ValueError as error:
            raise self._error(str(error)) from None

    def _range(self, node: Range, dot: object) -> _Leave | None:
        value = self._pipeline(node.pipe, dot, declares=False)
        pairs = self._iterated(node, value)
        targets = node.pipe.variables
        empty = True
        for key, item in pairs:
            empty = False
            self._step()
            if len(targets) > 1:
                self._frame[targets[0].slot] = key
            if targets:
                self._frame[targets[-1].slot] = item
            if self._walk(node.body, item) is _Leave.BREAK:
                break
        return self._walk(node.otherwise, dot) if empty else None

    def _iterated(self, node: Range, value: object) -> Iterable[tuple[object, object]]:
        """The keys and items that a `range` goes through."""
        if value is None:
            return ()
        if isinstance(value, Mapping):
            return sorted_items(value)
        if isinstance(value, list | tuple):
            return enumerate(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipe.variables) > 1:
                raise self._error(f"can't use {plain(value)} to iterate over more than one variable")
            return ((None, number) for number in range(value))
        raise self._error(f"range can't iterate over {plain(value)}")

    def _call_template(self, node: Call, dot: object) -> None:
        self._at = node
        tree = self._templates.get(node.name)
        if tree is None:
            raise self._error(f'template "{node.name}" not defined')
        if self._depth == self._limits.depth:
            raise TemplateLimit(self._worded(f"exceeded maximum template depth ({self._limits.depth})"))
        data = None if node.pipe is None else self._pipeline(node.pipe, dot)
        outer = (self._tree, self._frame)
        self._tree = tree
        self._frame = [None] * tree.slots
        self._frame[0] = data
        self._depth += 1
        self._walk(tree.body, data)
        self._depth -= 1
        self._tree, self._frame = outer

    # Pipelines

    def _pipeline(self, pipe: Pipe, dot: object, *, declares: bool = True) -> object:
        self._at = pipe
        value: object = _FINAL
        for command in pipe.commands:
            value = self._command(command, dot, value)
        if declares:
            for variable in pipe.variables:
                self._frame[variable.slot] = value
        return value

    def _command(self, command: Command, dot: object, final: object) -> object:
        self._step()
        operands = command.operands
        first = operands[0]
        if isinstance(first, Identifier):
            self._at = first
            return self._call_named(first, command, operands[1:], dot, final)
        if isinstance(first, Variable | Field | Chain):
            return self._chain(first, operands[1:], dot, final)
        if not isinstance(first, Pipe):
            self._at = first
        if len(operands) > 1 or final is not _FINAL:
            raise self._error(f"can't give argument to non-function {first}")
        if isinstance(first, Nil):
            raise self._error("nil is not a command")
        return self._operand(first, dot)

    def _operand(self, node: Operand, dot: object) -> object:
        """The value of an operand that stands alone."""
        if isinstance(node, String | Number | Bool):
            return node.value
        if isinstance(node, Variable | Field | Chain):
            return self._chain(node, (), dot, _FINAL)
        if isinstance(node, Dot):
            return dot
        if isinstance(node, Pipe):
            return self._pipeline(node, dot)
        if isinstance(node, Identifier):
            self._at = node
            return self._call_named(node, node, (), dot, _FINAL)
        return None

    # Fields

    def _chain(
        self, node: Field | Variable | Chain, arguments: tuple[Operand, ...], dot: object, final: object
    ) -> object:
        """A value and the fields behind it; the last may be a method that takes the arguments."""
        self._at = node
        if isinstance(node, Field):
            receiver = dot
        elif isinstance(node, Variable):
            receiver = self._frame[node.slot]
            if not node.names and (arguments or final is not _FINAL):
                raise self._error(f"can't give argument to non-function {node}")
        elif isinstance(node.term, Nil):
            raise self._error(f"indirection through explicit nil in {node}")
        else:
            receiver = self._operand(node.term, dot)
        if receiver is None:
            return None
        last = len(node.names) - 1
        for place, name in enumerate(node.names):
            if place == last:
                receiver = self._field(node, name, receiver, arguments, dot, final)
            else:
                receiver = self._field(node, name, receiver, (), dot, _FINAL)
        return receiver

    def _field(
        self,
        node: Field | Variable | Chain,
        name: str,
        receiver: object,
        arguments: tuple[Operand, ...],
        dot: object,
        final: object,
    ) -> object:
        if receiver is None:
            raise self._error(f"nil pointer evaluating interface {{}}.{name}")
        attribute = shown(receiver).get(name)
        has_arguments = bool(arguments) or final is not _FINAL
        if attribute is not None:
            bound = method(receiver, name)
            if bound is not None:
                return self._call(bound, signature_of(bound), name, node, arguments, dot, final)
            if has_arguments:
                raise self._error(f"{name} has arguments but cannot be invoked as function")
            return getattr(receiver, attribute)
        if isinstance(receiver, Mapping):
            if has_arguments:
                raise self._error(f"{name} is not a method but has arguments")
            value: object = receiver.get(name, getattr(type(receiver), "__go_zero__", None))
            return value
        raise self._error(f"can't evaluate field {name} in type {go_type(receiver)}")

    # Functions

    def _call_named(
        self, node: Identifier, at: _Place, arguments: tuple[Operand, ...], dot: object, final: object
    ) -> object:
        name = node.name
        own = self._own.get(name)
        if own is not None:
            return self._call(own, signature_of(own), name, at, arguments, dot, final)
        known = self._functions.get(name)
        if known is not None:
            return self._call(*known, name, at, arguments, dot, final)
        if name in {"and", "or"}:
            return self._short_circuit(name, arguments, dot, final)
        raise self._error(f'"{name}" is not a defined function')

    def _short_circuit(self, name: str, arguments: tuple[Operand, ...], dot: object, final: object) -> object:
        """`and` and `or`: the first argument that decides, else the last."""
        if not arguments and final is _FINAL:
            raise self._error(f"wrong number of args for {name}: want at least 1 got 0")
        value: object = None
        for argument in arguments:
            value = self._argument(argument, ANY, dot)
            if is_true(value) is (name == "or"):
                return value
        return value if final is _FINAL else final

    def _call(
        self,
        function: Function,
        signature: Signature,
        name: str,
        at: _Place,
        arguments: tuple[Operand, ...],
        dot: object,
        final: object,
    ) -> object:
        given = len(arguments) + (final is not _FINAL)
        wanted = len(signature.fixed)
        if signature.variadic is not None:
            if given < wanted:
                raise self._error(f"wrong number of args for {name}: want at least {wanted} got {len(arguments)}")
        elif given != wanted:
            raise self._error(f"wrong number of args for {name}: want {wanted} got {given}")
        values = [self._argument(node, signature.at(place), dot) for place, node in enumerate(arguments)]
        if final is not _FINAL:
            values.append(self._checked(final, signature.at(len(values))))
        try:
            result = function(*values)
        except _REFUSALS as error:
            self._at = at
            raise TemplateExecutionError(self._worded(f"error calling {name}: {error}")) from error
        if isinstance(result, str) and len(result) > self._limits.output:
            raise TemplateLimit(self._worded(f"a string is longer than {self._limits.output} characters"))
        return result

    def _argument(self, node: Operand, parameter: Parameter, dot: object) -> object:
        """The value of an argument; a literal takes the parameter's type, as Go's constants do."""
        self._at = node
        if isinstance(node, Nil):
            if parameter.types and not parameter.nil:
                raise self._error(f"cannot assign nil to {parameter.go_name}")
            return None
        if isinstance(node, String | Number | Bool):
            return self._literal(node, parameter)
        return self._checked(self._operand(node, dot), parameter)

    def _literal(self, node: String | Number | Bool, parameter: Parameter) -> object:
        match parameter.go_name:
            case "interface {}":
                return node.value
            case "string" if isinstance(node, String):
                return node.value
            case "bool" if isinstance(node, Bool):
                return node.value
            case "int" if isinstance(node, Number) and node.as_int is not None:
                return node.as_int
            case "float64" if isinstance(node, Number):
                return node.as_float
        expected = {"string": "string", "bool": "bool", "int": "integer", "float64": "float"}.get(parameter.go_name)
        if expected is not None:
            raise self._error(f"expected {expected}; found {node}")
        raise self._error(f"can't handle {node} for arg of type {parameter.go_name}")

    def _checked(self, value: object, parameter: Parameter) -> object:
        if parameter.accepts(value):
            return value
        if value is None:
            raise self._error(f"invalid value; expected {parameter.go_name}")
        raise self._error(f"wrong type for value; expected {parameter.go_name}; got {go_type(value)}")
