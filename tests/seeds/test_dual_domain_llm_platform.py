"""Dual-domain LLM platform: alerts over HTTP for two organisations, with roles, an audit trail and an orderly end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from aiohttp import web

from alertd.api.app import build_app
from alertd.api.server import ApiServer
from alertd.clock import SystemClock, VirtualClock
from alertd.service.build import build_service
from alertd.service.logs import Scrubber, configure
from alertd.service.service import Service
from alertd.store import tokens
from alertd.store.tokens import Role
from tests.peers.serving import Answer, serving
from tests.peers.webhook import webhook_peer
from tests.seeds.heard import hooked
from tests.service.world import MINUTE, SECOND, START

SWAGGY, SCIENTIA = "swaggystacks", "scientia_capital"

CONFIG = """
organisation: shared
auth: {required: true}
route: {receiver: hooks, group_by: [alertname], group_wait: 1s, group_interval: 10s}
receivers:
  - name: hooks
    webhook_configs: [{url: "${HOOK_URL}"}]
"""

# `createAlert` as the guide calls it.
CREATED = {
    "alertType": "high_error_rate",
    "severity": "warning",
    "message": "API error rate exceeded 5% threshold",
    "endpointId": "endpoint-123",
    "modelName": "qwen2.5:7b",
    "metadata": {"errorRate": 0.07, "threshold": 0.05, "timeWindow": "5m"},
}


@dataclass
class Platform:
    """A service on virtual time behind its HTTP API."""

    service: Service
    clock: VirtualClock
    stack: AsyncExitStack

    async def client(self, organisation: str = "", role: Role = Role.ADMIN, name: str = "") -> httpx.AsyncClient:
        """A client with a token of an organisation, or without any."""
        headers = {}
        if organisation:
            name = name or f"{role}@{organisation}"
            _, secret = await self.service.database.run(
                tokens.create, organisation, name=name, role=role, now=START, actor="setup"
            )
            headers["Authorization"] = f"Bearer {secret}"
        transport = httpx.ASGITransport(build_app(self.service), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://alertd", headers=headers)
        return await self.stack.enter_async_context(client)

    async def wait(self, duration: int) -> None:
        """Let time pass and do everything that is due in it, each thing at its own instant."""
        end = self.clock.now() + duration
        await self.service.engine.step()
        while (due := await self.service.engine.next_due()) is not None and due <= end:
            self.clock.advance_to(due)
            await self.service.engine.step()
        self.clock.advance_to(end)


@asynccontextmanager
async def platform(
    folder: Path, url: str, hook: str, *, config: str = CONFIG, scrubber: Scrubber | None = None
) -> AsyncIterator[Platform]:
    path = folder / "alertd.yml"
    path.write_text(config)
    clock = VirtualClock(START)
    service = build_service(path, database_url=url, clock=clock, scrubber=scrubber, env={"HOOK_URL": hook})
    async with AsyncExitStack() as stack:
        yield Platform(service, clock, stack)
    await service.runtime.close()
    service.database.close()


async def test_create_list_count_and_resolve(tmp_path: Path, migrated_url: str) -> None:
    """The guide's own alert: created, listed, counted by HEAD, resolved by PUT, and told to the webhook both times."""
    async with webhook_peer() as hook, platform(tmp_path, migrated_url, hook.url) as here:
        client = await here.client(SWAGGY)
        created = await client.post("/v1/alerts", json=CREATED)
        assert created.status_code == 201
        [fingerprint] = created.json()["fingerprints"]
        await client.post("/v1/alerts", json={"alertType": "security_breach", "severity": "critical"})
        await here.wait(2 * SECOND)

        listed = (await client.get("/v1/alerts", params={"severity": "warning"})).json()["alerts"]
        [alert] = listed
        assert alert["labels"] == {
            "alertname": "high_error_rate",
            "severity": "warning",
            "endpoint_id": "endpoint-123",
            "model_name": "qwen2.5:7b",
        }
        assert alert["annotations"] == {
            "summary": "API error rate exceeded 5% threshold",
            "errorRate": "0.07",
            "threshold": "0.05",
            "timeWindow": "5m",
        }
        assert (alert["state"], alert["fingerprint"]) == ("firing", fingerprint)
        assert await _counts(client) == {"firing": "2", "resolved": "0", "critical": "1", "warning": "1"}

        # It fires until somebody resolves it, however long that takes.
        await here.wait(10 * MINUTE)
        assert (await client.put(f"/v1/alerts/{fingerprint}/resolve")).json()["state"] == "resolved"
        assert (await client.put(f"/v1/alerts/{fingerprint}/resolve")).status_code == 200
        await here.wait(10 * SECOND)
        assert await _counts(client) == {"firing": "1", "resolved": "1", "critical": "1", "warning": None}

        assert sorted(hooked(hook)) == [
            ("firing", "first notification", ["high_error_rate:firing"]),
            ("firing", "first notification", ["security_breach:firing"]),
            ("resolved", "all alerts resolved", ["high_error_rate:resolved"]),
        ]


