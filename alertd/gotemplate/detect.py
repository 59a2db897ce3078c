"""Tells Go's template syntax from Jinja2's.

Jinja2 calls with parentheses and writes its blocks in `{% %}`; Go calls with spaces, its fields start with a dot and
its variables with a dollar sign. What both would read (`{{ "x" }}`, `{{ now }}`) counts as Jinja2.
"""

from __future__ import annotations

import re
from typing import Final

_ARGUMENT: Final = r"[$.`\"(]"
_SECOND_WORD: Final = r"(?!(?:and|else|if|in|is|not|or)\b)[a-z]\w*"
_FORMS: Final = (
    r"/\*|\.|\$|`",  # a comment, a field, a variable, a raw string
    r"(?:if|with|range)\s|else\b|(?:end|break|continue)\s*-?\}\}",
    r"(?:template|define|block)\s+[\"`]",
    r"\(\s*(?:[.$]|[a-z]\w*\s+[$.`\"])",  # a pipeline in parentheses: (.Value | humanize), (index .Alerts 0)
    rf"(?!not\s)[A-Za-z_]\w*\s+(?:[0-9]|{_ARGUMENT})",  # a call: printf "…", humanize $value
    r"not\s+[$.]",
    rf"[A-Za-z_]\w*\s+{_SECOND_WORD}\s+{_ARGUMENT}",  # a call whose first argument is a call
    rf"[^{{}}]*?\|\s*[A-Za-z_]\w*\s+(?:[0-9]|{_ARGUMENT})",  # … | printf "%s"
    r"\"[^\"]*\"\s*\|\s*(?:query|parseDuration|humanize\w+|toUpper|toLower)\b",
    r"now\s*\|\s*(?:humanizeTimestamp|toTime)\b",
    r"(?:externalURL|pathPrefix)\s*(?:-?\}\}|\|)",
)
_GO: Final = re.compile(r"\{\{(?:-\s)?\s*(?:" + "|".join(_FORMS) + ")")
_JINJA: Final = re.compile(
    r"\{%[-+]?\s*(?:if|elif|else|endif|for|endfor|set|endset|macro|block|with|filter|raw|include|import|call)\b|\{#.*?#\}",
    re.DOTALL,
)


def looks_like_go(text: str) -> bool:
    """Whether the text uses Go's template syntax; text without `{{` does not, nor does text with Jinja2's `{% %}`."""
    if "{{" not in text or _JINJA.search(text):
        return False
    return _GO.search(text) is not None
