"""Reading promqltest scripts: `load`, `clear`, and `eval` blocks with what they expect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from alertd.promql.durations import parse_duration
from alertd.promql.errors import ParseError
from alertd.promql.matchers import compile_regex
from alertd.promql.numbers import parse_literal
from alertd.promql.quoting import unquote
from alertd.promql.seriesnotation import SeriesDescription, parse_series
from alertd.promql.startnotation import START_MARK, parse_starts

_LOAD: Final = re.compile(r"load(_with_nhcb)?\s+(\S+)")
_EVAL: Final = re.compile(r"eval(?:_(fail|warn|info|ordered))?\s+(instant|range)\s+(.*)", re.DOTALL)
_INSTANT: Final = re.compile(r"at\s+(\S+)\s+(.+)", re.DOTALL)
_RANGE: Final = re.compile(r"from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)", re.DOTALL)
_RANGE_VECTOR: Final = re.compile(r"range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")
_EXPECT: Final = re.compile(r"(ordered|fail|warn|info|no_warn|no_info)(?:\s+(msg|regex):\s*(.+))?")
_STRING: Final = re.compile(r"""(?P<quote>["'])(?:(?!(?P=quote))[^\\]|\\.)*(?P=quote)|`[^`]*`""")
_FAILURE: Final = re.compile(r"expected_fail_(message|regexp)\s*(.*)")
_PLAIN_WORDS: Final = frozenset(("ordered", "no_warn", "no_info"))
# A slip of the pen in a step may not keep the machine busy for years.
_MOST_PLACES: Final = 1_000_000


class ScriptError(ValueError):
    """A line of a test script that cannot be read."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


@dataclass(slots=True)
class Load:
    """Series to store, one sample every `step` milliseconds from 0 on.

    `starts` has for each series since when its samples count: milliseconds from the sample's own time, or None; or no
    list when nothing is said. With `converts` the classic histograms among the series are stored as native ones, too.
    """

    line: int
    text: str
    step: int
    converts: bool = False
    series: list[SeriesDescription] = field(default_factory=list)
    starts: list[list[int | None]] = field(default_factory=list)


@dataclass(slots=True)
class Clear:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class MessageExpectation:
    """An error, warning or info that must come (`fail`, `warn`, `info`).

    `text` is exact, or what `pattern` was made of, or None for any.
    """

    kind: str
    text: str | None = None
    pattern: Any = None

    def matches(self, message: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(message) is not None
        return self.text is None or self.text == message


@dataclass(slots=True)
class Eval:
    """An evaluation at `end`, or over a range.

    The values that are expected of a series lie `step` apart from `start` to `end`; with `step` 0 there is one. An
    instant evaluation that is to give a range vector says `is_window`. `words` are what is expected without a message:
    `ordered`, `no_warn` and `no_info`, and in the older form `fail`, `warn` and `info`.
    """

    line: int
    text: str
    is_range: bool
    start: int
    end: int
    step: int
    is_window: bool = False
    messages: list[MessageExpectation] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    string: str | None = None
    scalar: float | None = None
    series: list[SeriesDescription] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether an error is expected."""
        return "fail" in self.words or bool(self.expects("fail"))

    @property
    def places(self) -> int:
        """How many values a series can have."""
        return (self.end - self.start) // self.step + 1 if self.step else 1

    def expects(self, kind: str) -> list[MessageExpectation]:
        return [message for message in self.messages if message.kind == kind]


@dataclass(slots=True)
class Unreadable:
    """A command that is not in the language: `line` is where it stops making sense, `text` its first line."""

    line: int
    text: str
    reason: str


Command: TypeAlias = Load | Clear | Eval | Unreadable
_Block: TypeAlias = list[tuple[int, str]]


def parse_script(text: str) -> list[Command]:
    """Return the commands of a script, those that cannot be read included."""
    commands: list[Command] = []
    for block in _blocks(text):
        rest = block
        while rest:
            command, used = _readable(rest)
            commands.append(command)
            rest = rest[used:]
    return commands


def _readable(block: _Block) -> tuple[Command, int]:
    """Return the command that a block begins with, and of how many lines it is; what cannot be read is one, too."""
    try:
        return _command(block)
    except (ValueError, OverflowError, RecursionError) as error:
        line, head = block[0]
        line = error.line if isinstance(error, ScriptError) else line
        return Unreadable(line, head, str(error)), len(block)


def _command(block: _Block) -> tuple[Command, int]:
    line, head = block[0]
    if head.split(maxsplit=1)[0].lower() == "clear":
        return Clear(line, head), 1
    if head.startswith("load"):
        return _load(block), len(block)
    if head.startswith("eval"):
        return _eval(block)
    raise ScriptError(line, f"unknown command {head!r}, expected load, clear or eval")


def _blocks(text: str) -> Iterator[_Block]:
    """Yield runs of lines with their numbers; a blank line or a comment ends a run, and so does `clear`."""
    block: _Block = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            if block:
                yield block
            block = []
        elif line == "clear":
            if block:
                yield block
            yield [(number, line)]
            block = []
        else:
            block.append((number, line))
    if block:
        yield block


def _time(text: str, line: int) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ScriptError(line, f"invalid time {text!r}, expected a duration such as 1m30s or 0: {error}") from error


def _times(match: re.Match[str], line: int) -> tuple[int, int, int]:
    """Return the start, the end and the step that the first three groups of a match stand for. Raises ScriptError."""
    start, end, step = (_time(text, line) for text in match.groups()[:3])
    if end < start:
        raise ScriptError(line, f"the range ends at {match[2]}, before it starts at {match[1]}")
    return start, end, step


def _series(text: str, line: int) -> SeriesDescription:
    try:
        return parse_series(text)
    except ParseError as error:
        raise ScriptError(line, str(error)) from error


def _load(block: _Block) -> Load:
    line, head = block[0]
    match = _LOAD.fullmatch(head)
    if match is None:
        raise ScriptError(line, f"invalid load {head!r}, expected: load <step>")
    load = Load(line, head, _time(match[2], line), converts=bool(match[1]))
    default: list[int | None] = []
    own: tuple[int, dict[str, str], list[int | None]] | None = None
    for number, text in block[1:]:
        metric, *items = text.split(maxsplit=1)
        if metric.endswith(START_MARK):
            if own is not None:
                raise ScriptError(own[0], "@st line has no following sample line")
            starts = _starts("".join(items), number)
            if metric == START_MARK:
                default = starts
            else:
                own = (number, _series(metric.removesuffix(START_MARK), number).labels, starts)
            continue
        described = _series(text, number)
        load.series.append(described)
        load.starts.append(_starts_of(described, own, default))
        own = None
    if own is not None:
        raise ScriptError(own[0], "@st line has no following sample line")
    return load


def _starts(items: str, line: int) -> list[int | None]:
    try:
        return parse_starts(items)
    except ValueError as error:
        raise ScriptError(line, f"invalid @st sequence: {error}") from error


def _starts_of(
    described: SeriesDescription, own: tuple[int, dict[str, str], list[int | None]] | None, default: list[int | None]
) -> list[int | None]:
    count = len(described.values)
    if own is None:
        return [default[index % len(default)] for index in range(count)] if default else []
    line, labels, starts = own
    if labels != described.labels:
        raise ScriptError(line, "@st metric does not match the following sample line metric")
    if len(starts) != count:
        raise ScriptError(line, f"@st line has {len(starts)} values but sample line has {count}")
    return starts


def _eval(block: _Block) -> tuple[Eval, int]:
    """Return the evaluation that a block begins with, and of how many lines it is. Raises ScriptError."""
    line, head = block[0]
    match = _EVAL.fullmatch(head)
    if match is None:
        raise ScriptError(line, f"invalid eval {head!r}")
    if match[2] == "instant":
        instant = _INSTANT.fullmatch(match[3])
        if instant is None:
            raise ScriptError(line, "expected: eval instant at <time> <expression>")
        at = _time(instant[1], line)
        command = Eval(line, instant[2], False, at, at, 0)
    else:
        ranged = _RANGE.fullmatch(match[3])
        if ranged is None:
            raise ScriptError(line, "expected: eval range from <time> to <time> step <duration> <expression>")
        start, end, step = _times(ranged, line)
        if step == 0:
            raise ScriptError(line, "the step of a range is 0, expected a duration such as 1m")
        command = Eval(line, ranged[4], True, start, end, step)
        if command.places > _MOST_PLACES:
            raise ScriptError(line, f"the range has {command.places} instants, expected {_MOST_PLACES} at most")
    if match[1]:
        command.words.add(match[1])
    for used, (number, text) in enumerate(block[1:], 2):
        if _expectation(command, number, text):
            return command, used
    return command, len(block)


def _expectation(command: Eval, line: int, text: str) -> bool:
    """Add what a line expects, and return whether the command ends with it. Raises ScriptError."""
    failure = _FAILURE.fullmatch(text) if "fail" in command.words else None
    if failure is not None:
        command.messages.append(_message("fail", failure[2] or None, line, is_regex=failure[1] == "regexp"))
        return True
    if text.partition(" ")[0] == "expect":
        _expect(command, line, text.removeprefix("expect").strip())
        return False
    scalar = parse_literal(text)
    if scalar is not None:
        command.scalar = scalar
        return True
    series = _series(text, line)
    if len(series.values) > 1 and not (command.is_range or command.is_window):
        wanted = "expected one, or a line before it: expect range vector from <time> to <time> step <duration>"
        raise ScriptError(line, f"{len(series.values)} values of an instant evaluation, {wanted}")
    command.series.append(series)
    return False


def _expect(command: Eval, line: int, text: str) -> None:
    if text.partition(" ")[0] == "string":
        command.string = _string(text.removeprefix("string").strip(), line)
        return
    ranged = _RANGE_VECTOR.fullmatch(text)
    if ranged is not None:
        command.start, command.end, command.step = _times(ranged, line)
        command.is_window = True
        return
    match = _EXPECT.fullmatch(text)
    if match is None:
        raise ScriptError(line, f"unknown expectation {text!r}")
    # What may not come, or has an order, may have a message, too; it says nothing.
    message = _message(match[1], match[3], line, is_regex=match[2] == "regex")
    if message.kind in _PLAIN_WORDS:
        command.words.add(message.kind)
    else:
        command.messages.append(message)
    _check_together(command, line)


def _check_together(command: Eval, line: int) -> None:
    """Raises ScriptError for expectations that cannot stand together."""
    for kind in ("warn", "info"):
        if command.expects(kind) and f"no_{kind}" in command.words:
            raise ScriptError(line, f"{kind} and no_{kind} cannot both be expected")
    if len(command.expects("fail")) > 1:
        raise ScriptError(line, "fail is expected twice, expected one line")


def _message(kind: str, text: str | None, line: int, *, is_regex: bool) -> MessageExpectation:
    """Return the expectation of a message. Raises ScriptError."""
    return MessageExpectation(kind, text, _pattern(text, line) if is_regex and text is not None else None)


def _pattern(text: str, line: int) -> Any:
    try:
        # The first names what is wrong as it is written; the second lets `.` match no newline, as Go does.
        compile_regex(text)
        return compile_regex(f"(?-s){text}")
    except ValueError as error:
        raise ScriptError(line, str(error)) from error


def _string(literal: str, line: int) -> str:
    if not _STRING.fullmatch(literal):
        raise ScriptError(line, f"invalid string {literal}, expected one in quotes")
    try:
        return unquote(literal)
    except ValueError as error:
        raise ScriptError(line, f"invalid string {literal}: {error}") from error
