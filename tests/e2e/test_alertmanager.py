"""alertd beside a real Alertmanager: the same configuration, the same alerts, and then the same messages."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from tests.e2e.serving import Served
from tests.peers.prometheus import free_address
from tests.peers.webhook import WebhookPeer, webhook_peer

CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 6900ms
  routes:
    - {{matchers: [team="x"], receiver: other, continue: true}}
    - {{matchers: [team=~"x|y"], receiver: hook}}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
  - name: other
    webhook_configs: [{{url: "{url}/other", send_resolved: false}}]
inhibit_rules:
  - {{source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [instance]}}
"""

# Processes start and stop beside the test; what differs by less than this happened at the same time.
TOLERANCE = 1.0


@dataclass
class Side:
    """One of the two: where it is asked, and what it told."""

    address: str
    peer: WebhookPeer

    def told(self, began: float) -> dict[str, list[tuple[float, str, list[str]]]]:
        """Path and group → (seconds since `began`, status, alerts) of each message, in order."""
        said: dict[str, list[tuple[float, str, list[str]]]] = {}
        for request in self.peer.requests:
            body: Any = request.json
            alerts = [
                f"{alert['labels']['alertname']}{alert['labels'].get('instance', '')}:{alert['status']}"
                for alert in body["alerts"]
            ]
            key = f"{request.path} {body['groupKey']}"
            said.setdefault(key, []).append((request.at - began, body["status"], alerts))
        return said


@asynccontextmanager
async def alertmanager(folder: Path, config: str) -> AsyncIterator[str]:
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("prometheus-alertmanager is not installed")
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(config)
    address = free_address()
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/data",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_ready(address)
        yield address
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def alertd(folder: Path, config: str) -> AsyncIterator[str]:
    folder.mkdir()
    path = folder / "alertd.yml"
    path.write_text(config)
    served = Served(path, f"sqlite:///{folder}/alertd.db")
    await served.start()
    try:
        yield served.address
    finally:
        assert await served.terminate() == 0


class Script:
    """Sends the same to both sides, at seconds since the beginning."""

    def __init__(self, sides: list[Side], session: ClientSession) -> None:
        self.sides = sides
        self.session = session
        self.began = time.time()
        self.monotonic = time.monotonic()

    async def at(self, second: float, *alerts: Mapping[str, Any]) -> None:
        await asyncio.sleep(max(0.0, self.began + second - time.time()))
        if alerts:
            await self._post("alerts", list(alerts))

    async def silence(self, name: str, seconds: float) -> None:
        matcher = {"name": "alertname", "value": name, "isRegex": False, "isEqual": True}
        now = time.time()
        span = {"startsAt": _iso(now), "endsAt": _iso(now + seconds)}
        await self._post("silences", {"matchers": [matcher], **span, "createdBy": "ann", "comment": "known"})

    def firing(self, **labels: str) -> dict[str, Any]:
        return {"labels": labels, "startsAt": _iso(time.time())}

    def first(self, **labels: str) -> dict[str, Any]:
        return {"labels": labels, "startsAt": _iso(self.began)}

    def over(self, second: float, **labels: str) -> dict[str, Any]:
        return {**self.first(**labels), "endsAt": _iso(self.began + second)}

    async def _post(self, path: str, body: Any) -> None:
        for side in self.sides:
            async with self.session.post(f"http://{side.address}/api/v2/{path}", json=body) as answer:
                assert answer.status == 200, await answer.text()


@pytest.mark.peer
async def test_the_same_messages_at_the_same_times(tmp_path: Path) -> None:
    """Batching, joining, repeats, resolves, `continue`, send_resolved, inhibition and a silence that ends."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        theirs, ours = await enter(webhook_peer()), await enter(webhook_peer())
        sides = [
            Side(await enter(alertmanager(tmp_path / "theirs", CONFIG.format(url=theirs.url))), theirs),
            Side(await enter(alertd(tmp_path / "ours", CONFIG.format(url=ours.url))), ours),
        ]
        script = Script(sides, await enter(ClientSession()))
        await script.at(0, script.first(alertname="A", instance="1"))
        await script.at(
            0.5, script.firing(alertname="A", instance="2"), script.firing(alertname="B", team="x", instance="9")
        )
        await script.at(1.6, script.firing(alertname="A", instance="3"))
        await script.at(4.2, script.over(4.2, alertname="A", instance="1"))
        await script.at(
            5.0,
            script.firing(alertname="C", severity="critical", instance="7"),
            script.firing(alertname="D", severity="warning", instance="7"),
            script.firing(alertname="D", severity="warning", instance="8"),
        )
        await script.at(
            8.9,
            script.over(8.9, alertname="C", severity="critical", instance="7"),
            script.over(8.9, alertname="B", team="x", instance="9"),
        )
        await script.silence("E", 4)
        await script.at(9.5, script.firing(alertname="E", instance="5"))
        await script.at(15.5)
        theirs_told, ours_told = (side.told(script.monotonic) for side in sides)

    assert len(theirs_told) == 6
    assert ours_told.keys() == theirs_told.keys()
    for group, expected in theirs_told.items():
        said = ours_told[group]
        assert [message[1:] for message in said] == [message[1:] for message in expected], group
        late = [abs(mine[0] - other[0]) for mine, other in zip(said, expected, strict=True)]
        assert max(late) < TOLERANCE, (group, late)


async def _until_ready(address: str) -> None:
    async with asyncio.timeout(60), ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://{address}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.1)


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
