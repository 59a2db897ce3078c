"""alertd in Alertmanager's place: started, found, asked, reloaded and ended as those do who start an Alertmanager."""

from __future__ import annotations

import asyncio
import base64
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import trustme
from aiohttp import ClientSession

from alertd.clock import from_rfc3339
from tests.peers.alertmanager import ALERTD, Running, running
from tests.peers.webhook import webhook_peer

CONFIG = """
route: {{receiver: team, group_wait: 0s, group_by: [alertname]}}
receivers:
- name: team
  webhook_configs: [{{url: "{url}"}}]
"""
PLAIN = CONFIG.format(url="http://127.0.0.1:9/hook")


async def ask(url: str, method: str = "GET", body: Any = None, **options: Any) -> tuple[int, Any]:
    """Status and body of an answer."""
    async with ClientSession() as session, session.request(method, url, json=body, **options) as answer:
        json = answer.content_type == "application/json" and answer.content_length
        return answer.status, await answer.json() if json else await answer.text()


def silence(**labels: str) -> dict[str, Any]:
    return {
        "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2036-01-01T00:00:00Z",
        "createdBy": "ann",
        "comment": "",
    }


async def test_life(tmp_path: Path) -> None:
    """It says where it listens, is one peer of its cluster, takes alerts, reloads on SIGHUP and ends with 0."""
    async with webhook_peer() as peer:
        config = CONFIG.format(url=peer.url)
        async with running(ALERTD, tmp_path / "am", config) as alertmanager:
            status, told = await ask(f"{alertmanager.url}/api/v2/status")
            assert status == 200
            assert told["cluster"]["peers"][0]["address"]
            assert len(told["cluster"]["peers"]) == 1
            alert = {"labels": {"alertname": "A"}, "endsAt": "0001-01-01T00:00:00.000Z"}
            assert (await ask(f"{alertmanager.url}/api/v2/alerts", "POST", [alert]))[0] == 200
            await peer.wait_for(1)
            (tmp_path / "am" / "alertmanager.yml").write_text(config.replace("team", "other"))
            alertmanager.process.send_signal(signal.SIGHUP)
            await _until_receiver(alertmanager, "other")
            assert (tmp_path / "am" / "data" / "alertd.db").is_file()
            assert await alertmanager.end() == 0
        log = (tmp_path / "am" / "stderr.log").read_text()
        assert all(line.startswith("ts=") for line in log.splitlines()), log


async def test_interrupt(tmp_path: Path) -> None:
    """SIGINT ends it in order too."""
    async with running(ALERTD, tmp_path / "am", PLAIN) as alertmanager:
        assert await alertmanager.end(signal.SIGINT) == 0


