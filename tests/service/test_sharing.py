"""Rule groups are spread evenly over the replicas, and stay where they are as far as possible."""

from __future__ import annotations

from collections import Counter

from alertd.service.sharing import owner_of

GROUPS = [f"rules.yml;group{number}" for number in range(3000)]


def test_groups_are_spread_evenly() -> None:
    """Each of three replicas has about a third."""
    shares = Counter(owner_of(group, ["a", "b", "c"]) for group in GROUPS)

    assert all(850 < share < 1150 for share in shares.values())


def test_only_what_was_lost_moves() -> None:
    """When a replica dies, the groups of the others stay with them, whatever the order of the list."""
    before = {group: owner_of(group, ["a", "b", "c"]) for group in GROUPS}
    after = {group: owner_of(group, ["c", "a"]) for group in GROUPS}

    assert all(after[group] == owner for group, owner in before.items() if owner != "b")


def test_nobody_owns_anything_when_nobody_lives() -> None:
    """An empty list has no owner."""
    assert owner_of("g", []) is None
