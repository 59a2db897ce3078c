"""Comments that switch checks off: alertd's own, and pint's for the checks that mean the same.

# alertd disable NAME, NAME             for the rule that it stands above or in
# alertd file/disable NAME              for the whole file
# alertd snooze 2026-12-31 NAME         until that day; `file/snooze` for the whole file
# pint ignore/line                      what is found in the line; `ignore/next-line` in the next one
# pint ignore/begin                     what is found from here to `ignore/end`; `ignore/file` to the end of the file
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from math import inf
from types import MappingProxyType
from typing import Final

from alertd.errors import Problem
from alertd.rules.formatting.comments import comments_in_expression, comments_of
from alertd.rules.lint.catalogue import CHECKS, PINT
from alertd.rules.lint.subject import Finding, LintFile
from alertd.yamlfile import Path

_COMMENT = re.compile(
    r"#\s*(?P<tool>alertd|pint)(?P<colon>:?)\s+(?P<verb>[\w/-]+)[ \t]*(?P<rest>[^#\n]*)", re.IGNORECASE
)
_ARGUMENT = re.compile(r"\(.*\)$")
_NAME = re.compile(r"[\w/-]+")
_FORMS: Final = MappingProxyType(
    {
        "disable": "disable NAME",
        "snooze": "snooze DAY NAME",
        "file/disable": "file/disable NAME",
        "file/snooze": "file/snooze DAY NAME",
    }
)
_IGNORING: Final = frozenset(("ignore/file", "ignore/line", "ignore/next-line", "ignore/begin", "ignore/end"))
# Words that other tools have for it; any other word may begin a sentence about alertd.
_ELSEWHERE: Final = frozenset(("ignore", "skip", "enable"))


@dataclass
class Switches:
    """Which checks are off: in the whole file, and in the groups and rules at these paths (dotted).

    `ignored` are the lines, from the first to the last, in which nothing is found.
    """

    file: set[str] = field(default_factory=set)
    places: dict[str, set[str]] = field(default_factory=dict)
    ignored: list[tuple[int, float]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def off(self, finding: Finding) -> bool:
        """Whether a comment switches this finding off."""
        if finding.check in self.file or any(first <= finding.problem.line <= last for first, last in self.ignored):
            return True
        parts = finding.problem.field.split(".")
        around = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        return any(finding.check in self.places.get(place, ()) for place in around)


@dataclass(frozen=True)
class _Instruction:
    """A comment for alertd or pint; `place` is the path (dotted) of what it is about, "" for nothing but the file."""

    line: int
    column: int
    place: str
    tool: str
    verb: str
    rest: str


def switches_of(file: LintFile, now: int) -> Switches:
    """What the comments of a file switch off at the instant `now`, and findings about comments that say nothing."""
    switches = Switches()
    instructions = []
    for line, column, place, comment in sorted([*_comments(file), *_in_expressions(file)]):
        for found in _COMMENT.finditer(comment):
            one = _Instruction(line, column + found.start(), place, found["tool"], found["verb"], found["rest"].strip())
            if found["colon"] or one.tool not in ("alertd", "pint") or one.verb not in (*_FORMS, *_IGNORING):
                switches.findings += _mistyped(file, one, found[0])
            else:
                instructions.append(one)
    switches.ignored += _ignored(instructions)
    for one in instructions:
        if one.verb not in _IGNORING:
            _switch(file, one, now, switches)
    return switches


def _switch(file: LintFile, one: _Instruction, now: int, switches: Switches) -> None:
    """Add what a comment switches off by name."""
    rest = one.rest
    if one.verb.endswith("snooze"):
        until, _, rest = rest.partition(" ")
        end = _instant(until)
        if end is None:
            message = f"{until!r} is no day and no instant; write it as 2026-12-31 or 2026-12-31T18:00:00Z"
            switches.findings.append(_complaint(file, one, message))
        if end is None or end <= now:
            return
    names = set(_names(one.tool, rest.split(",")))
    if one.tool == "alertd":
        for name in sorted(names - CHECKS.keys()):
            switches.findings.append(_complaint(file, one, _unknown(name, one.verb)))
    if one.verb.startswith("file/"):
        switches.file |= names
    else:
        switches.places.setdefault(one.place, set()).update(names)


def _ignored(instructions: Iterable[_Instruction]) -> Iterator[tuple[int, float]]:
    """The lines that the comments with `ignore/` take out; what has no end goes to the end of the file."""
    begin: int | None = None
    for one in instructions:
        match one.verb:
            case "ignore/line":
                yield one.line, one.line
            case "ignore/next-line":
                yield one.line + 1, one.line + 1
            case "ignore/file":
                yield one.line, inf
            case "ignore/begin" if begin is None:
                begin = one.line
            case "ignore/end" if begin is not None:
                yield begin, one.line
                begin = None
    if begin is not None:
        yield begin, inf


def _comments(file: LintFile) -> Iterator[tuple[int, int, str, str]]:
    """The comments of the file as line, column, the path of what each is about, and text."""
    text = file.text.removeprefix("\ufeff")
    lines = text.split("\n")
    starts = _starts(file, lines)
    for offset, comment in comments_of(text):
        line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
        yield line, column, _place(lines, starts, line, column), comment


def _in_expressions(file: LintFile) -> Iterator[tuple[int, int, str, str]]:
    """The comments within expressions, which YAML takes for a part of the text."""
    for subject in file.subjects():
        for offset, comment in comments_in_expression(subject.rule.expr):
            problem = subject.in_expr_at("unknown-check", offset, "").problem
            yield problem.line, problem.column, ".".join(map(str, subject.path)), comment


@dataclass(frozen=True)
class _Start:
    """Where a group or a rule begins: its line, and the column of its first key, behind a `-`."""

    line: int
    column: int
    path: Path


def _starts(file: LintFile, lines: list[str]) -> list[_Start]:
    paths = [path for _, path in file.groups()] + [subject.path for subject in file.subjects()]
    starts = []
    for path in paths:
        line, column = file.document.positions[path]
        starts.append(_Start(_first_line(lines, line, column), column, path))
    # Of a group and its first rule in one line the rule goes last, as the nearer one.
    return sorted(starts, key=lambda start: (start.line, len(start.path)))


def _first_line(lines: list[str], line: int, column: int) -> int:
    """The line of the `-` before a first key, which may stand above it."""
    above, before = line, lines[line - 1][: column - 1]
    while above > 1 and not before.strip():
        above -= 1
        before = lines[above - 1].partition("#")[0]
    return above if before.rstrip().endswith("-") else line


def _place(lines: list[str], starts: list[_Start], line: int, column: int) -> str:
    """The path of what a comment is about: what begins below it, or what it stands in."""
    before = _last(starts, line)
    if lines[line - 1].lstrip().startswith("#"):
        below = next((number for number in range(line, len(lines)) if _says_something(lines[number])), -1) + 1
        following = _last(starts, below)
        if following is not None and following.line == below:
            # Indented like the keys of the rule above, the comment is about that one.
            inside = before is not None and "rules" in before.path and column >= following.column
            before = before if inside else following
    about = before or next(iter(starts), None)
    return "" if about is None else ".".join(map(str, about.path))


def _last(starts: list[_Start], line: int) -> _Start | None:
    """The group or rule that begins last until this line."""
    count = bisect_right(starts, line, key=lambda start: start.line)
    return starts[count - 1] if count else None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _names(tool: str, words: Iterable[str]) -> Iterator[str]:
    """The checks that a comment names; one of pint may be several here, and its arguments narrow nothing."""
    for word in words:
        name = word.strip()
        if tool == "alertd":
            yield name
        else:
            yield from PINT.get(_ARGUMENT.sub("", name), ())


def _unknown(name: str, verb: str) -> str:
    if not name:
        return f"this comment names no check; write `# alertd {_FORMS[verb]}`"
    first, *others = name.split()
    if first in CHECKS:
        if all(word in CHECKS for word in others):
            return f"names of checks are separated by commas; write `{', '.join([first, *others])}`"
        return f"what stands behind a name is no check; give a reason a number sign: `{first} # {' '.join(others)}`"
    close = get_close_matches(name, CHECKS, 1)
    return f"there is no check {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _mistyped(file: LintFile, one: _Instruction, written: str) -> Iterator[Finding]:
    """A complaint of a comment that is no instruction and looks like one; pint's unknown ones are left alone."""
    verb = one.verb.lower()
    close = get_close_matches(verb, _IGNORING if verb.startswith("ignore/") else _FORMS, 1, 0.7)
    names_a_check = any(name in CHECKS for name in _NAME.findall(one.rest))
    if one.tool.lower() == "pint" or not (close or verb in _ELSEWHERE or names_a_check):
        return
    better = close[0] if close else "disable"
    head = written[: written.index(one.verb) + len(one.verb)]
    message = f"`{head}` switches nothing off; write `# alertd {_FORMS.get(better, better)}`"
    yield _complaint(file, one, message)


def _instant(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _complaint(file: LintFile, one: _Instruction, message: str) -> Finding:
    return Finding("unknown-check", Problem(file.rules.path, one.line, one.column, "", message))
