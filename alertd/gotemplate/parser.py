"""Builds a template's trees from its tokens.

The grammar, the order in which complaints are found and their words are those of Go's text/template/parse. One thing is
stricter: a variable that was declared in the first branch of an `if` is unknown in its `else`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from alertd.gotemplate.errors import TemplateSyntaxError
from alertd.gotemplate.lexer import Kind, Token, tokens
from alertd.gotemplate.literals import parse_float, parse_int, quote, unquote, unquote_rune
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

_OPERANDS: Final = frozenset(
    {
        Kind.BOOL,
        Kind.RUNE,
        Kind.DOT,
        Kind.FIELD,
        Kind.IDENTIFIER,
        Kind.NUMBER,
        Kind.NIL,
        Kind.RAW_STRING,
        Kind.STRING,
        Kind.VARIABLE,
        Kind.OPEN,
    }
)
_DEEPEST: Final = 100


def parse(
    text: str, name: str, functions: Collection[str], *, variables: Iterable[str] = (), offset: int = 0
) -> tuple[Tree, dict[str, Tree]]:
    """The tree of the text itself, and the trees of its `define`s and `block`s by name.

    `functions` are the names that may be called; `variables` (without `$`) exist from the start; `offset` shifts the
    columns of the first line in errors. Raises TemplateSyntaxError.
    """
    parser = _Parser(text, name, functions, offset)
    try:
        return parser.run(tuple(variables)), parser.defines
    except RecursionError:
        raise TemplateSyntaxError(name, 1, 1, "max expression depth exceeded") from None


class _Scope:
    """The variables that are visible at one place of one template; every declaration gets a slot of its own."""

    def __init__(self, declared: tuple[str, ...]) -> None:
        self.visible: list[tuple[str, int]] = [("$", 0)]
        self.slots = 1
        self.loops = 0
        for name in declared:
            self.declare(f"${name}")

    def declare(self, name: str) -> int:
        slot = self.slots
        self.slots += 1
        self.visible.append((name, slot))
        return slot

    def find(self, name: str) -> int | None:
        return next((slot for known, slot in reversed(self.visible) if known == name), None)


class _Parser:
    def __init__(self, text: str, name: str, functions: Collection[str], offset: int) -> None:
        self.defines: dict[str, Tree] = {}
        self._text = text
        self._name = name
        self._functions = functions
        self._offset = offset
        self._tokens = tokens(text)
        self._next = 0
        self._action_line = 0
        self._depth = 0
        self._nesting = 0
        self._scope = _Scope(())

    def run(self, variables: tuple[str, ...]) -> Tree:
        self._scope = _Scope(variables)
        body: list[Node] = []
        while self._peek().kind is not Kind.EOF:
            if self._at_definition():
                self._definition()
                continue
            node = self._text_or_action()
            if isinstance(node, Token):
                raise self._error(f"unexpected {_closing(node)}", node)
            body.append(node)
        return self._tree(self._name, body, variables)

    def _tree(self, name: str, body: list[Node], declared: tuple[str, ...] = ()) -> Tree:
        return Tree(name, self._name, self._text, self._offset, tuple(body), self._scope.slots, declared)

    # Tokens

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind not in {Kind.EOF, Kind.ERROR}:
            self._next += 1
        return token

    def _peek_word(self) -> Token:
        while self._tokens[self._next].kind is Kind.SPACE:
            self._next += 1
        return self._tokens[self._next]

    def _take_word(self) -> Token:
        self._peek_word()
        return self._take()

    def _expect(self, kind: Kind, context: str) -> Token:
        token = self._take_word()
        if token.kind is not kind:
            raise self._unexpected(token, context)
        return token

    def _error(self, problem: str, token: Token) -> TemplateSyntaxError:
        start = self._text.rfind("\n", 0, token.position) + 1
        return TemplateSyntaxError(self._name, token.line, token.position - start + 1, problem)

    def _unexpected(self, token: Token, context: str) -> TemplateSyntaxError:
        if token.kind is not Kind.ERROR:
            return self._error(f"unexpected {token.describe()} in {context}", token)
        extra = ""
        if self._action_line not in {0, token.line}:
            extra = f" in action started at {self._name}:{self._action_line}"
            if token.text.endswith(" action"):
                extra = extra.removeprefix(" in action")
        return self._error(token.text + extra, token)

    # Templates and lists

    def _at_definition(self) -> bool:
        if self._peek().kind is not Kind.LEFT:
            return False
        following = (token for token in self._tokens[self._next + 1 : self._next + 3] if token.kind is not Kind.SPACE)
        return next(following, self._peek()).kind is Kind.DEFINE

    def _definition(self) -> None:
        context = "define clause"
        self._take()
        self._take_word()
        token = self._take_word()
        if token.kind not in {Kind.STRING, Kind.RAW_STRING}:
            raise self._unexpected(token, context)
        name = self._unquoted(token)
        self._expect(Kind.RIGHT, context)
        self._separate(name, context)

    def _separate(self, name: str, context: str) -> None:
        """Parse a template of its own up to its `end`; it sees none of the variables around it."""
        outer = self._scope
        self._scope = _Scope(())
        body, end = self._list()
        if end.kind is not Kind.END:
            raise self._error(f"unexpected {_closing(end)} in {context}", end)
        tree = self._tree(name, body)
        self._scope = outer
        known = self.defines.get(name)
        if known is None or _is_empty(known):
            self.defines[name] = tree
        elif not _is_empty(tree):
            raise self._error(f'template: multiple definition of template "{name}"', end)

    def _list(self) -> tuple[list[Node], Token]:
        """Everything up to an `end` or `else`, and the keyword that closed it."""
        self._nesting += 1
        if self._nesting > _DEEPEST:
            raise self._error("blocks are nested too deeply", self._peek())
        nodes: list[Node] = []
        while self._peek_word().kind is not Kind.EOF:
            node = self._text_or_action()
            if isinstance(node, Token):
                self._nesting -= 1
                return nodes, node
            nodes.append(node)
        raise self._error("unexpected EOF", self._peek())

    def _text_or_action(self) -> Node | Token:
        token = self._take_word()
        if token.kind is Kind.TEXT:
            return Text(token.position, token.text)
        if token.kind is Kind.LEFT:
            self._action_line = token.line
            node = self._action()
            self._action_line = 0
            return node
        raise self._unexpected(token, "input")

    def _action(self) -> Node | Token:
        """What stands behind `{{`; an `end` or `else` is handed back as its token."""
        token = self._peek_word()
        match token.kind:
            case Kind.BLOCK | Kind.TEMPLATE:
                self._take()
                return self._call(is_block=token.kind is Kind.BLOCK)
            case Kind.BREAK | Kind.CONTINUE:
                self._take()
                return self._leave(token)
            case Kind.END:
                self._take()
                self._expect(Kind.RIGHT, "end")
                return token
            case Kind.ELSE:
                self._take()
                if self._peek_word().kind not in {Kind.IF, Kind.WITH}:
                    self._expect(Kind.RIGHT, "else")
                return token
            case Kind.IF | Kind.WITH | Kind.RANGE:
                self._take()
                return self._control(token)
            case _:
                return Action(token.position, self._pipeline("command", Kind.RIGHT))

    def _leave(self, token: Token) -> Break | Continue:
        following = self._take_word()
        if following.kind is not Kind.RIGHT:
            raise self._unexpected(following, "{{" + token.text + "}}")
        if not self._scope.loops:
            raise self._error("{{" + token.text + "}} outside {{range}}", token)
        return Break(token.position) if token.kind is Kind.BREAK else Continue(token.position)

    def _call(self, *, is_block: bool) -> Call:
        context = "block clause" if is_block else "template clause"
        token = self._take_word()
        if token.kind not in {Kind.STRING, Kind.RAW_STRING}:
            raise self._unexpected(token, context)
        name = self._unquoted(token)
        pipe = None
        if is_block or self._peek_word().kind is not Kind.RIGHT:
            pipe = self._pipeline(context, Kind.RIGHT)
        else:
            self._take()
        if is_block:
            self._separate(name, context)
        return Call(token.position, name, pipe)

    def _control(self, keyword: Token) -> If | With | Range:
        """`if`, `with` or `range` from behind its keyword to behind its `end`."""
        scope = self._scope
        outside = len(scope.visible)
        pipe = self._pipeline(keyword.text, Kind.RIGHT)
        inside = len(scope.visible)
        scope.loops += keyword.kind is Kind.RANGE
        body, closing = self._list()
        scope.loops -= keyword.kind is Kind.RANGE
        del scope.visible[inside:]
        otherwise: list[Node] = []
        if closing.kind is Kind.ELSE:
            otherwise = self._otherwise(keyword)
        del scope.visible[outside:]
        parts = (pipe.position, pipe, tuple(body), tuple(otherwise))
        if keyword.kind is Kind.IF:
            return If(*parts)
        return With(*parts) if keyword.kind is Kind.WITH else Range(*parts)

    def _otherwise(self, keyword: Token) -> list[Node]:
        following = self._peek()
        if following.kind in {Kind.IF, Kind.WITH}:
            if following.kind is not keyword.kind:
                raise self._unexpected(following, "input")
            self._take()
            self._nesting += 1
            if self._nesting > _DEEPEST:
                raise self._error("blocks are nested too deeply", following)
            chained = self._control(following)
            self._nesting -= 1
            return [chained]
        nodes, closing = self._list()
        if closing.kind is not Kind.END:
            raise self._error(f"expected end; found {_closing(closing)}", closing)
        return nodes

    # Pipelines

    def _pipeline(self, context: str, end: Kind) -> Pipe:
        start = self._peek_word()
        variables, assigns = self._declarations(context)
        commands: list[Command] = []
        while True:
            token = self._peek_word()
            if token.kind is end:
                self._take()
                break
            if token.kind not in _OPERANDS:
                raise self._unexpected(token, context)
            commands.append(self._command())
        if not commands:
            raise self._error(f"missing value for {context}", self._tokens[self._next - 1])
        for stage, command in enumerate(commands[1:], start=2):
            if isinstance(command.operands[0], Bool | Dot | Nil | Number | String):
                raise self._error(f"non executable command in pipeline stage {stage}", start)
        declared = tuple(self._target(token, assigns) for token in variables)
        return Pipe(start.position, declared, assigns, tuple(commands))

    def _declarations(self, context: str) -> tuple[list[Token], bool]:
        """The variables in front of `:=` or `=`, and whether it was `=`; nothing when the pipeline has none."""
        names: list[Token] = []
        while (variable := self._peek_word()).kind is Kind.VARIABLE:
            before = self._next
            self._take()
            following = self._peek_word()
            if following.kind in {Kind.ASSIGN, Kind.DECLARE}:
                self._take()
                return [*names, variable], following.kind is Kind.ASSIGN
            if following.kind is not Kind.CHARACTER or following.text != ",":
                self._next = before
                break
            self._take()
            names.append(variable)
            if context != "range" or len(names) > 1:
                raise self._error(f"too many declarations in {context}", following)
            if self._peek_word().kind not in {Kind.VARIABLE, Kind.RIGHT, Kind.CLOSE}:
                raise self._error("range can only initialize variables", self._peek())
        if names:
            raise self._unexpected(self._peek(), context)
        return [], False

    def _target(self, token: Token, assigns: bool) -> Variable:
        if not assigns:
            return Variable(token.position, token.text, self._scope.declare(token.text), ())
        return self._variable(token)

    def _variable(self, token: Token) -> Variable:
        slot = self._scope.find(token.text)
        if slot is None:
            raise self._error(f'undefined variable "{token.text}"', token)
        return Variable(token.position, token.text, slot, ())

    def _command(self) -> Command:
        start = self._peek_word()
        operands: list[Operand] = []
        while True:
            self._peek_word()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._peek()
            if token.kind is Kind.SPACE:
                self._take()
                continue
            if token.kind is Kind.PIPE:
                self._take()
                if not operands:
                    raise self._error("empty command", token)
            elif token.kind not in {Kind.RIGHT, Kind.CLOSE}:
                raise self._unexpected(token, "operand")
            break
        if not operands:
            raise self._error("empty command", token)
        return Command(start.position, tuple(operands))

    def _operand(self) -> Operand | None:
        """A term and the fields behind it; a chain stands where its first further field stands, as in Go."""
        term = self._term()
        following = self._peek()
        if term is None or following.kind is not Kind.FIELD:
            return term
        names: list[str] = []
        while self._peek().kind is Kind.FIELD:
            names.append(self._take().text[1:])
        if isinstance(term, Field):
            return Field(following.position, (*term.names, *names))
        if isinstance(term, Variable):
            return Variable(following.position, term.name, term.slot, (*term.names, *names))
        if isinstance(term, Bool | String | Number | Nil | Dot):
            raise self._error(f"unexpected . after term {quote(str(term))}", following)
        return Chain(following.position, term, tuple(names))

    def _term(self) -> Operand | None:
        token = self._peek_word()
        if token.kind not in _OPERANDS:
            return None
        self._take()
        match token.kind:
            case Kind.IDENTIFIER:
                if token.text not in self._functions:
                    raise self._error(f'function "{token.text}" not defined', token)
                return Identifier(token.position, token.text)
            case Kind.DOT:
                return Dot(token.position)
            case Kind.NIL:
                return Nil(token.position)
            case Kind.VARIABLE:
                return self._variable(token)
            case Kind.FIELD:
                return Field(token.position, (token.text[1:],))
            case Kind.BOOL:
                return Bool(token.position, token.text == "true")
            case Kind.RUNE | Kind.NUMBER:
                return self._number(token)
            case Kind.OPEN:
                return self._parenthesised(token)
            case _:
                return String(token.position, token.text, self._unquoted(token))

    def _parenthesised(self, token: Token) -> Pipe:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("max expression depth exceeded", token)
        pipe = self._pipeline("parenthesized pipeline", Kind.CLOSE)
        self._depth -= 1
        return pipe

    def _unquoted(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except ValueError as error:
            raise self._error(str(error), token) from None

    def _number(self, token: Token) -> Number:
        source = token.text
        try:
            if token.kind is Kind.RUNE:
                point = unquote_rune(source)
                return Number(token.position, source, point, point, float(point))
            if source.endswith("i") and "x" not in source.lower():
                raise ValueError(f'illegal number syntax: "{source}" (complex numbers are not supported)')
            return _number(token.position, source)
        except ValueError as error:
            raise self._error(str(error), token) from None


def _number(position: int, source: str) -> Number:
    is_hexadecimal = source.lower().lstrip("+-").startswith("0x")
    if not any(letter in source for letter in (".pP" if is_hexadecimal else ".eE")):
        integer = parse_int(source)
        return Number(position, source, integer, integer, float(integer))
    number = parse_float(source)
    whole = int(number) if number.is_integer() and abs(number) < 2**63 else None
    return Number(position, source, number, whole, number)


def _is_empty(tree: Tree) -> bool:
    return all(isinstance(node, Text) and not node.text.strip(" \t\r\n\f\v") for node in tree.body)


def _closing(token: Token) -> str:
    return "{{" + token.text + "}}"
