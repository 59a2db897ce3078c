"""The guide "Step by step" of docs/migrating-from-alertmanager.md: its commands are run, and do what it says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.peers.alertmanager import real, running
from tests.peers.prometheus import free_address

DOCS = Path(__file__).parents[2] / "docs"
NOWHERE = "127.0.0.1:9"

pytestmark = pytest.mark.peer


def guide() -> str:
    """The text of the section."""
    page = (DOCS / "migrating-from-alertmanager.md").read_text(encoding="utf-8")
    found = re.search(r"^## Step by step$(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def fenced(language: str) -> Iterator[str]:
    for found in re.finditer(rf"^```{language}\n(.*?)^```$", guide(), re.MULTILINE | re.DOTALL):
        yield textwrap.dedent(found[1])


def commands() -> list[str]:
    return [line for block in fenced("sh") for line in block.splitlines()]


def outputs() -> list[str]:
    """The lines that the guide shows as what commands print, without those that are left out."""
    shown = [line for block in fenced("text") for line in block.splitlines()]
    return [line for line in shown if line.startswith(("alertd/", "  monitoring/", "5 label"))]


def example(folder: Path) -> None:
    """The files of the guide; their receivers lead nowhere, as this is a test."""
    shutil.copytree(DOCS / "examples" / "monitoring", folder / "monitoring")
    config = folder / "monitoring" / "alertmanager.yml"
    text = config.read_text(encoding="utf-8").replace("https://watch.example.org", f"http://{NOWHERE}")
    text = text.replace("mail.example.org:587", NOWHERE)
    key = "routing_key_file: secrets/pagerduty-key"
    config.write_text(text.replace(f"- {key}", f"- {{{key}, url: 'http://{NOWHERE}/'}}"))
    (folder / "monitoring" / "secrets" / "slack-url").write_text(f"http://{NOWHERE}/")


def environment() -> Mapping[str, str]:
    """One in which `alertd` is this one, and nothing else names a configuration or a database."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALERTD_")}
    return {**inherited, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


async def run(command: str, folder: Path) -> str:
    """What a command of the guide prints; it must end well."""
    process = await asyncio.create_subprocess_shell(
        command,
        cwd=folder,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"{command}\n{out.decode()}{err.decode()}"
    return out.decode()


async def serve(command: str, address: str, folder: Path) -> asyncio.subprocess.Process:
    """Start the service, and wait until it is ready."""
    process = await asyncio.create_subprocess_shell(
        f"exec {command}", cwd=folder, env=environment(), stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            assert process.returncode is None
            try:
                async with session.get(f"http://{address}/-/ready") as answer:
                    if answer.status == 200:
                        return process
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


async def push(address: str) -> None:
    """Send today's alerts, as Prometheus does."""
    alerts = json.loads((DOCS / "examples" / "monitoring" / "alerts.json").read_text())
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{address}/api/v2/alerts", json=alerts) as answer,
    ):
        assert answer.status == 200


async def test_every_command(tmp_path: Path) -> None:
    """From the first check to the way back, beside a real Alertmanager: each command does what it should."""
    if shutil.which("amtool") is None:
        pytest.skip("amtool is not installed")
    example(tmp_path)
    mine = free_address()
    told: dict[str, str] = {}
    service: asyncio.subprocess.Process | None = None
    async with running(real(), tmp_path / "am", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n") as theirs:
        await push(theirs.address)
        await run(f"amtool --alertmanager.url={theirs.url} silence add alertname=PodNotReady -a me -c why", tmp_path)
        try:
            for command in commands():
                line = command.replace("127.0.0.1:9093", theirs.address).replace("127.0.0.1:9193", mine)
                line = line.replace("127.0.0.1:9090", NOWHERE)
                if command.startswith("alertd serve"):
                    service = await serve(line, mine, tmp_path)
                    await push(mine)
                else:
                    told[command] = await run(line, tmp_path)
        finally:
            if service is not None:
                service.terminate()
                await service.wait()
        silences = await run(f"amtool --alertmanager.url={theirs.url} -o json silence query", tmp_path)
    assert service is not None
    assert service.returncode == 0
    printed = "\n".join(told.values()).splitlines()
    assert [line for line in outputs() if line not in printed] == []
    asked = [text for command, text in told.items() if command.endswith(" alert query") and "json" not in command]
    assert len(asked) == 2
    assert all("HttpErrors" in text and "Watchdog" in text for text in asked)
    assert "PodNotReady" in next(text for command, text in told.items() if command.startswith("alertd silence list"))
    assert len(json.loads(silences)) == 2


def test_the_guide_has_all_steps() -> None:
    """The commands that the guide is about are in it, so that the test above runs them."""
    words = {" ".join(command.split()[:2]) for command in commands()}
    assert {"alertd check", "alertd import", "alertd diff-routing", "alertd route", "alertd serve"} <= words
    assert len(outputs()) == 4
