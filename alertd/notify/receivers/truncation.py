"""Cuts texts to what a provider takes; an ellipsis shows that something is missing."""

from __future__ import annotations

_ELLIPSIS = "…"
_ELLIPSIS_BYTES = len(_ELLIPSIS.encode())


def truncate_runes(text: str, limit: int) -> str:
    """At most `limit` characters; the last one is `…` when something was cut and the limit is more than 3.

    The limits are Alertmanager's (`TruncateInRunes`), counted in Unicode code points.
    """
    if len(text) <= limit:
        return text
    return text[:limit] if limit <= 3 else text[: limit - 1] + _ELLIPSIS


def truncate_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, never half a character; the last three are `…` when something was cut."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    if limit <= _ELLIPSIS_BYTES:
        return encoded[:limit].decode(errors="ignore")
    return encoded[: limit - _ELLIPSIS_BYTES].decode(errors="ignore") + _ELLIPSIS