async def test_two_organisations_know_nothing_of_each_other(tmp_path: Path, migrated_url: str) -> None:
    """The same alert in both is two alerts: lists, counts, answers, silences and history are each organisation's own,
    and no message speaks of both."""
    async with webhook_peer() as hook, platform(tmp_path, migrated_url, hook.url) as here:
        swaggy, scientia = await here.client(SWAGGY), await here.client(SCIENTIA)
        shared = await here.client("shared")
        [fingerprint] = (await swaggy.post("/v1/alerts", json=CREATED)).json()["fingerprints"]
        assert (await scientia.post("/v1/alerts", json=CREATED)).json()["fingerprints"] == [fingerprint]
        [own] = (await scientia.post("/v1/alerts", json={"alertType": "revenue_drop"})).json()["fingerprints"]
        await here.wait(2 * SECOND)

        assert await _names(swaggy) == ["high_error_rate"]
        assert sorted(await _names(scientia)) == ["high_error_rate", "revenue_drop"]
        assert await _names(shared) == []
        assert [
            (await client.head("/v1/alerts/summary")).headers["x-alerts-firing"]
            for client in (swaggy, scientia, shared)
        ] == [
            "1",
            "2",
            "0",
        ]

        for method, path in (
            ("GET", ""),
            ("GET", "/why"),
            ("PUT", "/resolve"),
            ("POST", "/acknowledge"),
        ):
            answer = await swaggy.request(method, f"/v1/alerts/{own}{path}")
            assert (method, path, answer.status_code) == (method, path, 404)

        silence = {"matchers": ['alertname="high_error_rate"'], "duration": "1h", "comment": "known"}
        assert (await scientia.post("/v1/silences", json=silence)).status_code == 201
        assert (await scientia.get(f"/v1/alerts/{fingerprint}")).json()["state"] == "suppressed"
        assert (await swaggy.get(f"/v1/alerts/{fingerprint}")).json()["state"] == "firing"
        assert (await swaggy.get("/v1/silences")).json()["silences"] == []

        await swaggy.put(f"/v1/alerts/{fingerprint}/resolve")
        assert (await scientia.get(f"/v1/alerts/{fingerprint}")).json()["state"] == "suppressed"
        actors = {event["actor"] for event in (await scientia.get("/v1/history")).json()["events"]}
        assert actors == {"setup", "alertd", f"admin@{SCIENTIA}"}
        assert [alerts for status, _, alerts in hooked(hook) if status == "firing"].count(
            ["high_error_rate:firing"]
        ) == 2
        assert all(len(alerts) == 1 for _, _, alerts in hooked(hook))


MAY = {
    Role.SENDER: {"send"},
    Role.VIEWER: {"list", "count", "history"},
    Role.RESPONDER: {"list", "count", "history", "resolve"},
    Role.EDITOR: {"send", "list", "count", "history", "resolve", "silence"},
    Role.ADMIN: {"send", "list", "count", "history", "resolve", "silence", "tokens"},
}


