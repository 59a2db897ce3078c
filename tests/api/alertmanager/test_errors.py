"""What Alertmanager's API refuses, word for word; the same table is put to a real Alertmanager in `test_same.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.alertmanager.requests import REFUSALS, Refusal
from tests.api.conftest import Build, Token


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_refusals(client: httpx.AsyncClient, refusal: Refusal) -> None:
    """Each mistake has its status and its text, and what a schema refuses has the number of the rule."""
    answer = await refusal.ask(client, "/api/v2")
    assert (answer.status_code, answer.json()) == (refusal.status, refusal.says)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/alerts", b'[{"labels": {"a": "\\u0000"}}]', 400, "the character U+0000"),
        ("POST", "/alerts", b'[{"labels": {"a": "\\ud800"}}]', 400, "parsing alerts body"),
        ("POST", "/alerts", b'[{"labels": {"a": "\xff"}}]', 400, "parsing alerts body"),
        ("POST", "/alerts", b'[{"labels": {"a": 1}}]', 400, "Expected `str`, got `int` - at `$[0].labels[...]`"),
        ("POST", "/alerts", b'[{"labels": {"a": "b"}', 400, "parsing alerts body"),
        ("POST", "/alerts", b'[{"labels": {"a": "b"}, "startsAt": "soon"}]', 400, "- at `$[0].startsAt`"),
        ("POST", "/alerts", b"[null]", 422, "0.labels in body is required"),
        ("POST", "/silences", b"[]", 400, "parsing silence body"),
    ],
)
async def test_broken_bodies(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, status: int, says: str
) -> None:
    """What cannot be read is answered with the place of the mistake."""
    answer = await client.request(method, f"/api/v2{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert says in answer.json()["message"]


async def test_backslashes_are_not_nul(client: httpx.AsyncClient) -> None:
    """A backslash before `u0000` that is itself escaped is text like any other."""
    body = rb'[{"labels": {"a": "\\u0000"}}]'
    answer = await client.post("/api/v2/alerts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_api_before(client: httpx.AsyncClient) -> None:
    """Whoever still speaks the first API is told which one to speak."""
    answer = await client.post("/api/v1/alerts", json=[])
    assert (answer.status_code, answer.json()["status"]) == (410, "deprecated")


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (Role.SENDER, "POST", "/alerts", 200),
        (Role.SENDER, "GET", "/alerts", 403),
        (Role.VIEWER, "GET", "/alerts", 200),
        (Role.VIEWER, "GET", "/alerts/groups", 200),
        (Role.VIEWER, "GET", "/silences", 200),
        (Role.VIEWER, "GET", "/status", 200),
        (Role.VIEWER, "POST", "/alerts", 403),
        (Role.VIEWER, "POST", "/silences", 403),
        (Role.EDITOR, "POST", "/silences", 422),
        (Role.EDITOR, "DELETE", "/silence/00000000-0000-4000-8000-000000000000", 404),
        (None, "GET", "/alerts", 401),
        (None, "POST", "/alerts", 401),
    ],
)
async def test_roles(
    build: Build,
    connect: Callable[..., httpx.AsyncClient],
    token: Token,
    role: Role | None,
    method: str,
    path: str,
    status: int,
) -> None:
    """Where tokens are asked for, senders send, viewers read and editors silence, here as under `/v1`."""
    service = build("auth: {required: true}\n")
    client = connect(service, token(service, role) if role else "")
    body = [] if path == "/alerts" else {}
    answer = await client.request(method, f"/api/v2{path}", json=body if method == "POST" else None)
    assert answer.status_code == status
    if status in {401, 403}:
        assert answer.json()["code"] == status


@pytest.mark.parametrize(("failure", "status"), [(OperationalError("", {}, Exception()), 503), (ValueError(), 500)])
async def test_failures(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    """A database that does not answer, and a mistake of alertd's own, are told in the same shape."""

    async def fail(*_arguments: object) -> None:
        raise failure

    monkeypatch.setattr(service.database, "run", fail)
    answer = await client.get("/api/v2/alerts")
    assert (answer.status_code, answer.json()["code"]) == (status, status)


async def test_large_bodies(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that turns out to be too large is refused while it is read."""
    monkeypatch.setattr("alertd.api.limits.MAX_BODY", 100)

    async def body() -> AsyncIterator[bytes]:
        yield b"[" + b" " * 200 + b"]"

    answer = await client.post("/api/v2/alerts", content=body(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, 413)


async def test_other_organisations(service: Service, connect: Callable[..., httpx.AsyncClient], token: Token) -> None:
    """The configuration is shown to its own organisation alone, and alerts stay with theirs."""
    other = connect(service, token(service, Role.ADMIN, "other"))
    assert (await other.post("/api/v2/alerts", json=[{"labels": {"alertname": "A"}}])).status_code == 200
    assert len((await other.get("/api/v2/alerts")).json()) == 1
    assert (await connect(service).get("/api/v2/alerts")).json() == []
    assert (await other.get("/api/v2/status")).status_code == 403
