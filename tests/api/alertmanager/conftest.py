"""A service whose routes mute and repeat, for all that Alertmanager's API can tell of them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertd.api.server import ApiServer
from alertd.clock import Clock, SystemClock, VirtualClock
from alertd.service.build import build_service
from alertd.service.service import Service
from tests.api.conftest import RULES

CONFIG = """
route:
  receiver: team
  group_by: [alertname]
  routes:
  - {matchers: [night="yes"], receiver: nobody, mute_time_intervals: [always]}
  - {matchers: [both="yes"], receiver: team, continue: true}
  - {matchers: [both="yes"], receiver: nobody, active_time_intervals: [never], group_by: []}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:9/hook"}]
- name: nobody
inhibit_rules:
- source_matchers: [alertname="ServiceDown"]
  target_matchers: [severity="warning"]
  equal: [service]
time_intervals:
- {name: always, time_intervals: [{times: [{start_time: "00:00", end_time: "24:00"}]}]}
- {name: never, time_intervals: [{years: ["1999"]}]}
rule_files: [rules.yml]
sources:
  app: {type: snapshots}
"""


@pytest.fixture
async def service(tmp_path: Path, migrated_file: Path, clock: VirtualClock) -> AsyncIterator[Service]:
    """A service that is not started, so nothing moves."""
    service = _built(tmp_path, migrated_file, clock)
    yield service
    await service.runtime.close()
    service.database.close()


@pytest.fixture
async def served(tmp_path: Path, migrated_file: Path) -> AsyncIterator[str]:
    """The URL of such a service that runs, on the real clock, for programs to speak to."""
    server = ApiServer(_built(tmp_path, migrated_file, SystemClock()), "127.0.0.1:0")
    task = asyncio.create_task(server.run())
    yield f"http://{server.address}"
    server.stop()
    await task


def _built(folder: Path, migrated_file: Path, clock: Clock) -> Service:
    database = folder / "alertd.db"
    shutil.copyfile(migrated_file, database)
    return built_on(folder, f"sqlite:///{database}", clock)


def built_on(folder: Path, database_url: str, clock: Clock) -> Service:
    """Such a service on a database that has the tables."""
    (folder / "rules.yml").write_text(RULES)
    (folder / "alertd.yml").write_text(CONFIG)
    return build_service(folder / "alertd.yml", database_url=database_url, clock=clock, env={})
