"""The demonstration behind `make run`: alertd on SQLite, a receiver on this machine, and one alert from end to end."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from alertd.api.server import ApiServer
from alertd.cli.alerts import list_alerts
from alertd.cli.client import Client
from alertd.cli.exits import CommandFailed, Exit
from alertd.cli.options import DEFAULT_URL
from alertd.cli.output import label_text, say
from alertd.resources import resource_path
from alertd.service.build import build_service

T = TypeVar("T")

_CONFIG = """\
# Written by `alertd demo`. Change it while alertd runs: it is read anew.
listen: {listen}
database: sqlite:///{folder}/alertd.db

# Metrics are pushed to POST /v1/snapshots as the JSON that an application shows anyway.
sources:
  snapshots:
    type: snapshots
    map:
      - path: providers.*.status
        name: provider_status
        labels: {{provider: $1}}

rule_files: [rules/*.yml]
evaluation_interval: 1s

route:
  receiver: this-terminal
  group_by: [alertname]
  group_wait: 1s
  group_interval: 10s
  repeat_interval: 1h

receivers:
  - name: this-terminal
    webhook_configs:
      - url: {webhook}
"""

_SNAPSHOT = {
    "avg_response_time_ms": 184,
    "requests": {"total": 20_000, "failed": 35},
    "memory_percent": 61,
    "providers": {"north": {"status": "healthy"}, "south": {"status": "unhealthy"}},
}

# How long, in seconds, a step of the demonstration may take on a slow machine.
_PATIENCE = 60


async def demonstrate(folder: Path, *, once: bool) -> None:
    """Show one alert from a pushed metric to a delivered message; then serve until Ctrl-C, unless `once`.

    Raises `CommandFailed` when the message does not arrive.
    """
    messages: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    with _webhook(lambda body: loop.call_soon_threadsafe(messages.put_nowait, body)) as webhook:
        address = f"127.0.0.1:{_free_port(0 if once else 9093)}"
        config = _prepare(folder, address, webhook)
        listening = asyncio.Event()
        server = ApiServer(build_service(config, env={}), address, lambda _: listening.set())
        with _stopped_by_signals(server):
            running = asyncio.create_task(server.run())
            try:
                await _within(running, listening.wait())
                await _show(f"http://{address}", config, running, messages)
                if not once:
                    say("\nEverything that is told from now on appears here. Ctrl-C ends the demonstration.")
                    await _print_until_end(running, messages)
            finally:
                server.stop()
                await running


async def _show(url: str, config: Path, running: asyncio.Task[None], messages: asyncio.Queue[Any]) -> None:
    say(f"alertd serves on {url}, configured by {config}\n")
    say("1. An application pushes its metrics to POST /v1/snapshots; one of its providers is unhealthy:\n")
    say(json.dumps(_SNAPSHOT, indent=2))
    await asyncio.to_thread(Client(url).post, "/v1/snapshots", _SNAPSHOT, {"label": "instance=demo-1"})
    say("\n2. The rule ProviderDown finds it, and the receiver is told:\n")
    message = await _within(running, messages.get())
    say(_told(message))
    say("\n3. The alert is listed:\n")
    await asyncio.to_thread(list_alerts, url=url)
    fingerprint = message["alerts"][0]["fingerprint"]
    program = sys.argv[0] if Path(sys.argv[0]).name == "alertd" else "alertd"
    prefix = "" if url == DEFAULT_URL else f"ALERTD_URL={url} "
    say("\n4. Acknowledge it, ask why it was told, or make it quiet:\n")
    for command in (
        f"alert ack {fingerprint} --for 1h --note 'I am on it'",
        f"alert why {fingerprint}",
        "silence add alertname=ProviderDown --for 2h --comment 'being mended'",
        "--help",
    ):
        say(f"   {prefix}{program} {command}")


async def _print_until_end(running: asyncio.Task[None], messages: asyncio.Queue[Any]) -> None:
    while not running.done():
        arriving = asyncio.create_task(messages.get())
        await asyncio.wait({arriving, running}, return_when=asyncio.FIRST_COMPLETED)
        if arriving.done():
            say(f"\n{_told(arriving.result())}")
        else:
            arriving.cancel()


def _told(message: Any) -> str:
    lines = [f"   {message['receiver']} was told, {message['status']}:"]
    for alert in message["alerts"]:
        lines.append(f"   - {alert['annotations'].get('summary', '')}")
        lines.append(f"     {alert['fingerprint']}  {label_text(alert['labels'])}")
    return "\n".join(lines)


async def _within(running: asyncio.Task[None], awaited: Coroutine[Any, Any, T]) -> T:
    """What comes while the service runs, in time. Raises `CommandFailed`, or what ended the service."""
    waiting = asyncio.create_task(awaited)
    await asyncio.wait({waiting, running}, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    if running.done():
        await running
        raise CommandFailed(Exit.FAILED, "the demonstration was ended")
    raise CommandFailed(Exit.FAILED, f"nothing came within {_PATIENCE} seconds; the log above may say why")


def _prepare(folder: Path, listen: str, webhook: str) -> Path:
    """Write the configuration and the rules, and forget what an earlier demonstration left."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("alertd.db", "alertd.db-wal", "alertd.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copytree(resource_path("rules"), folder / "rules", dirs_exist_ok=True)
    config = folder / "alertd.yml"
    config.write_text(_CONFIG.format(listen=listen, folder=folder, webhook=webhook), encoding="utf-8")
    return config


def _free_port(wanted: int) -> int:
    """`wanted`, or another one when somebody has that."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _webhook(take: Callable[[Any], object]) -> Iterator[str]:
    """The URL of a receiver that hands each message to `take`, from a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The message itself is shown; the request needs no line of its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/alerts"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _stopped_by_signals(server: ApiServer) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