@pytest.mark.parametrize("role", [None, *Role])
async def test_access_control(tmp_path: Path, migrated_url: str, role: Role | None) -> None:
    """Without a token nobody may do anything; with one, each role may do its own and what is below it."""
    async with platform(tmp_path, migrated_url, "http://127.0.0.1:9/hook") as here:
        other = await here.client(SWAGGY, name="another")
        [fingerprint] = (await other.post("/v1/alerts", json=CREATED)).json()["fingerprints"]
        client = await here.client(SWAGGY, role) if role else await here.client()
        silence = {"matchers": ["a=b"], "duration": "1h", "comment": "known"}
        requests: dict[str, tuple[str, str, Any]] = {
            "send": ("POST", "/v1/alerts", CREATED),
            "list": ("GET", "/v1/alerts", None),
            "count": ("HEAD", "/v1/alerts/summary", None),
            "history": ("GET", "/v1/history", None),
            "silence": ("POST", "/v1/silences", silence),
            "tokens": ("GET", "/v1/tokens", None),
            "resolve": ("PUT", f"/v1/alerts/{fingerprint}/resolve", None),
        }
        statuses = {
            name: (await client.request(method, path, json=body)).status_code
            for name, (method, path, body) in requests.items()
        }
        allowed = {name for name, status in statuses.items() if status < 300}
        assert allowed == (MAY[role] if role else set())
        assert {status for status in statuses.values() if status >= 300} <= ({403} if role else {401})


async def test_the_audit_trail(tmp_path: Path, migrated_url: str) -> None:
    """Who did what and when: tokens, alerts, answers, silences, each with its actor; and a revoked token is refused."""
    async with webhook_peer() as hook, platform(tmp_path, migrated_url, hook.url) as here:
        admin = await here.client(SWAGGY)
        made = (await admin.post("/v1/tokens", json={"name": "ann", "role": "editor"})).json()
        ann = {"Authorization": f"Bearer {made['token']}"}
        [fingerprint] = (await admin.post("/v1/alerts", json=CREATED, headers=ann)).json()["fingerprints"]
        path = f"/v1/alerts/{fingerprint}"
        await admin.post(f"{path}/acknowledge", json={"note": "looking"}, headers=ann)
        await admin.post(f"{path}/note", json={"text": "a bad deployment"}, headers=ann)
        await admin.put(f"{path}/resolve", headers=ann)
        await admin.post(f"/v1/tokens/{made['id']}/revoke")
        assert (await admin.get("/v1/alerts", headers=ann)).status_code == 401

        events = (await admin.get("/v1/history")).json()["events"]
        assert [(event["event"], event["actor"]) for event in reversed(events)] == [
            ("token_created", "setup"),
            ("token_created", f"admin@{SWAGGY}"),
            ("fired", "ann"),
            ("episode_opened", "alertd"),
            ("acknowledged", "ann"),
            ("note", "ann"),
            ("resolved_by_hand", "ann"),
            ("episode_closed", "alertd"),
            ("resolved_by", "ann"),
            ("token_revoked", f"admin@{SWAGGY}"),
        ]
        assert {event["at"] for event in events} == {"2023-11-14T22:13:20.000Z"}
        by_ann = (await admin.get("/v1/history", params={"actor": "ann", "event": "note"})).json()["events"]
        assert [event["details"] for event in by_ann] == [{"text": "a bad deployment"}]


async def test_secrets_stay_out_of_logs(
    tmp_path: Path, migrated_url: str, capfd: pytest.CaptureFixture[str], own_logs: None
) -> None:
    """No secret of the configuration is in a log line, whatever text it stands in, nor in an answer; neither is a value
    under a telling key."""
    config = (
        CONFIG
        + """
  - name: everybody
    slack_configs: [{api_url: "https://hooks.slack.com/services/T0/B0/swaggysecret"}]
    pagerduty_configs: [{routing_key: 0123456789abcdef0123456789abcdef}]
    email_configs: [{to: a@example.org, from: b@example.org, smarthost: "mail:25", auth_password: correct-horse}]
"""
    )
    scrubber = Scrubber()
    configure(scrubber)
    hidden = ("swaggysecret", "0123456789abcdef0123456789abcdef", "correct-horse", "/hook-secret")
    async with (
        serving(_refuse) as base,
        platform(tmp_path, migrated_url, f"{base}/hook-secret", config=config, scrubber=scrubber) as here,
    ):
        client = await here.client("shared")
        await client.post("/v1/alerts", json=CREATED)
        await here.wait(2 * SECOND)
        log = structlog.get_logger("platform")
        log.info("authentication failed with correct-horse", user="ann", api_key="sk-unknown", token="t-unknown")
        logging.getLogger("another").warning("posting to https://hooks.slack.com/services/T0/B0/swaggysecret")

        answers = [
            (await client.get(path)).text for path in ("/v1/status", "/v1/receivers", "/v1/notifications", "/health")
        ]

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    by_action = {line["action"]: line for line in lines if "action" in line}
    assert "the answer names" in by_action["notification_failed"]["error"]
    said = {line["event"]: line for line in lines}
    assert said["authentication failed with <secret>"]["user"] == "ann"
    assert said["authentication failed with <secret>"]["api_key"] == "<secret>"
    assert "posting to <secret>" in said
    everything = json.dumps(lines) + "".join(answers)
    assert [secret for secret in (*hidden, "sk-unknown", "t-unknown") if secret in everything] == []


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Whatever a test makes of the logs, it makes for itself alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


