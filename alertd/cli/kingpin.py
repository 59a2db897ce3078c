"""Command lines as Go programs with the kingpin library read them, Prometheus' own among them.

`--flag value` and `--flag=value`; a switch is `--flag` or `--no-flag`; `@FILE` stands for the lines of a file. What is
wrong is said in kingpin's words, which people and scripts know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertd.clock import DAY, HOUR, MINUTE, SECOND
from alertd.errors import AlertdError

Value = str | int | float | bool | tuple[str, ...]

_PART = re.compile(r"(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>[^0-9.]*)")
_UNITS = {
    "ns": 1e-6,
    "us": 1e-3,
    "µs": 1e-3,
    "ms": 1,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
    "y": 365 * DAY,
}
_HELP_COLUMN = 31
_HELP_WIDTH = 50


class UsageError(AlertdError):
    """A command line that was not understood."""


@dataclass(frozen=True)
class Flag:
    """One flag: `read` makes its value of a text and raises `ValueError` for others; a switch is a `bool`.

    `default` is a text, None for a flag without one.
    """

    name: str
    help: str
    default: str | None = None
    read: Callable[[str], Value] = str
    repeated: bool = False

    @property
    def is_switch(self) -> bool:
        return self.read is bool

    def value_of_default(self) -> Value:
        if self.is_switch:
            return False
        if self.repeated:
            return () if self.default is None else (self.default,)
        return self.read(self.default) if self.default is not None else ""


def parse(flags: Sequence[Flag], arguments: Sequence[str]) -> dict[str, Value]:
    """The value of each flag that is given, by its name. Raises `UsageError`."""
    known = {flag.name: flag for flag in flags}
    given: dict[str, Value] = {}
    waiting = list(_expanded(arguments))
    while waiting:
        argument = waiting.pop(0)
        if argument == "-h":
            argument = "--help"
        if not argument.startswith("-") or argument == "-":
            raise UsageError(f"unexpected {argument}")
        if argument == "--":
            if waiting:
                raise UsageError(f"unexpected {waiting[0]}")
            break
        if not argument.startswith("--"):
            raise UsageError(f"unknown short flag '{argument[:2]}'")
        name, equals, text = argument[2:].partition("=")
        flag, on = _find(known, name)
        if flag.name in given and not flag.repeated:
            raise UsageError(f"flag '{flag.name}' cannot be repeated")
        if flag.is_switch:
            if equals:
                raise UsageError(f"unexpected {text}")
            given[flag.name] = on
            continue
        if not equals:
            if not waiting or (waiting[0].startswith("-") and waiting[0] != "-"):
                raise UsageError(f"expected argument for flag '--{name}'")
            text = waiting.pop(0)
        try:
            value = flag.read(text)
        except ValueError as error:
            raise UsageError(str(error)) from error
        given[flag.name] = (*_texts(given.get(flag.name)), text) if flag.repeated else value
    return given


def duration(text: str) -> int:
    """The milliseconds of a duration as Go writes it, `1m30s` or `1.5h`, or as Prometheus does, `1d12h`.

    Raises `ValueError` in Go's words.
    """
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in {"-", "+"} else text
    if rest == "0":
        return 0
    total, position = 0.0, 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None:
            break
        if not part["unit"]:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if part["unit"] not in _UNITS:
            raise ValueError(f'time: unknown unit "{part["unit"]}" in duration "{text}"')
        total += float(part["number"]) * _UNITS[part["unit"]]
        position = part.end()
    if not rest or position < len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * round(total)


def number(text: str) -> int:
    """A whole number. Raises `ValueError` in Go's words."""
    return int(ratio(text))


def ratio(text: str) -> float:
    """A number. Raises `ValueError` in Go's words."""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from error


def one_of(what: str, *words: str) -> Callable[[str], Value]:
    """Reads one of these words; `what` is the name of it in the error."""

    def read(text: str) -> Value:
        if text not in words:
            raise ValueError(f'unrecognized {what} "{text}"')
        return text

    return read


def usage(program: str, flags: Sequence[Flag]) -> str:
    """What `--help` prints."""
    lines = [f"usage: {program} [<flags>]", "", "Flags:"]
    for flag in flags:
        left = f"{'  -h, ' if flag.name == 'help' else '      '}{_form(flag)}"
        right = list(_wrapped(flag.help))
        if len(left) > _HELP_COLUMN - 2:
            lines.append(left)
            left = ""
        lines.append(left.ljust(_HELP_COLUMN) + right[0])
        lines += [" " * _HELP_COLUMN + line for line in right[1:]]
    return "\n".join(lines) + "\n"


def _find(known: Mapping[str, Flag], name: str) -> tuple[Flag, bool]:
    if name in known:
        return known[name], True
    switch = known.get(name.removeprefix("no-"))
    if switch is not None and switch.is_switch and switch.name != name:
        return switch, False
    raise UsageError(f"unknown long flag '--{name}'")


def _texts(value: Value | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _expanded(arguments: Sequence[str]) -> Iterator[str]:
    for argument in arguments:
        if not argument.startswith("@"):
            yield argument
            continue
        try:
            lines = Path(argument[1:]).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise UsageError(f"open {argument[1:]}: {error.strerror}") from error
        yield from (line for line in lines if line and not line.startswith("#"))


def _form(flag: Flag) -> str:
    if flag.is_switch:
        return f"--{flag.name}" if flag.name in {"help", "version"} else f"--[no-]{flag.name}"
    value = flag.name.upper() if flag.default is None else flag.default or '""'
    return f"--{flag.name}={value}{' ...' if flag.repeated else ''}"


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > _HELP_WIDTH:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line
