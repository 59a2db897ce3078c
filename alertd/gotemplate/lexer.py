"""Cuts a template's text into tokens: text between actions, and the words inside `{{ }}`."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

LEFT: Final = "{{"
RIGHT: Final = "}}"
_SPACE: Final = " \t\r\n"
_LEFT_COMMENT: Final = "/*"
_RIGHT_COMMENT: Final = "*/"
_TRIM_LENGTH: Final = 2

_WORD: Final = re.compile(r"\w+")
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_RAW: Final = re.compile(r"`[^`]*`")
_CHARACTER: Final = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


class Kind(Enum):
    """What a token is; the value is how an error names a token that has no text of its own."""

    TEXT = "text"
    LEFT = "left delimiter"
    RIGHT = "right delimiter"
    SPACE = "space"
    ASSIGN = "="
    DECLARE = ":="
    PIPE = "|"
    OPEN = "("
    CLOSE = ")"
    CHARACTER = "character"
    STRING = "string"
    RAW_STRING = "raw string"
    RUNE = "character constant"
    NUMBER = "number"
    BOOL = "bool"
    IDENTIFIER = "identifier"
    FIELD = "field"
    VARIABLE = "variable"
    DOT = "."
    NIL = "nil"
    BLOCK = "block"
    BREAK = "break"
    CONTINUE = "continue"
    DEFINE = "define"
    ELSE = "else"
    END = "end"
    IF = "if"
    RANGE = "range"
    TEMPLATE = "template"
    WITH = "with"
    EOF = "EOF"
    ERROR = "error"


KEYWORDS: Final = {
    kind.value: kind
    for kind in (
        Kind.NIL,
        Kind.BLOCK,
        Kind.BREAK,
        Kind.CONTINUE,
        Kind.DEFINE,
        Kind.ELSE,
        Kind.END,
        Kind.IF,
        Kind.RANGE,
        Kind.TEMPLATE,
        Kind.WITH,
    )
}
_KEYWORD_KINDS: Final = frozenset(KEYWORDS.values()) | {Kind.DOT}
_SIMPLE: Final = {"=": Kind.ASSIGN, "|": Kind.PIPE, "(": Kind.OPEN, ")": Kind.CLOSE}
_LONGEST_QUOTED: Final = 10


class Token(NamedTuple):
    """A piece of the text. `position` counts characters from the start of the text, `line` counts from 1."""

    kind: Kind
    text: str
    position: int
    line: int

    def describe(self) -> str:
        """The token as an error names it, in Go's manner: quoted, cut short, keywords in angle brackets."""
        if self.kind is Kind.EOF:
            return "EOF"
        if self.kind is Kind.ERROR:
            return self.text
        if self.kind in _KEYWORD_KINDS:
            return f"<{self.text}>"
        if len(self.text) > _LONGEST_QUOTED:
            return f'"{self.text[:_LONGEST_QUOTED]}"...'
        return f'"{self.text}"'


class _Refused(Exception):
    """The text is broken here; carries the problem and the place."""

    def __init__(self, problem: str, position: int) -> None:
        self.problem = problem
        self.position = position
        super().__init__(problem)


