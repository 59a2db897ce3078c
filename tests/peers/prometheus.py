"""A real Prometheus on loopback, and targets for it to scrape."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, web

from tests.peers.serving import serving


def free_address() -> str:
    """`127.0.0.1:PORT` with a port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@dataclass
class Target:
    """Something to scrape: its metrics as text lines, and whether it is down."""

    address: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    down: bool = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.down and request.transport is not None:
            request.transport.abort()
        return web.Response(text="".join(f"{series} {value}\n" for series, value in self.metrics.items()))


@asynccontextmanager
async def target(metrics: Mapping[str, float] | None = None) -> AsyncIterator[Target]:
    """A target that can be scraped."""
    served = Target(metrics=dict(metrics or {}))
    async with serving(served.handle) as url:
        served.address = url.removeprefix("http://")
        yield served


@asynccontextmanager
async def prometheus_peer(
    folder: Path, jobs: Mapping[str, str], *, more: Mapping[str, object] | None = None, flags: Sequence[str] = ()
) -> AsyncIterator[str]:
    """The address of a real Prometheus that scrapes these jobs (name → address) every half second.

    `more` are further sections of its configuration, `flags` further ones of its command line.
    """
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    address = free_address()
    scraped = [
        {
            "job_name": job,
            "scrape_interval": "500ms",
            "scrape_timeout": "400ms",
            "static_configs": [{"targets": [where], "labels": {"instance": job}}],
        }
        for job, where in jobs.items()
    ]
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": scraped, **(more or {})}))
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
        *flags,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_it_scrapes(address, jobs)
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def _until_it_scrapes(address: str, jobs: Mapping[str, str]) -> None:
    async with asyncio.timeout(60), ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://{address}/api/v1/query", params={"query": "up"}) as response:
                    found = (await response.json())["data"]["result"]
                    if {series["metric"]["job"] for series in found} >= set(jobs):
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.1)
