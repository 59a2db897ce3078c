"""What fuzzing found worth keeping is read or refused, and never anything else."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import TARGETS as NAMES
from tests.fuzz.__main__ import kept
from tests.fuzz.targets import TARGETS, feed


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus(target: str) -> None:
    """Each kept body, as its target sees it."""
    bodies = kept(target)
    assert bodies
    for body in bodies:
        feed(target, body)


def test_each_target_has_its_bodies() -> None:
    """The command knows its targets by the kept bodies."""
    assert sorted(TARGETS) == NAMES
