"""The differences from Alertmanager that the documentation names are those that the tables show, all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sidebyside.fields import read_rows
from tests.e2e.sidebyside.table import Scenario
from tests.e2e.sidebyside.test_scenarios import RELOADS, TABLE

PAGE = Path(__file__).parents[3] / "docs" / "migrating-from-alertmanager.md"
SCENARIOS = [*TABLE, *RELOADS]


def rows_under(heading: str) -> dict[str, list[str]]:
    """The table under a heading: what its first column says, without marks → the other columns."""
    section = PAGE.read_text("utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {first.replace("`", ""): rest for first, *rest in lines[2:]}


def test_when_messages_come() -> None:
    """Each difference has a scenario that shows it, and `compat` restores those of which the page says so."""
    restored = {name: columns[-1] == "restored" for name, columns in rows_under("When messages come").items()}
    assert restored == {scenario.differs: scenario.compat for scenario in SCENARIOS if scenario.differs}


def test_what_messages_say() -> None:
    """Each difference has a field that shows it."""
    assert rows_under("What messages say").keys() == {name for row in read_rows() for name in row.same_but.values()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_says_what_differs(scenario: Scenario) -> None:
    """Lines of both sides are there exactly where a difference is named, or where nothing is to be told."""
    assert bool(scenario.ours) == bool(scenario.differs)
    assert bool(scenario.theirs) == bool(scenario.differs or scenario.silent)
    assert scenario.differs or not scenario.compat
