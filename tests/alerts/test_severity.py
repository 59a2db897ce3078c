from __future__ import annotations

import itertools

import pytest

from alertd.alerts.severity import SEVERITY_RANK, rank, worse


def test_the_names_are_ranked_from_info_to_page() -> None:
    """The order of the names is the order of their ranks, without a tie."""
    assert list(SEVERITY_RANK) == ["info", "low", "warning", "medium", "error", "high", "critical", "page"]
    assert list(SEVERITY_RANK.values()) == list(range(8))


@pytest.mark.parametrize(
    ("severity", "expected"), [("info", 0), ("Critical", 6), ("PAGE", 7), ("", None), ("sev1", None)]
)
def test_rank(severity: str, expected: int | None) -> None:
    """A known name has its rank in any case of letters; an unknown one has none."""
    assert rank(severity) == expected


def test_worse_is_a_strict_order() -> None:
    """Of two different names exactly one is worse; a name is never worse than itself."""
    for one, other in itertools.product(SEVERITY_RANK, repeat=2):
        assert worse(one, other) + worse(other, one) == (one != other)


@pytest.mark.parametrize(("one", "other"), [("critical", "sev1"), ("sev1", "info"), ("sev1", "sev2")])
def test_a_name_without_rank_is_never_worse_nor_better(one: str, other: str) -> None:
    """Nothing is decided about a name that nobody ranked."""
    assert not worse(one, other)
    assert not worse(other, one)
