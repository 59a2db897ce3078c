"""Which replica evaluates which rule group: spread evenly, and moved as little as possible when replicas come and go.

Rendezvous hashing: every replica computes the same owner from the same list of the living. The lease in the database,
not this choice, is what keeps two replicas from evaluating the same group while their lists differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def owner_of(group: str, replicas: Iterable[str]) -> str | None:
    """The replica that should evaluate `group`; None when nobody is there."""
    return max(replicas, key=lambda replica: _weight(group, replica), default=None)


def _weight(group: str, replica: str) -> tuple[bytes, str]:
    return hashlib.sha256(f"{replica}\n{group}".encode()).digest(), replica