async def _refuse(request: web.Request) -> web.StreamResponse:
    """Refuses every call, and repeats in its answer where it was called."""
    return web.Response(status=400, text=f"the answer names {request.url}")


async def test_graceful_shutdown(tmp_path: Path, migrated_url: str) -> None:
    """Asked to end while a message is in the air, it takes no more requests, lets the message land once, and keeps
    everything for the next start."""
    arrived, release, calls = asyncio.Event(), asyncio.Event(), []

    async def slow_hook(request: web.Request) -> web.StreamResponse:
        calls.append(await request.json())
        arrived.set()
        await release.wait()
        return web.Response()

    path = tmp_path / "alertd.yml"
    path.write_text(CONFIG.replace("group_wait: 1s", "group_wait: 0s"))
    async with serving(slow_hook) as base:
        environment = {"HOOK_URL": f"{base}/hook"}
        service = build_service(path, database_url=migrated_url, env=environment)
        _, secret = await service.database.run(
            tokens.create, SWAGGY, name="app", role=Role.ADMIN, now=SystemClock().now(), actor="setup"
        )
        server = ApiServer(service, "127.0.0.1:0")
        running = asyncio.create_task(server.run())
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(base_url=f"http://{server.address}", headers=headers) as client:
            assert (await client.post("/v1/alerts", json=CREATED)).status_code == 201
            async with asyncio.timeout(10):
                await arrived.wait()
            server.stop()
            release.set()
            async with asyncio.timeout(10):
                await running
            with pytest.raises(httpx.ConnectError):
                await client.get("/health")
        assert len(calls) == 1

        after = build_service(path, database_url=migrated_url, env=environment)
        transport = httpx.ASGITransport(build_app(after), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://alertd", headers=headers) as client:
            assert await _names(client) == ["high_error_rate"]
            [sent] = (await client.get("/v1/notifications")).json()["notifications"]
            assert sent["status"] == "sent"
        await after.runtime.close()
        after.database.close()


async def test_health_names_each_check(tmp_path: Path, migrated_url: str) -> None:
    """Anybody may ask how it is; what exactly is wrong is told to those of the configuration's organisation."""
    async with webhook_peer() as hook, platform(tmp_path, migrated_url, hook.url) as here:
        hook.default = Answer(410)
        client, stranger, nobody = await here.client("shared"), await here.client(SWAGGY), await here.client()
        assert (await nobody.get("/health")).json()["status"] == "ok"
        await client.post("/v1/alerts", json=CREATED)
        await here.wait(2 * SECOND)
        for who, told in ((client, True), (stranger, False), (nobody, False)):
            answer = await who.get("/health")
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
            message = answer.json()["checks"]["channels"]["message"]
            assert (message is not None and message.startswith("nobody can be told through hooks/webhook/0")) is told


async def _names(client: httpx.AsyncClient) -> list[str]:
    return [alert["labels"]["alertname"] for alert in (await client.get("/v1/alerts")).json()["alerts"]]


async def _counts(client: httpx.AsyncClient) -> dict[str, str | None]:
    answer = await client.head("/v1/alerts/summary")
    assert (answer.status_code, answer.content) == (200, b"")
    names = {"firing": "firing", "resolved": "resolved", "critical": "severity-critical", "warning": "severity-warning"}
    return {name: answer.headers.get(f"x-alerts-{header}") for name, header in names.items()}
