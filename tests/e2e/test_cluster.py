"""Three `alertd alertmanager` with a database each, as a cluster: everybody gets every alert, one of them notifies."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.peers.webhook import WebhookPeer, webhook_peer

CONFIG = """
route: {{receiver: hook, group_by: [], group_wait: 300ms, group_interval: 500ms, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: "{url}"}}]}}]
"""
_LISTENING = re.compile(r"Listening on.*address=([^\s]+)")


@dataclass
class Member:
    """A process of the cluster: where it is asked, and where its peers find it."""

    process: asyncio.subprocess.Process
    address: str
    peer_address: str = ""


@asynccontextmanager
async def member(folder: Path, config: Path, *flags: str) -> AsyncIterator[Member]:
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "alertd",
        "alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=127.0.0.1:0",
        "--cluster.settle-timeout=0s",
        "--cluster.reconnect-interval=200ms",
        *flags,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    reading = None
    try:
        async with asyncio.timeout(60):
            while not (found := _LISTENING.search((await process.stderr.readline()).decode())):
                assert process.returncode is None
        reading = asyncio.create_task(process.stderr.read())
        member = Member(process, found[1])
        cluster = (await _get(member, "status"))["cluster"]
        member.peer_address = next(peer["address"] for peer in cluster["peers"] if peer["name"] == cluster["name"])
        yield member
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        if reading is not None:
            await reading


@asynccontextmanager
async def trio(folder: Path, url: str, *flags: str) -> AsyncIterator[list[Member]]:
    """Three members that know each other."""
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.format(url=url))
    async with AsyncExitStack() as stack:
        members: list[Member] = []
        for name in ("a", "b", "c"):
            known = [f"--cluster.peer={other.peer_address}" for other in members]
            started = member(folder / name, config, f"--cluster.peer-name={name}", *known, *flags)
            members.append(await stack.enter_async_context(started))
        for one in members:
            await until(lambda one=one: _size(one, 3))
        yield members


async def until(reached: Callable[[], Any]) -> None:
    """Wait until something is so; a test that waits a minute fails."""
    async with asyncio.timeout(60):
        while not await reached():
            await asyncio.sleep(0.05)


async def _get(member: Member, path: str) -> Any:
    async with ClientSession() as session, session.get(f"http://{member.address}/api/v2/{path}") as answer:
        return await answer.json()


async def _post(member: Member, path: str, body: Any) -> None:
    async with ClientSession() as session, session.post(f"http://{member.address}/api/v2/{path}", json=body) as answer:
        assert answer.status == 200, await answer.text()


async def _size(member: Member, wanted: int) -> bool:
    return len((await _get(member, "status"))["cluster"]["peers"]) == wanted


def _alert(name: str, **times: str) -> dict[str, Any]:
    return {"labels": {"alertname": name}, **times}


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def test_one_of_three_notifies(tmp_path: Path) -> None:
    """An alert that all members get is told once, and so is its end."""
    async with webhook_peer() as peer, trio(tmp_path, peer.url, "--cluster.peer-timeout=2s") as members:
        began = _now()
        for one in members:
            await _post(one, "alerts", [_alert("A", startsAt=began)])
        await until(lambda: _told(peer, 1))
        ended = _now()
        for one in members:
            await _post(one, "alerts", [_alert("A", startsAt=began, endsAt=ended)])
        await until(lambda: _told(peer, 2))
        # Longer than the last member's turn and one more flush: whoever would tell it again has done so by then.
        await asyncio.sleep(6)
        assert [request.json["status"] for request in peer.requests] == ["firing", "resolved"]


async def test_the_next_one_notifies_when_the_first_is_dead(tmp_path: Path) -> None:
    """The member whose turn it is dies with the alert in its hands: the next one tells it, and only that one."""
    async with webhook_peer() as peer, trio(tmp_path, peer.url, "--cluster.peer-timeout=1s") as members:
        for one in members[1:]:
            await _post(one, "alerts", [_alert("A", startsAt=_now())])
        members[0].process.kill()
        await members[0].process.wait()
        await until(lambda: _told(peer, 1))
        await asyncio.sleep(3)
        assert len(peer.requests) == 1


async def test_a_silence_of_one_is_a_silence_of_all(tmp_path: Path) -> None:
    """A silence that was made at one member holds the others' messages back."""
    async with webhook_peer() as peer, trio(tmp_path, peer.url, "--cluster.peer-timeout=100ms") as members:
        matcher = {"name": "alertname", "value": "A", "isRegex": False, "isEqual": True}
        span = {"startsAt": _now(), "endsAt": "2100-01-01T00:00:00Z", "createdBy": "ann", "comment": "known"}
        await _post(members[2], "silences", {"matchers": [matcher], **span})
        for one in members:
            await until(lambda one=one: _get(one, "silences"))
            await _post(one, "alerts", [_alert("A"), _alert("B")])
        await until(lambda: _told(peer, 1))
        [told] = peer.requests[0].json["alerts"]
        assert told["labels"]["alertname"] == "B"


async def _told(peer: WebhookPeer, messages: int) -> bool:
    return len(peer.requests) >= messages
