"""Cuts texts to what a provider takes; an ellipsis shows that something is missing."""

from __future__ import annotations

_ELLIPSIS = "…"


def truncate_runes(text: str, limit: int) -> str:
    """At most `limit` characters; the last one is `…` when something was cut and the limit is more than 3.

    The limits are Alertmanager's (`TruncateInRunes`), counted in Unicode code points.
    """
    if len(text) <= limit:
        return text
    return text[:limit] if limit <= 3 else text[: limit - 1] + _ELLIPSIS


def truncate_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, whole characters only; it ends in `…` when something was cut.

    The limits are Alertmanager's (`TruncateInBytes`); the mark itself is three bytes.
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    kept = encoded[: max(0, limit - len(_ELLIPSIS.encode()))].decode(errors="ignore")
    return kept + _ELLIPSIS if limit >= len(_ELLIPSIS.encode()) else "." * limit
