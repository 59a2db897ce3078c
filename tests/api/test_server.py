"""Serving: the real address is told, open requests end, and the process leaves in order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from alertd.api.server import ApiServer
from alertd.errors import AlertdError
from alertd.service.service import Service
from tests.api.conftest import CONFIG, RULES, Build


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[ApiServer]:
    """The service on a port of the system's choice, and its end."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = ApiServer(service, "127.0.0.1:0", listening.set_result)
    task = asyncio.create_task(server.run())
    assert await listening == server.address
    yield server
    server.stop()
    await task


async def test_the_address_is_told(service: Service) -> None:
    """With port 0 the address that is told is the one that answers, and it answers no more after the end."""
    async with running(service) as server:
        assert not server.address.endswith(":0")
        async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
            answer = await client.get("/-/healthy")
            assert answer.text == "OK"
            assert "server" not in answer.headers
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{server.address}/-/healthy")


async def test_open_requests_end(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is being answered when the end comes gets its answer, and only then does the service stop."""
    asked, answered = asyncio.Event(), asyncio.Event()
    health = service.health

    async def slow() -> object:
        asked.set()
        await answered.wait()
        return await health()

    monkeypatch.setattr(service, "health", slow)
    async with running(service) as server, httpx.AsyncClient() as client:
        waiting = asyncio.create_task(client.get(f"http://{server.address}/health"))
        await asked.wait()
        server.stop()
        answered.set()
        assert (await waiting).json()["status"] == "ok"


async def test_addresses_that_cannot_be_had(build: Build) -> None:
    """A taken address and an open one are refused before anything starts."""
    service = build("auth: {required: false}\n")
    first = ApiServer(service, "127.0.0.1:0")
    with pytest.raises(AlertdError, match=f"cannot listen on {first.address}: "):
        ApiServer(service, first.address)
    with pytest.raises(AlertdError, match="does not ask who speaks to it"):
        ApiServer(service, "0.0.0.0:0")
    first.close()


SCRIPT = """
import sys
from pathlib import Path
from alertd.api.server import serve
from alertd.service.build import build_service
serve(build_service(Path(sys.argv[1]), database_url=sys.argv[2], env={}), "127.0.0.1:0")
"""


def test_signals(tmp_path: Path) -> None:
    """SIGHUP reloads, SIGTERM ends the process in order: with status 0 and after the service has stopped."""
    config = tmp_path / "alertd.yml"
    config.write_text(CONFIG)
    (tmp_path / "rules.yml").write_text(RULES)
    command = [sys.executable, "-c", SCRIPT, str(config), f"sqlite:///{tmp_path / 'alertd.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        log = [next(line for line in process.stdout if "Listening on" in line)]
        process.send_signal(signal.SIGHUP)
        log.append(next(line for line in process.stdout if "configuration reloaded" in line))
        process.send_signal(signal.SIGTERM)
        log += process.stdout
    assert process.returncode == 0
    assert "address" in log[0]
    assert "service stopped" in log[-1]
