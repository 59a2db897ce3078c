"""Tells Go's template syntax from Jinja2's."""

from __future__ import annotations

import re
from typing import Final

_OPEN: Final = r"\{\{(?:-\s)?\s*"
_GO: Final = re.compile(
    _OPEN + r"(?:"
    r"/\*|\.|\$|`"  # a comment, dot or field, a variable, a raw string
    r"|(?:if|with|range)\s|else\b|end\s*(?:-?\}\})"  # blocks, which Jinja2 writes in {% %}
    r"|(?:template|define|block)\s+[\"`]"
    r"|break\s*-?\}\}|continue\s*-?\}\}"
    r"|\((?=[^)]*[$.`\"])[^)]*\s"  # a parenthesised pipeline: (call "x") or (.A | f)
    r"|[A-Za-z_]\w*\s+(?:-?[0-9$.`\"(]|[a-z]\w*\s+[$.`\"(])"  # a call: printf "…", humanize $value, len .Alerts
    r"|[^{}]*?\|\s*[A-Za-z_]\w*\s+[$.`\"0-9(]"  # a filter with arguments behind a space
    r"|\"[^\"]*\"\s*\|\s*(?:query|parseDuration|humanize\w*|toUpper|toLower|match|reReplaceAll|printf)\b"
    r"|(?:externalURL|pathPrefix|now)\s*(?:-?\}\}|\|)"
    r")"
)
_JINJA: Final = re.compile(r"\{%|\{#")


def looks_like_go(text: str) -> bool:
    """Whether the text uses Go's template syntax; text without `{{` does not, nor does text with Jinja2's `{% %}`."""
    if "{{" not in text or _JINJA.search(text):
        return False
    return _GO.search(text) is not None
