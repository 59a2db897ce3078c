"""The two that are measured: alertd and Alertmanager, each a process of its own with the same configuration."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

PEER = "alertmanager"
OWN = "alertd"
SIDES = (PEER, OWN)


@dataclass(frozen=True)
class Running:
    """A side that answers: `address` is its host and port."""

    name: str
    address: str
    process: asyncio.subprocess.Process

    @property
    def memory(self) -> int:
        """The bytes that the process alone holds in memory (proportional set size)."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024

    @property
    def processor_time(self) -> float:
        """The seconds that the process has computed so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running(name: str, config: str) -> AsyncIterator[Running]:
    """Start one side on an empty folder; ends it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        address = _free_address()
        process = await asyncio.create_subprocess_exec(
            *_command(name, Path(folder), config, address),
            env=_environment(Path(folder)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _until_ready(address, process)
            yield Running(name, address, process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _command(name: str, folder: Path, config: str, address: str) -> Sequence[str]:
    path = folder / "alertmanager.yml"
    path.write_text(config)
    if name == OWN:
        return (sys.executable, "-m", "alertd", "serve", "--config", str(path), "--listen", address)
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        sys.exit("there is no prometheus-alertmanager on the PATH to measure beside")
    storage = f"--storage.path={folder}/data"
    return (program, f"--config.file={path}", storage, f"--web.listen-address={address}", "--cluster.listen-address=")


def _environment(folder: Path) -> Mapping[str, str]:
    return {**os.environ, "ALERTD_DATABASE_URL": f"sqlite:///{folder}/alertd.db"}


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def _until_ready(address: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while process.returncode is None:
            try:
                async with session.get(f"http://{address}/api/v2/status") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    sys.exit("a side ended before it was ready")
