"""Every error has one shape: unknown paths and methods, large bodies, foreign media, broken JSON, a broken database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from alertd.api.limits import MAX_BODY
from alertd.service.service import Service


def assert_problem(answer: httpx.Response, status: int, says: str) -> None:
    """The answer is a problem in the one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert says in body["detail"], body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/v1/nothing", 404, "there is nothing at /v1/nothing"),
        ("GET", "/v1/alerts/", 404, "there is nothing at /v1/alerts/"),
        ("DELETE", "/v1/alerts", 405, "DELETE is not possible at /v1/alerts"),
        ("GET", "/v1/alerts?mather=a", 422, "unknown parameter 'mather'; did you mean 'matcher'?"),
        ("GET", "/v1/alerts?limit=0", 422, "expected a number of at least 1, found '0'"),
        ("GET", "/v1/alerts?limit=x", 422, "expected a whole number, found 'x'"),
        ("GET", "/v1/alerts?state=burning", 422, "expected one of 'pending', 'resolved'"),
        ("GET", "/v1/alerts?limit=0&limit=5&state=x&severity=%00", 422, "the request has"),
    ],
)
async def test_refused(client: httpx.AsyncClient, method: str, path: str, status: int, says: str) -> None:
    """What is asked for wrongly is answered in words."""
    assert_problem(await client.request(method, path), status, says)


async def test_large_bodies(client: httpx.AsyncClient) -> None:
    """A body above the limit is refused, whether its size was announced or not."""
    headers = {"Content-Type": "application/json"}
    announced = await client.post("/v1/alerts", content=b" " * (MAX_BODY + 1), headers=headers)
    assert_problem(announced, 413, "16 MiB")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 2**20 + 1):
            yield b" " * 2**20

    assert_problem(await client.post("/v1/alerts", content=chunks(), headers=headers), 413, "16 MiB")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_foreign_media(client: httpx.AsyncClient, media: str | None) -> None:
    """A body that does not say that it is JSON is refused, also where no body is needed."""
    headers = {"Content-Type": media} if media else {}
    for path in ("/v1/alerts/0000000000000000/resolve", "/v1/alerts/0000000000000000/acknowledge"):
        assert_problem(await client.post(path, content=b"{}", headers=headers), 415, "must be JSON")


async def test_broken_json(client: httpx.AsyncClient) -> None:
    """Where JSON breaks is told."""
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/alerts", content=b'{"labels": }', headers=headers)
    assert_problem(answer, 422, "the body is no JSON: Expecting value at character 11")


async def test_the_database_is_gone(service: Service, client: httpx.AsyncClient) -> None:
    """Without its database alertd says so and asks to come back; it does not break."""

    def drop(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE alerts RENAME TO gone"))

    service.database.transaction(drop)
    answer = await client.get("/v1/alerts")
    assert_problem(answer, 503, "the database does not answer")
    assert answer.headers["retry-after"] == "5"


async def test_a_crash(service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of alertd's own is answered in the one shape and shows nothing of the inside."""

    async def crash(*_arguments: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(service.actions, "why", crash)
    answer = await client.get("/v1/alerts/0000000000000000/why")
    assert_problem(answer, 500, "its log says why")
    assert "secret" not in answer.text
