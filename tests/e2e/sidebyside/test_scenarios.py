"""alertd beside a real Alertmanager: the same configuration, the same alerts, and then the same messages."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.sidebyside.runs import Outcome, Run, play
from tests.e2e.sidebyside.table import read_scenarios

TABLE = read_scenarios("groups.yml", "alerts.yml", "content.yml", "routes.yml", "muting.yml", "delivery.yml")
RELOADS = read_scenarios("reload.yml")
RUNS = (
    Run("as it is", TABLE),
    Run("compat", [scenario for scenario in TABLE if scenario.compat], compat="alertmanager"),
    Run("reload", RELOADS, reload=True),
    Run("compat reload", [scenario for scenario in RELOADS if scenario.compat], compat="alertmanager", reload=True),
)
NAMES = [f"{run.name}: {scenario.name}" for run in RUNS for scenario in run.scenarios]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What came of every scenario; they are all played at the same time."""
    return asyncio.run(play(RUNS, tmp_path_factory.mktemp("sides")))


@pytest.mark.peer
@pytest.mark.parametrize("name", NAMES)
def test_the_same_messages_at_the_same_times(name: str, outcomes: dict[str, Outcome]) -> None:
    """Both tell the same at the same times, or differ in the way that the table says."""
    assert not outcomes[name].problems
