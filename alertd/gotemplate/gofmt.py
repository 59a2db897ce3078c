"""Printing as Go's fmt package prints: `sprint`, `sprintln` and `sprintf` over Python values.

The verbs are v T t d b o O x X c q U e E f F g G s; flags are `+ - # 0` and space; width and precision may be numbers
or `*`; `[n]` picks an argument. What is wrong is printed in place, as Go does: `%!d(string=x)`, `%!s(MISSING)`,
`%!(EXTRA int=1)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alertd.gotemplate.gofloat import format_float
from alertd.gotemplate.literals import can_backquote, go_bytes, is_printable, quote, quote_rune
from alertd.gotemplate.reflection import go_type, shown, stringer

_NIL: Final = "<nil>"
_WIDEST: Final = 1_000_000
_DEEPEST: Final = 100
_SIMPLE: Final = re.compile(r"%([-+# 0]*)([1-9][0-9]{0,4})?(\.[0-9]{0,5})?([a-zA-Z])")
_FLAGS: Final = frozenset("#0+- ")
_DIGITS: Final = re.compile(r"[0-9]+")
_INDEX: Final = re.compile(r"\[([^\]]*)\]")
_BASES: Final = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES: Final = {"b": "0b", "x": "0x", "X": "0X"}
_FLOAT_PRECISION: Final = {"v": -1, "b": -1, "g": -1, "G": -1, "x": -1, "X": -1, "f": 6, "F": 6, "e": 6, "E": 6}
_MAX_RUNE: Final = 0x10FFFF


def sprint(*values: object) -> str:
    """The values as `%v`, with a space between two neighbours of which neither is a string."""
    parts: list[str] = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            parts.append(" ")
        parts.append(plain(value))
    return "".join(parts)


def sprintln(*values: object) -> str:
    """The values as `%v`, with a space between all and a line end."""
    return " ".join(map(plain, values)) + "\n"


def sprintf(template: str, *values: object) -> str:
    """The values printed into the template, verb by verb."""
    return _Formatter(template, values).run()


def plain(value: object) -> str:
    """One value as `%v`."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is float:
        return format_float(value)  # type: ignore[arg-type]  # its type is float
    if kind is int:
        return str(value)
    return _Verb("v").show(value)


