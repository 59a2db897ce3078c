"""Texts as YAML scalars."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./*?=~+-]*", re.ASCII)
_OTHER_KINDS = re.compile(r"(?i:true|false|null|yes|no|on|off|y|n|~|\.inf|\.nan|[-+.]?[0-9].*)")


def scalar(text: str) -> str:
    """The text as a scalar that is read as text, also between brackets: plain, or in single quotes."""
    if _PLAIN.fullmatch(text) and not _OTHER_KINDS.fullmatch(text):
        return text
    return "'" + text.replace("'", "''") + "'"
