"""The same requests to a real Alertmanager: what the tables say is what it answers."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api.alertmanager.requests import REFUSALS
from tests.peers.prometheus import free_address

pytestmark = pytest.mark.peer


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real Alertmanager."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("alertmanager is not installed")
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: team}\nreceivers: [{name: team}]\n")
    address = free_address()
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        await _until_it_answers(client)
        yield client
    process.terminate()
    await process.wait()


async def _until_it_answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await client.get("/-/ready")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def test_refusals(alertmanager: httpx.AsyncClient) -> None:
    """Every refusal of the table that is not alertd's own wording is Alertmanager's, to the letter."""
    for refusal in REFUSALS:
        if refusal.common:
            answer = await refusal.ask(alertmanager, "/api/v2")
            assert (answer.status_code, answer.json()) == (refusal.status, refusal.says), refusal