@dataclass(slots=True)
class _Verb:
    """One verb with its flags, able to print a value."""

    letter: str
    flags: str = ""
    width: int | None = None
    precision: int | None = None
    minus: bool = False
    zero: bool = False
    go_syntax: bool = field(init=False, default=False)
    names: bool = field(init=False, default=False)
    sharp: bool = field(init=False, default=False)
    plus: bool = field(init=False, default=False)
    space: bool = field(init=False, default=False)
    erroring: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.sharp = "#" in self.flags
        self.plus = "+" in self.flags
        self.space = " " in self.flags
        self.minus = self.minus or "-" in self.flags
        self.zero = self.zero or "0" in self.flags
        if self.letter in "vw":
            self.go_syntax, self.names = self.sharp, self.plus
            self.sharp = self.plus = False

    def show(self, value: object, depth: int = 0) -> str:
        if depth > _DEEPEST:
            return "..."
        if value is None:
            return self._nil(depth)
        if self.letter == "T":
            return self._string(go_type(value), "s")
        if self.letter == "p":
            return self.bad(value)
        if self.letter in "vsxXq" and not self.erroring and not self.go_syntax:
            said = stringer(value)
            if said is not None:
                return self._string(said, self.letter, value)
        return self._by_kind(value, depth)

    def _by_kind(self, value: object, depth: int) -> str:
        if isinstance(value, str):
            return self._string(value, self.letter, value)
        if isinstance(value, bool):
            return self.pad("true" if value else "false") if self.letter in "tv" else self.bad(value)
        if isinstance(value, float):
            return self._float(value)
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, Mapping):
            return self._map(value, depth)
        if isinstance(value, list | tuple):
            return self._slice(value, depth)
        return self._struct(value, depth)

    def bad(self, value: object) -> str:
        """Go's complaint about a verb that does not fit the value."""
        if value is None:
            return f"%!{self.letter}({_NIL})"
        letter, self.letter, self.erroring = self.letter, "v", True
        shown_value = self.show(value)
        self.letter, self.erroring = letter, False
        return f"%!{letter}({go_type(value)}={shown_value})"

    def pad(self, text: str, *, zeros: bool | None = None) -> str:
        """Bring the text to the width; numbers pass `zeros=False` because their zeros stand behind the sign."""
        missing = (self.width or 0) - len(text)
        if missing <= 0:
            return text
        if self.minus:
            return text + " " * missing
        filler = "0" if (self.zero if zeros is None else zeros) else " "
        return filler * missing + text

    def _nil(self, depth: int) -> str:
        if depth:
            return "interface {}(nil)" if self.go_syntax else _NIL
        return self.pad(_NIL) if self.letter in "vT" else self.bad(None)

    def _string(self, text: str, letter: str, value: object = "") -> str:
        if letter in "vs":
            text = text if self.precision is None else text[: self.precision]
            return self._quoted(text) if letter == "v" and self.go_syntax else self.pad(text)
        if letter == "q":
            return self._quoted(text if self.precision is None else text[: self.precision])
        if letter in "xX":
            return self._hexadecimal_text(text, upper=letter == "X")
        return self.bad(value)

    def _quoted(self, text: str) -> str:
        if self.sharp and can_backquote(text):
            return self.pad(f"`{text}`")
        return self.pad(quote(text, ascii_only=self.plus))

    def _hexadecimal_text(self, text: str, *, upper: bool) -> str:
        data = go_bytes(text)
        data = data if self.precision is None else data[: self.precision]
        pairs = [f"{byte:02X}" if upper else f"{byte:02x}" for byte in data]
        prefix = ("0X" if upper else "0x") if self.sharp and pairs else ""
        if self.space:
            return self.pad(" ".join(prefix + pair for pair in pairs))
        return self.pad(prefix + "".join(pairs))

    def _integer(self, value: int) -> str:
        letter = self.letter
        if letter in "cqU":
            return self._code_point(value)
        base = _BASES.get(letter)
        if base is None:
            return self.bad(value)
        if self.precision == 0 and value == 0:
            return self.pad("", zeros=False)
        digits = format(abs(value), base)
        least = self.precision or 0
        if self.precision is None and self.zero and not self.minus and self.width is not None:
            least = self.width - (value < 0 or self.plus or self.space)
        digits = digits.rjust(least, "0")
        if self.sharp and base == "o":
            digits = digits if digits.startswith("0") else "0" + digits
        elif self.sharp:
            digits = _PREFIXES.get(base, "") + digits
        if letter == "O":
            digits = "0o" + digits
        return self.pad(self._sign(value < 0) + digits, zeros=False)

    def _sign(self, negative: bool) -> str:
        if negative:
            return "-"
        return "+" if self.plus else " " if self.space else ""

    def _code_point(self, value: int) -> str:
        valid = 0 <= value <= _MAX_RUNE and not 0xD800 <= value <= 0xDFFF
        if self.letter == "c":
            return self.pad(chr(value) if valid else "\ufffd")
        if self.letter == "q":
            return self.pad(quote_rune(value, ascii_only=self.plus))
        name = f"U+{format(value % 2**64, 'X').rjust(max(self.precision or 4, 4), '0')}"
        if self.sharp and valid and is_printable(chr(value)):
            name += f" '{chr(value)}'"
        return self.pad(name, zeros=False)

    def _float(self, value: float) -> str:
        letter = self.letter
        precision = _FLOAT_PRECISION.get(letter)
        if precision is None:
            return self.bad(value)
        if self.precision is not None:
            precision = self.precision
        number = format_float(value, {"v": "g", "F": "f"}.get(letter, letter), precision)
        sign, number = (number[0], number[1:]) if number[0] in "+-" else ("+", number)
        if self.space and sign == "+" and not self.plus:
            sign = " "
        if number == "NaN":
            return self.pad((sign if self.space or self.plus else "") + number, zeros=False)
        if number == "Inf":
            return self.pad(sign + number, zeros=False)
        if self.sharp and letter != "b":
            number = _with_point(number, letter, precision)
        sign = "" if sign == "+" and not self.plus else sign
        if self.zero and not self.minus and self.width is not None:
            return sign + number.rjust(self.width - len(sign), "0")
        return self.pad(sign + number, zeros=False)

    def _map(self, value: Mapping[object, object], depth: int) -> str:
        separator = ", " if self.go_syntax else " "
        pairs = (f"{self.show(key, depth + 1)}:{self.show(item, depth + 1)}" for key, item in sorted_items(value))
        inside = separator.join(pairs)
        return f"{go_type(value)}{{{inside}}}" if self.go_syntax else f"map[{inside}]"

    def _slice(self, value: list[object] | tuple[object, ...], depth: int) -> str:
        items = [self.show(item, depth + 1) for item in value]
        if self.go_syntax:
            return f"{go_type(value)}{{{', '.join(items)}}}"
        return f"[{' '.join(items)}]"

    def _struct(self, value: object, depth: int) -> str:
        from_class = ((name, attribute) for name, attribute in shown(value).items() if _is_field(value, attribute))
        parts = [
            (f"{name}:" if self.names or self.go_syntax else "") + self.show(getattr(value, attribute), depth + 1)
            for name, attribute in from_class
        ]
        inside = (", " if self.go_syntax else " ").join(parts)
        return f"{go_type(value) if self.go_syntax else ''}{{{inside}}}"


def sorted_items(value: Mapping[object, object]) -> list[tuple[object, object]]:
    """The map's pairs in the order in which Go prints and ranges over them: numbers first, then strings, ascending."""

    def order(pair: tuple[object, object]) -> tuple[int, float, bytes]:
        key = pair[0]
        if isinstance(key, int | float):
            return (0, key, b"")
        return (1, 0, go_bytes(str(key)))

    return sorted(value.items(), key=order)


