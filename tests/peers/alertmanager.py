"""An Alertmanager as a process: Debian's own, or alertd in its place, started with the same flags."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_ADDRESS = re.compile(r"address=([^\s]+)")

#: What starts alertd in Alertmanager's place.
ALERTD = (sys.executable, "-m", "alertd", "alertmanager")


def real() -> tuple[str, ...]:
    """What starts the real one; the test is skipped where it is not installed."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("alertmanager is not installed")
    return (program,)


@dataclass
class Running:
    """A process that listens, and what it has logged so far."""

    process: asyncio.subprocess.Process
    address: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def until_logged(self, text: str) -> None:
        """Wait until the log has `text`."""
        async with asyncio.timeout(60):
            while text not in self.log.read_text():
                await asyncio.sleep(0.02)

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Ask the process to end; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(60):
            return await self.process.wait()


@asynccontextmanager
async def running(
    program: Sequence[str],
    folder: Path,
    config: str,
    *flags: str,
    listen: str = "127.0.0.1:0",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """The program in a folder of its own with a configuration, told where to listen as upstream's tests tell it."""
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text(config)
    log = folder / "stderr.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *program,
            "--config.file",
            str(folder / "alertmanager.yml"),
            "--log.level",
            "debug",
            "--web.listen-address",
            listen,
            "--storage.path",
            str(folder / "data"),
            "--cluster.listen-address",
            "127.0.0.1:0",
            "--cluster.settle-timeout",
            "0s",
            *flags,
            env={**os.environ, **(environment or {})},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
        )
    found = Running(process, "", log)
    try:
        async with asyncio.timeout(60):
            while not found.address:
                lines = [line for line in log.read_text().splitlines() if "Listening on" in line]
                found.address = _ADDRESS.findall(lines[0])[0] if lines else ""
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.01)
        yield found
    finally:
        await found.end()
