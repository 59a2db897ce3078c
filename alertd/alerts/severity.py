"""Severities: the names that alertd ranks, from the least to the worst."""

from __future__ import annotations

SEVERITY_RANK = {
    "info": 0,
    "low": 1,
    "warning": 2,
    "medium": 3,
    "error": 4,
    "high": 5,
    "critical": 6,
    "page": 7,
}


def rank(severity: str) -> int | None:
    """How bad a severity is, counted from 0; None for a name that alertd does not rank. Case does not matter."""
    return SEVERITY_RANK.get(severity.lower())


def worse(one: str, other: str) -> bool:
    """Whether `one` ranks above `other`; never true when one of the two has no rank, since nobody knows."""
    first, second = rank(one), rank(other)
    return first is not None and second is not None and first > second


def worst(severities: tuple[str, ...]) -> str:
    """The worst of them; the first of equals, and a known word before an unknown one."""
    return max(severities, key=lambda severity: -1 if (weight := rank(severity)) is None else weight)
