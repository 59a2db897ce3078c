"""Comments that switch checks off: alertd's own, and pint's for the checks that mean the same.

# alertd disable NAME, NAME             for the rule that it stands above or in
# alertd file/disable NAME              for the whole file
# alertd snooze 2026-12-31 NAME         until that day; `file/snooze` for the whole file
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches

from alertd.errors import Problem
from alertd.rules.lint.catalogue import CHECKS, PINT
from alertd.rules.lint.subject import Finding, LintFile

_COMMENT = re.compile(
    r"#\s*(?P<tool>alertd|pint)\s+(?P<verb>(?:file/)?(?:disable|snooze)|ignore/file)\b[ \t]*(?P<rest>[^#\n]*)"
)
_ARGUMENT = re.compile(r"\(.*\)$")


@dataclass
class Switches:
    """Which checks are off: in the whole file, and in the groups and rules at these paths (dotted)."""

    file: set[str] = field(default_factory=set)
    places: dict[str, set[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def off(self, finding: Finding) -> bool:
        """Whether a comment switches this finding off."""
        if finding.check in self.file:
            return True
        parts = finding.problem.field.split(".")
        around = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        return any(finding.check in self.places.get(place, ()) for place in around)


def switches_of(file: LintFile, now: int) -> Switches:
    """What the comments of a file switch off at the instant `now`, and findings about comments that say nothing."""
    # Of a group and its first rule in one line the rule goes first.
    places = dict(_places(file))
    starts = sorted(places)
    lines = file.text.split("\n")
    switches = Switches()
    for number, line in enumerate(lines, start=1):
        found = _COMMENT.search(line)
        if found is None:
            continue
        if found["verb"] == "ignore/file":
            switches.file.update(CHECKS)
            continue
        rest = found["rest"].strip()
        if found["verb"].endswith("snooze"):
            until, _, rest = rest.partition(" ")
            end = _instant(until)
            if end is None:
                message = f"{until!r} is no day and no instant; write it as 2026-12-31 or 2026-12-31T18:00:00Z"
                switches.findings.append(_complaint(file, number, found.start(), message))
            if end is None or end <= now:
                continue
        names = set(_names(found["tool"], rest.split(",")))
        if found["tool"] == "alertd":
            for name in sorted(names - CHECKS.keys()):
                switches.findings.append(_complaint(file, number, found.start(), _unknown(name)))
        if found["verb"].startswith("file/"):
            switches.file |= names
        else:
            place = places.get(_start(lines, number, starts), "")
            switches.places.setdefault(place, set()).update(names)
    return switches


def _places(file: LintFile) -> Iterator[tuple[int, str]]:
    """The lines in which groups and rules begin, and their paths."""
    paths = [path for _, path in file.groups()] + [subject.path for subject in file.subjects()]
    for path in paths:
        yield file.document.positions[path][0], ".".join(map(str, path))


def _start(lines: list[str], number: int, starts: list[int]) -> int:
    """The line in which begins what a comment in line `number` is about: the next rule, or the one that it is in."""
    following = number
    if lines[number - 1].lstrip().startswith("#"):
        while following < len(lines) and (not lines[following].strip() or lines[following].lstrip().startswith("#")):
            following += 1
        if following + 1 in starts:
            return following + 1
    before = [start for start in starts if start <= number]
    return before[-1] if before else starts[0] if starts else 0


def _names(tool: str, words: Iterable[str]) -> Iterator[str]:
    """The checks that a comment names; one of pint may be several here, and its arguments narrow nothing."""
    for word in words:
        name = word.strip()
        if tool == "alertd":
            yield name
        else:
            yield from PINT.get(_ARGUMENT.sub("", name), ())


def _unknown(name: str) -> str:
    if not name:
        return "this comment names no check; write `# alertd disable NAME`"
    close = get_close_matches(name, CHECKS, 1)
    return f"there is no check {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _instant(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _complaint(file: LintFile, line: int, column: int, message: str) -> Finding:
    return Finding("unknown-check", Problem(file.rules.path, line, column + 1, "", message))