def tokens(text: str) -> list[Token]:
    """All tokens of a text. The last one is EOF, or ERROR with the problem as its text."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._parentheses = 0
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        try:
            while self._literal_text():
                self._action()
            self._emit(Kind.EOF, len(self._text), len(self._text))
        except _Refused as refused:
            self._tokens.append(Token(Kind.ERROR, refused.problem, refused.position, self._line_of(refused.position)))
        return self._tokens

    def _line_of(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted, position)
        self._counted = max(self._counted, position)
        return self._line

    def _emit(self, kind: Kind, start: int, end: int) -> None:
        self._tokens.append(Token(kind, self._text[start:end], start, self._line_of(start)))
        self._at = end

    def _literal_text(self) -> bool:
        """Take the text up to the next `{{` that is not a comment; False when the text is over."""
        while True:
            start = self._at
            left = self._text.find(LEFT, start)
            end = len(self._text) if left < 0 else left
            trims = left >= 0 and self._trims_left(left + len(LEFT))
            kept = start + len(self._text[start:end].rstrip(_SPACE)) if trims else end
            if kept > start:
                self._emit(Kind.TEXT, start, kept)
            if left < 0:
                return False
            self._at = left
            inside = left + len(LEFT) + (1 if trims else 0)
            comment = inside + 1 if trims else inside
            if not self._text.startswith(_LEFT_COMMENT, comment):
                self._emit(Kind.LEFT, left, left + len(LEFT))
                self._at = inside + 1 if trims else inside
                return True
            self._comment(comment)

    def _trims_left(self, position: int) -> bool:
        text = self._text
        return text.startswith("-", position) and position + 1 < len(text) and text[position + 1] in _SPACE

    def _right_delimiter(self, position: int) -> int:
        """The length of the closing delimiter here (with its trim marker), or 0."""
        text = self._text
        if text.startswith(RIGHT, position):
            return len(RIGHT)
        marked = position < len(text) and text[position] in _SPACE and text.startswith("-" + RIGHT, position + 1)
        return _TRIM_LENGTH + len(RIGHT) if marked else 0

    def _skip_space(self) -> None:
        spaces = _SPACES.match(self._text, self._at)
        if spaces:
            self._at = spaces.end()

    def _comment(self, start: int) -> None:
        close = self._text.find(_RIGHT_COMMENT, start + len(_LEFT_COMMENT))
        if close < 0:
            raise _Refused("unclosed comment", start)
        close += len(_RIGHT_COMMENT)
        length = self._right_delimiter(close)
        if not length:
            raise _Refused("comment ends before closing delimiter", close)
        self._at = close + length
        if length > len(RIGHT):
            self._skip_space()

    def _action(self) -> None:
        """Take everything up to and with the closing delimiter."""
        self._parentheses = 0
        while True:
            start = self._at
            length = self._right_delimiter(start)
            if length:
                if self._parentheses:
                    raise _Refused("unclosed left paren", start)
                self._emit(Kind.RIGHT, start + length - len(RIGHT), start + length)
                if length > len(RIGHT):
                    self._skip_space()
                return
            if start >= len(self._text):
                raise _Refused("unclosed action", start)
            self._word(start, self._text[start])

    def _word(self, start: int, first: str) -> None:
        if first in _SPACE:
            self._spaces(start)
        elif first in _SIMPLE:
            self._parentheses += (first == "(") - (first == ")")
            if self._parentheses < 0:
                raise _Refused("unexpected right paren", start)
            self._emit(_SIMPLE[first], start, start + 1)
        elif first == ":":
            if not self._text.startswith(":=", start):
                raise _Refused("expected :=", start)
            self._emit(Kind.DECLARE, start, start + 2)
        elif first == '"':
            self._delimited(_QUOTED, Kind.STRING, start, "unterminated quoted string")
        elif first == "`":
            self._delimited(_RAW, Kind.RAW_STRING, start, "unterminated raw quoted string")
        elif first == "'":
            self._delimited(_CHARACTER, Kind.RUNE, start, "unterminated character constant")
        elif first == "$":
            self._name(Kind.VARIABLE, start)
        elif first == "." and not self._text[start + 1 : start + 2].isdecimal():
            self._name(Kind.FIELD, start)
        elif first in ".+-" or first in "0123456789":
            self._number(start)
        elif first == "_" or first.isalnum():
            self._identifier(start)
        elif first.isascii() and first.isprintable():
            self._emit(Kind.CHARACTER, start, start + 1)
        else:
            raise _Refused(f"unrecognized character in action: {_code_point(first)}", start)

    def _spaces(self, start: int) -> None:
        """A run of spaces; its last one may belong to a trim marker of the closing delimiter."""
        spaces = _SPACES.match(self._text, start)
        end = spaces.end() if spaces else start
        if self._right_delimiter(end - 1):
            end -= 1
        self._emit(Kind.SPACE, start, end)

    def _delimited(self, pattern: re.Pattern[str], kind: Kind, start: int, problem: str) -> None:
        found = pattern.match(self._text, start)
        if not found:
            raise _Refused(problem, start)
        self._emit(kind, start, found.end())

    def _name(self, kind: Kind, start: int) -> None:
        """`$name` or `.Name`; nothing behind the sign makes it `$` or `.`."""
        word = _WORD.match(self._text, start + 1)
        end = word.end() if word else start + 1
        self._check_terminator(end)
        if not word and kind is Kind.FIELD:
            kind = Kind.DOT
        self._emit(kind, start, end)

    def _number(self, start: int) -> None:
        found = _NUMBER.match(self._text, start)
        end = found.end() if found else start
        behind = self._text[end : end + 1]
        if end == start or behind == "_" or behind.isalnum():
            raise _Refused(f'bad number syntax: "{self._text[start : end + 1]}"', start)
        if behind and behind in "+-":
            second = _NUMBER.match(self._text, end)
            whole = self._text[start : second.end() if second else end]
            raise _Refused(f'bad number syntax: "{whole}"', start)
        self._emit(Kind.NUMBER, start, end)

    def _identifier(self, start: int) -> None:
        word = _WORD.match(self._text, start)
        end = word.end() if word else start + 1
        self._check_terminator(end)
        name = self._text[start:end]
        kind = Kind.BOOL if name in {"true", "false"} else KEYWORDS.get(name, Kind.IDENTIFIER)
        self._emit(kind, start, end)

    def _check_terminator(self, end: int) -> None:
        behind = self._text[end : end + 1]
        if behind and behind not in " \t\r\n.,|:)(" and not self._text.startswith(RIGHT, end):
            raise _Refused(f"bad character {_code_point(behind)}", end)


def _code_point(character: str) -> str:
    name = f"U+{ord(character):04X}"
    return f"{name} '{character}'" if character.isprintable() else name