def _is_field(value: object, attribute: str) -> bool:
    on_class = getattr(type(value), attribute, None)
    return not callable(on_class)


def _with_point(number: str, letter: str, precision: int) -> str:
    """The `#` flag: a decimal point always, and for `g` the zeros that the precision asks for."""
    mark = re.search(r"[pP]" if letter in "xX" else r"[eE]", number)
    number, tail = (number[: mark.start()], number[mark.start() :]) if mark else (number, "")
    digits = (6 if precision == -1 else precision) if letter in "vgGx" else 0
    digits -= len(number.replace(".", "").lstrip("0"))
    if "." not in number:
        digits -= number == "0"
        number += "."
    return number + "0" * max(digits, 0) + tail


class _Formatter:
    """One run of `sprintf`: the place in the template, and the argument that comes next."""

    def __init__(self, template: str, values: tuple[object, ...]) -> None:
        self._template = template
        self._values = values
        self._at = 0
        self._next = 0
        self._reordered = False
        self._good = True
        self._indexed = False

    def run(self) -> str:
        parts: list[str] = []
        template = self._template
        while True:
            percent = template.find("%", self._at)
            if percent < 0:
                parts.append(template[self._at :])
                break
            parts.append(template[self._at : percent])
            self._at = percent
            parts.append(self._verb())
        if not self._reordered and self._next < len(self._values):
            parts.append(self._extra())
        return "".join(parts)

    def _extra(self) -> str:
        rest = self._values[self._next :]
        described = (_NIL if value is None else f"{go_type(value)}={plain(value)}" for value in rest)
        return f"%!(EXTRA {', '.join(described)})"

    def _verb(self) -> str:
        simple = _SIMPLE.match(self._template, self._at)
        if simple and self._next < len(self._values):
            self._at = simple.end()
            flags, width, precision, letter = simple.groups()
            places = None if precision is None else int(precision[1:] or 0)
            return self._print(_Verb(letter, flags, int(width) if width else None, places))
        return self._full_verb()

    def _print(self, verb: _Verb) -> str:
        value = self._values[self._next]
        self._next += 1
        if verb.letter == "w":
            return verb.bad(value)
        return verb.show(value)

    def _full_verb(self) -> str:
        self._at += 1
        self._good = True
        self._indexed = False
        start = self._at
        while self._here() in _FLAGS and self._here():
            self._at += 1
        flags = self._template[start : self._at]
        self._argument_index()
        width, minus, complaints = self._width()
        precision, complaint = self._precision()
        complaints += complaint
        if not self._indexed:
            self._argument_index()
        letter = self._here()
        self._at += 1
        if not letter:
            return complaints + "%!(NOVERB)"
        if letter == "%":
            return complaints + "%"
        if not self._good:
            return complaints + f"%!{letter}(BADINDEX)"
        if self._next >= len(self._values):
            return complaints + f"%!{letter}(MISSING)"
        zero_allowed = flags.replace("0", "") if minus else flags
        return complaints + self._print(_Verb(letter, zero_allowed, width, precision, minus))

    def _here(self) -> str:
        return self._template[self._at : self._at + 1]

    def _argument_index(self) -> None:
        """`[n]`: the argument that is printed next, counted from 1."""
        self._indexed = False
        if self._here() != "[":
            return
        self._reordered = True
        found = _INDEX.match(self._template, self._at)
        if not found:
            self._good = False
            self._at += 1
            return
        self._at = found.end()
        number = int(found[1]) if _DIGITS.fullmatch(found[1]) and len(found[1]) <= len(str(_WIDEST)) else 0
        if 1 <= number <= len(self._values):
            self._next = number - 1
            self._indexed = True
        else:
            self._good = False
            self._indexed = bool(number)

    def _width(self) -> tuple[int | None, bool, str]:
        if self._here() == "*":
            self._at += 1
            self._indexed = False
            width = self._star()
            if width is None:
                return None, False, "%!(BADWIDTH)"
            return abs(width), width < 0, ""
        width = self._number()
        if self._indexed and width is not None:
            self._good = False
        return width, False, ""

    def _precision(self) -> tuple[int | None, str]:
        if self._here() != "." or self._at + 1 >= len(self._template):
            return None, ""
        self._at += 1
        if self._indexed:
            self._good = False
        self._argument_index()
        if self._here() == "*":
            self._at += 1
            self._indexed = False
            precision = self._star()
            if precision is None or precision < 0:
                return None, "%!(BADPREC)"
            return precision, ""
        return self._number() or 0, ""

    def _star(self) -> int | None:
        """The next argument as a width or precision; None when it is no integer or too large."""
        if self._next >= len(self._values):
            return None
        value = self._values[self._next]
        self._next += 1
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _WIDEST
        return int(value) if fits else None  # type: ignore[call-overload]  # an int, as just tested

    def _number(self) -> int | None:
        found = _DIGITS.match(self._template, self._at)
        if not found:
            return None
        self._at = found.end()
        number = int(found[0][: len(str(_WIDEST)) + 1])
        return number if number <= _WIDEST else None
