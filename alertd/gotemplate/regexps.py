"""RE2 as templates use it: search, and replacing with `$1` and `${name}`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import re2

from alertd.gotemplate.errors import FunctionError

_REFERENCE: Final = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")
_LONGEST: Final = 10_000_000


# RE2 and Go's regexp are one engine in two languages; their complaints differ in wording alone.
_GO_WORDS: Final = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
    "invalid named capture group": "invalid named capture",
}


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """The pattern compiled by RE2. Raises FunctionError worded as Go's."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else "invalid syntax"
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        problem, _, place = text.partition(": ")
        raise FunctionError(f"error parsing regexp: {_GO_WORDS.get(problem, problem)}: `{place}`") from None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    return compile_pattern(pattern).search(text) is not None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    """Every match replaced; `$1`, `${1}` and `${name}` stand for groups, `$$` for a dollar sign.

    A name is as long as it can be (`$1x` is the group `1x`), and an unknown group is empty, as in Go.
    """
    try:
        compiled = compile_pattern(pattern)
    except FunctionError as error:
        raise FunctionError(f"regexp: Compile(`{pattern}`): {error}") from None
    parts: list[str] = []
    length = at = 0
    behind = -1
    for found in compiled.finditer(text):
        start, end = found.span()
        if start == end == behind:  # Go takes no empty match right behind another
            continue
        behind = end
        piece = text[at:start] + _expanded(replacement, found, compiled)
        length += len(piece)
        if length > _LONGEST:
            raise FunctionError(f"the result of reReplaceAll is longer than {_LONGEST} characters")
        parts.append(piece)
        at = end
    return "".join(parts) + text[at:]


def _expanded(replacement: str, found: Any, compiled: Any) -> str:
    if "$" not in replacement:
        return replacement

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        if name.isdecimal():
            number = int(name)
            return (found[number] or "") if number <= compiled.groups else ""
        return (found[name] or "") if name in compiled.groupindex else ""

    return _REFERENCE.sub(group, replacement)
