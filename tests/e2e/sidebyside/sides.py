"""The two sides: a real Alertmanager and alertd, each a process with its own configuration and its own webhook peer."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientResponse, ClientSession

from tests.e2e.serving import Served
from tests.peers.prometheus import free_address
from tests.peers.webhook import WebhookPeer, webhook_peer

#: The address that both put into their messages.
EXTERNAL_URL = "http://alerts.example"

#: Makes a configuration whose webhooks lie under a URL.
Configure = Callable[[str], Mapping[str, Any]]


class Refused(Exception):
    """A side did not take what a scenario says."""


@dataclass
class Side:
    """One of the two: its address, where it sends to, and how its configuration is changed."""

    name: str
    address: str
    peer: WebhookPeer
    session: ClientSession
    file: Path
    extra: Mapping[str, Any]

    async def post(self, path: str, body: Any) -> Any:
        """POST to its API; the answer, which has to be good."""
        async with self.session.post(f"http://{self.address}/api/v2/{path}", json=body) as answer:
            text = await self._good(answer)
            return json.loads(text) if text else None

    async def delete(self, path: str) -> None:
        async with self.session.delete(f"http://{self.address}/api/v2/{path}") as answer:
            await self._good(answer)

    async def reload(self, configure: Configure) -> None:
        """Run with another configuration, or the same, from now on."""
        self.write(configure)
        async with self.session.post(f"http://{self.address}/-/reload") as answer:
            await self._good(answer)

    async def _good(self, answer: ClientResponse) -> str:
        text = await answer.text()
        if answer.status != 200:
            raise Refused(f"{self.name} answers {answer.status} to {answer.url.path}: {text}")
        return text

    def write(self, configure: Configure) -> None:
        # JSON is YAML, and says exactly what is meant.
        self.file.write_text(json.dumps({**configure(self.peer.url), **self.extra}, ensure_ascii=False), "utf-8")


@asynccontextmanager
async def alertmanager(folder: Path, configure: Configure) -> AsyncIterator[Side]:
    """Debian's Alertmanager; skips the test where there is none."""
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("prometheus-alertmanager is not installed")
    folder.mkdir(parents=True)
    async with webhook_peer() as peer, ClientSession() as session:
        side = Side("alertmanager", free_address(), peer, session, folder / "alertmanager.yml", {})
        side.write(configure)
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program,
                f"--config.file={side.file}",
                f"--storage.path={folder}/data",
                f"--web.listen-address={side.address}",
                f"--web.external-url={EXTERNAL_URL}",
                "--cluster.listen-address=",
                stdout=log,
                stderr=log,
            )
        try:
            await _until_ready(side, folder / "log")
            yield side
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


@asynccontextmanager
async def alertd(folder: Path, configure: Configure, *, compat: str = "alertd") -> AsyncIterator[Side]:
    """alertd, in the manner that `compat` names."""
    folder.mkdir(parents=True)
    async with webhook_peer() as peer, ClientSession() as session:
        served = Served(folder / "alertd.yml", f"sqlite:///{folder}/alertd.db")
        extra = {"external_url": EXTERNAL_URL, "compat": compat}
        side = Side(f"alertd, compat {compat}", served.address, peer, session, served.config, extra)
        side.write(configure)
        await served.start()
        try:
            yield side
        finally:
            assert await served.terminate() == 0


async def _until_ready(side: Side, log: Path) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with side.session.get(f"http://{side.address}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                assert "err=" not in log.read_text(), log.read_text()
            await asyncio.sleep(0.05)
