"""kill -9 at random moments under a stream of changes: nothing is lost, nothing said twice, no timer starts over.

`ALERTD_KILLS` says how often the service is killed (10 unless it is set).
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from alertd.routing.told import Content
from alertd.store import alerts as alert_rows
from alertd.store import outbox
from alertd.store.database import Database
from tests.e2e.serving import Served
from tests.peers.webhook import WebhookPeer, webhook_peer

KILLS = int(os.environ.get("ALERTD_KILLS", "10"))
NAMES = [f"Alert{number}" for number in range(12)]
FOR_SECONDS = 8

CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 300ms
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
rule_files: [rules.yml]
"""

RULES = f"""
groups:
  - name: timers
    interval: 500ms
    rules:
      - alert: Patient
        expr: waiting > 0
        for: {FOR_SECONDS}s
"""


class Stream:
    """Sends changes without end, and knows what was taken last of each alert."""

    def __init__(self, served: Served, seed: int) -> None:
        self.served = served
        self.random = random.Random(seed)
        self.fires = dict.fromkeys(NAMES, False)
        self.taken = 0
        self.stopped = False

    async def run(self) -> None:
        while not self.stopped:
            name = self.random.choice(NAMES)
            await self.send(name, fires=not self.fires[name])
            await asyncio.sleep(self.random.uniform(0, 0.05))

    async def send(self, name: str, *, fires: bool) -> None:
        """Send until it is taken, as a sender does that got no answer."""
        ends = "2099-01-01T00:00:00Z" if fires else "2001-01-01T00:00:00Z"
        alert = {"labels": {"alertname": name}, "starts_at": "2001-01-01T00:00:00Z", "ends_at": ends}
        while True:
            try:
                status, _ = await self.served.request("POST", "/v1/alerts", alert)
            except (ClientError, TimeoutError):
                await asyncio.sleep(0.05)
                continue
            assert status < 300, status
            self.fires[name] = fires
            self.taken += 1
            return


class Receiver:
    """What a receiver that obeys idempotency handles knows: each handle once, in the order of arrival."""

    def __init__(self, peer: WebhookPeer) -> None:
        self.peer = peer

    def messages(self) -> list[tuple[str, dict[str, str]]]:
        """(group, alert → status) of every message that is not a repetition of a handle."""
        seen: dict[str, bytes] = {}
        heard = []
        for request in self.peer.requests:
            handle = request.headers["webhook-id"]
            if handle in seen:
                assert seen[handle] == request.body, "one handle carried two contents"
                continue
            seen[handle] = request.body
            body: Any = request.json
            statuses = {alert["labels"]["alertname"]: alert["status"] for alert in body["alerts"]}
            heard.append((body["groupKey"], statuses))
        return heard

    def state(self) -> dict[str, str]:
        known: dict[str, str] = {}
        for _, statuses in self.messages():
            known.update(statuses)
        return known


async def test_nothing_is_lost(tmp_path: Path, database_url: str) -> None:
    """After every restart the receiver comes to know the truth, each message once, and `for` is not waited for anew."""
    async with webhook_peer() as peer:
        (tmp_path / "rules.yml").write_text(RULES)
        config = tmp_path / "alertd.yml"
        config.write_text(CONFIG.format(url=peer.url))
        served = Served(config, database_url)
        await served.start()
        began = time.time()
        status, _ = await served.request("POST", "/v1/snapshots", {"waiting": 1})
        assert status < 300
        stream = Stream(served, seed=KILLS)
        sending = asyncio.create_task(stream.run())
        moments = random.Random(KILLS)
        for _ in range(KILLS):
            await asyncio.sleep(moments.uniform(0, 1.5))
            await served.kill()
            # Now and then the next blow falls while it is still getting up.
            await served.start(ready=moments.random() > 0.2)
        await served.until_ready()
        stream.stopped = True
        await sending
        receiver = Receiver(peer)
        await _until(lambda: _knows(receiver, stream.fires))
        await _until(lambda: _async(receiver.state().get("Patient") == "firing"))

        assert stream.taken > KILLS
        assert await served.terminate() == 0
    _check_timer(database_url, began)
    _check_nothing_was_said_twice(database_url)


async def _knows(receiver: Receiver, fires: dict[str, bool]) -> bool:
    known = receiver.state()
    return all((known.get(name) == "firing") == firing for name, firing in fires.items())


async def _async(value: bool) -> bool:
    return value


async def _until(ready: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await ready():
            await asyncio.sleep(0.1)


def _check_timer(database_url: str, began: float) -> None:
    """The rule's timer still runs from its first breach: no restart started it over."""
    database = Database(database_url)
    try:
        producers = database.transaction(alert_rows.producers, "default")
        rule = next(producer for producer in producers if "Patient" in producer)
        (report,) = database.transaction(alert_rows.reports_of_producers, "default", [rule])[rule].values()
    finally:
        database.close()
    assert report.instance.fired_at is not None
    assert report.instance.fired_at - report.instance.active_at >= FOR_SECONDS * 1000
    assert report.instance.active_at / 1000 - began < FOR_SECONDS


def _check_nothing_was_said_twice(database_url: str) -> None:
    """No two messages in a row said the same of a group, but for one in between that may have arrived."""
    database = Database(database_url)
    try:
        said = database.transaction(outbox.listing, "default", limit=100_000)
    finally:
        database.close()
    last: dict[str, Content] = {}
    for notification in sorted(said, key=lambda item: (item.created_at, item.sequence)):
        if notification.status in {outbox.SUPERSEDED, outbox.WITHDRAWN} and not notification.uncertain:
            continue
        assert last.get(notification.group_id) != notification.content, notification
        last[notification.group_id] = notification.content
