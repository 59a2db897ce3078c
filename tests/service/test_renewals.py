"""Later ends wait in memory until the stored ones are near."""

from __future__ import annotations

from dataclasses import replace

from alertd.service.renewals import Renewals
from alertd.store.alerts import Renewal

A = Renewal("default", "push/x", "a", stored=100, ends_at=200, timed_out=False)


def test_taken_when_the_stored_end_is_near() -> None:
    """Each is taken once, by the end that its row has."""
    renewals = Renewals()
    b = replace(A, fingerprint="b", stored=50)
    renewals.note([A, b])
    assert renewals.take(49) == []
    assert renewals.take(99) == [b]
    assert renewals.take() == [A]
    assert (renewals.take(), len(renewals)) == ([], 0)


def test_the_last_one_counts() -> None:
    """Of several renewals of one report the last is written, when its own stored end is near."""
    renewals = Renewals()
    later = replace(A, ends_at=300)
    rewritten = replace(A, stored=400, ends_at=500)
    renewals.note([A])
    renewals.note([later])
    assert renewals.take(100) == [later]
    renewals.note([A])
    renewals.note([rewritten])
    assert renewals.take(399) == []
    assert renewals.take(400) == [rewritten]
