"""`alertd serve` as a process of its own, that tests start, ask, kill and start again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.peers.prometheus import free_address


class Served:
    """One alertd: its configuration, its database, its address, and the process while there is one."""

    def __init__(self, config: Path, database_url: str) -> None:
        self.config = config
        self.address = free_address()
        self.environment = {**os.environ, "ALERTD_DATABASE_URL": database_url}
        self.log = config.with_suffix(".log")
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *, ready: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "alertd",
                "serve",
                "--config",
                str(self.config),
                "--listen",
                self.address,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        if ready:
            await self.until_ready()

    async def until_ready(self) -> None:
        async with asyncio.timeout(60):
            while not await self._answers():
                assert self.process is not None
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End the process as a power cut would."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask the process to end; its exit code."""
        return await self._end(signal.SIGTERM)

    async def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request; raises `ClientError` or `TimeoutError` when there is no answer."""
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            url = f"http://{self.address}{path}"
            async with session.request(method, url, json=body) as response:
                text = await response.text()
                return response.status, json.loads(text) if text else None

    async def _answers(self) -> bool:
        try:
            return (await self.request("GET", "/v1/status"))[0] == 200
        except (ClientError, TimeoutError):
            return False

    async def _end(self, number: int) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()
