"""Idempotency keys: a request that is sent again is carried out once."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from alertd.clock import DAY, VirtualClock
from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import Token

KEY = {"Idempotency-Key": "k1"}
SILENCE = {"matchers": ['a="b"'], "duration": "1h", "comment": "c"}


async def silences(client: httpx.AsyncClient) -> int:
    return len((await client.get("/v1/silences")).json()["silences"])


async def test_repeated(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """The second answer is the first one's, and nothing is made twice; after a day the key is new."""
    first = await client.post("/v1/silences", json=SILENCE, headers=KEY)
    clock.advance(1000)
    second = await client.post("/v1/silences", json=SILENCE, headers=KEY)
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await silences(client) == 1
    clock.advance(DAY)
    assert (await client.post("/v1/silences", json=SILENCE, headers=KEY)).json()["id"] != first.json()["id"]


async def test_another_request(client: httpx.AsyncClient) -> None:
    """The key of one request is refused for another body or another path."""
    await client.post("/v1/silences", json=SILENCE, headers=KEY)
    for path, body in (("/v1/silences", {**SILENCE, "comment": "d"}), ("/v1/snapshots", SILENCE)):
        answer = await client.post(path, json=body, headers=KEY)
        assert answer.status_code == 422
        assert "used for another request" in answer.json()["detail"]
    assert await silences(client) == 1


async def test_after_a_refusal(client: httpx.AsyncClient) -> None:
    """A request that was refused has used up nothing: mended, it may have the same key."""
    wrong = {**SILENCE, "matchers": ['a=""']}
    assert (await client.post("/v1/silences", json=wrong, headers=KEY)).status_code == 422
    assert (await client.post("/v1/silences", json=SILENCE, headers=KEY)).status_code == 201


async def test_each_token_has_its_own_keys(
    service: Service, connect: Callable[..., httpx.AsyncClient], token: Token
) -> None:
    """Two clients that happen to choose the same key do not meet, within and across organisations."""
    clients = [
        connect(service, token(service, Role.EDITOR, "default", "a")),
        connect(service, token(service, Role.EDITOR, "default", "b")),
        connect(service, token(service, Role.EDITOR, "other", "a")),
    ]
    ids = {(await client.post("/v1/silences", json=SILENCE, headers=KEY)).json()["id"] for client in clients}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/alerts", [{"labels": {"a": "b"}}]), ("/v1/snapshots", {"a": 1}), ("/v1/silences", SILENCE)]
)
async def test_where(client: httpx.AsyncClient, path: str, body: object) -> None:
    """Every operation that makes something from a body takes a key, but tokens, whose secret must not be kept."""
    first = await client.post(path, json=body, headers=KEY)
    second = await client.post(path, json=body, headers=KEY)
    assert (first.status_code, second.headers["idempotency-replayed"]) == (201, "true")
    assert first.json() == second.json()


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ä".encode()])
async def test_keys(client: httpx.AsyncClient, key: str | bytes) -> None:
    """A key is printable ASCII without spaces."""
    answer = await client.post("/v1/silences", json=SILENCE, headers=[("Idempotency-Key", key)])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
