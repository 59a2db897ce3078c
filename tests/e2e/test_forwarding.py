"""alertd as a rule engine alone: its alerts reach two real Alertmanagers, through a crash of one and of alertd."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.e2e.serving import Served
from tests.peers.alertmanager import Running, real, running
from tests.peers.prometheus import free_address

NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
CONFIG = """
route: {{receiver: nobody}}
receivers: [{{name: nobody}}]
rule_files: [rules.yml]
external_url: http://alertd.example.org
external_labels: {{cluster: a}}
alerting:
  resend_delay: 1s
  alertmanagers:
  - static_configs: [{{targets: ["{one}"]}}]
    timeout: 5s
  - static_configs: [{{targets: ["{two}"]}}]
"""
RULES = """
groups:
- name: app
  interval: 1s
  rules:
  - alert: QueueHigh
    expr: queue_depth > 100
    labels: {severity: page}
    annotations: {summary: "{{ $value }} wait"}
"""


def alertmanager(folder: Path, listen: str = "127.0.0.1:0") -> AbstractAsyncContextManager[Running]:
    """A real Alertmanager that tells nobody."""
    return running(real(), folder, NOBODY, listen=listen)


async def until_lists(url: str, *queues: str) -> list[dict[str, Any]]:
    """The alerts that an Alertmanager lists, as soon as they are those of the queues."""
    listed: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(60), ClientSession() as session:
            while True:
                async with session.get(f"{url}/api/v2/alerts") as response:
                    listed = await response.json()
                if sorted(alert["labels"]["queue"] for alert in listed) == list(queues):
                    return listed
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{url} never listed {queues}, but {listed}") from None


@pytest.mark.peer
async def test_two_alertmanagers(tmp_path: Path, database_url: str) -> None:
    """One that is down delays nobody and hears everything when it is back; a crash of alertd loses nothing."""
    address = free_address()
    async with alertmanager(tmp_path / "one", address) as one, alertmanager(tmp_path / "two") as two:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(one=address, two=two.address))
        (tmp_path / "rules.yml").write_text(RULES)
        served = Served(tmp_path / "alertd.yml", database_url)
        await served.start()
        try:
            await push(served, a=500)
            for url in (one.url, two.url):
                (alert,) = await until_lists(url, "a")
                check(alert)

            await one.end(signal.SIGKILL)
            await push(served, a=500, b=600)
            await until_lists(two.url, "a", "b")
            await served.kill()
            async with alertmanager(tmp_path / "one", address) as one:
                await served.start()
                await push(served, a=500, b=600)
                await until_lists(one.url, "a", "b")

                await push(served, a=1, b=600)
                for url in (one.url, two.url):
                    await until_lists(url, "b")
                _, listed = await served.request("GET", "/api/v1/alertmanagers")
                assert listed["data"]["activeAlertmanagers"] == [
                    {"url": f"{url}/api/v2/alerts"} for url in (one.url, two.url)
                ]
        finally:
            await served.terminate()


def check(alert: dict[str, Any]) -> None:
    """Labels with the external ones, the link, and an end that four resends or evaluations put into the future."""
    assert alert["labels"] == {"alertname": "QueueHigh", "queue": "a", "severity": "page", "cluster": "a"}
    assert alert["annotations"] == {"summary": "500 wait"}
    assert alert["generatorURL"] == "http://alertd.example.org/graph?g0.expr=queue_depth+%3E+100&g0.tab=1"
    updated, ends = (datetime.fromisoformat(alert[key]) for key in ("updatedAt", "endsAt"))
    assert timedelta(seconds=2) < ends - updated <= timedelta(seconds=4)


async def push(served: Served, **queues: float) -> None:
    """What every queue holds; a queue that is not named keeps its last value."""
    for queue, depth in queues.items():
        path = f"/v1/snapshots?label=queue%3D{queue}"
        assert (await served.request("POST", path, {"queue_depth": depth}))[0] < 300