async def test_prefix(tmp_path: Path) -> None:
    """Every door is under the prefix, and whoever asks for the root is sent there."""
    flags = ("--web.external-url=http://am.example.org/am", "--web.listen-address=127.0.0.1:0")
    async with running(ALERTD, tmp_path / "am", PLAIN, *flags) as alertmanager:
        for path in ("/am/-/ready", "/am/api/v2/status", "/am/v1/status", "/am/metrics", "/am/api/v1/rules"):
            assert (await ask(f"{alertmanager.url}{path}"))[0] == 200, path
        assert (await ask(f"{alertmanager.url}/-/ready"))[0] == 404
        assert (await ask(f"{alertmanager.url}/am/api/v2/x"))[1]["message"] == "path /api/v2/x was not found"
        async with ClientSession() as session, session.get(f"{alertmanager.url}/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "/am")
        lines = [line for line in alertmanager.log.read_text().splitlines() if "Listening on" in line]
        assert len(lines) == 2


async def test_classic_mode(tmp_path: Path) -> None:
    """In classic mode other names than the old ones are refused, in alerts, silences, filters and files."""
    flags = ("--enable-feature", "classic-mode")
    async with running(ALERTD, tmp_path / "am", PLAIN, *flags) as alertmanager:
        api = f"{alertmanager.url}/api/v2"
        status, text = await ask(f"{api}/alerts", "POST", [{"labels": {"Σ": "x"}}, {"labels": {"a": "é"}}])
        assert (status, text) == (400, 'invalid label set: invalid name "Σ"')
        status, text = await ask(f"{api}/silences", "POST", silence(Σ="x"))
        assert (status, text) == (400, 'invalid silence: invalid label matcher 0: invalid label name "Σ"')
        assert (await ask(f"{api}/silences", "POST", silence(a="Σ")))[0] == 200
        assert (await ask(f"{api}/alerts?filter=Σ=x"))[0] == 400
        assert len((await ask(f"{api}/alerts"))[1]) == 1


async def test_limits(tmp_path: Path) -> None:
    """What is beyond the limits of silences is refused; alerts beyond that of their name are dropped and counted."""
    flags = ("--silences.max-silences=1", "--silences.max-silence-size-bytes=500", "--alerts.per-alertname-limit=2")
    async with running(ALERTD, tmp_path / "am", PLAIN, *flags) as alertmanager:
        api = f"{alertmanager.url}/api/v2"
        assert (await ask(f"{api}/silences", "POST", silence(a="b")))[0] == 200
        assert (await ask(f"{api}/silences", "POST", silence(a="c"))) == (
            400,
            "invalid silence: exceeded maximum number of silences: 1 (limit: 1)",
        )
        status, text = await ask(f"{api}/silences", "POST", silence(a="b" * 500))
        assert (status, text[:48]) == (400, "invalid silence: silence exceeded maximum size: ")
        alerts = [{"labels": {"alertname": "A", "number": str(number)}} for number in range(3)]
        assert (await ask(f"{api}/alerts", "POST", alerts))[0] == 200
        assert len((await ask(f"{api}/alerts"))[1]) == 2
        metrics = (await ask(f"{alertmanager.url}/metrics"))[1]
        assert "alertmanager_alerts_limited_total 1.0" in metrics
        assert 'alertmanager_silences{state="active"} 1.0' in metrics


async def test_start_delay(tmp_path: Path) -> None:
    """Nobody is told anything before the delay is over, also of alerts that are old."""
    async with webhook_peer() as peer:
        config = CONFIG.format(url=peer.url)
        async with running(ALERTD, tmp_path / "am", config, "--dispatch.start-delay", "4s") as alertmanager:
            began = from_rfc3339((await ask(f"{alertmanager.url}/api/v2/status"))[1]["uptime"])
            alert = {"labels": {"alertname": "A"}, "startsAt": "2026-01-01T00:00:00Z"}
            await ask(f"{alertmanager.url}/api/v2/alerts", "POST", [alert])
            (told,) = await peer.wait_for(1)
            assert (time.time() - (time.monotonic() - told.at)) * 1000 - began >= 4_000


async def test_tls_and_users(tmp_path: Path) -> None:
    """With the web's file it speaks TLS, asks for a password everywhere, and adds its headers."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    secret = bcrypt.hashpw(b"opensesame", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
    (tmp_path / "web.yml").write_text(
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
        f"basic_auth_users: {{ann: '{secret}'}}\n"
        "http_server_config: {headers: {X-Frame-Options: deny}}\n"
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    flags = (f"--web.config.file={tmp_path / 'web.yml'}",)
    async with running(ALERTD, tmp_path / "am", PLAIN, *flags) as alertmanager:
        url = alertmanager.url.replace("http:", "https:")
        for path in ("/-/healthy", "/metrics", "/api/v2/status"):
            assert await ask(f"{url}{path}", ssl=context) == (401, "Unauthorized\n")
            assert (await ask(f"{url}{path}", ssl=context, headers=_basic("ann", "wrong")))[0] == 401
            assert (await ask(f"{url}{path}", ssl=context, headers=_basic("bob", "opensesame")))[0] == 401
            assert (await ask(f"{url}{path}", ssl=context, headers=_basic("ann", "opensesame")))[0] == 200
        async with ClientSession() as session, session.get(f"{url}/x", ssl=context) as answer:
            assert answer.headers["X-Frame-Options"] == "deny"
        known: dict[str, Any] = {"ssl": context, "headers": _basic("ann", "opensesame")}
        assert (await ask(f"{url}/api/v2/silences", "POST", silence(a="b"), **known))[0] == 200
        history = (await ask(f"{url}/v1/history", **known))[1]
        assert history["events"][0]["actor"] == "ann"


ACTIVATION = """
import os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "alertd", "alertmanager", *sys.argv[1:]])
"""


async def test_systemd_socket(tmp_path: Path) -> None:
    """It serves on the socket that it was handed."""
    program = (sys.executable, "-c", ACTIVATION)
    async with running(program, tmp_path / "am", PLAIN, "--web.systemd-socket") as alertmanager:
        assert (await ask(f"{alertmanager.url}/-/ready"))[0] == 200


def test_no_systemd_socket(tmp_path: Path) -> None:
    """Without a socket that it was handed it says so."""
    (tmp_path / "alertmanager.yml").write_text(PLAIN)
    said = subprocess.run([*ALERTD, "--web.systemd-socket"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "no socket activation file descriptors found" in said.stderr


async def test_open_to_all(tmp_path: Path) -> None:
    """On an address that others reach it serves without tokens, as Alertmanager does, and warns of it once."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no address for both kinds")
    async with running(ALERTD, tmp_path / "am", PLAIN, listen=":0") as alertmanager:
        port = alertmanager.address.rpartition(":")[2]
        assert alertmanager.address == f"[::]:{port}"
        url = f"http://127.0.0.1:{port}/api/v2/silences"
        status, _ = await ask(url, "POST", silence(a="b"), headers={"Origin": "http://karma.example.org"})
        assert status == 200
        log = alertmanager.log.read_text()
        assert log.count("level=warn") == log.count("open_to_all") == 1


def _basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def _until_receiver(alertmanager: Running, name: str) -> None:
    async with asyncio.timeout(60):
        while (await ask(f"{alertmanager.url}/api/v2/receivers"))[1][0]["name"] != name:
            await asyncio.sleep(0.02)
