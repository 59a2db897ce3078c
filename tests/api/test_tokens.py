"""`/v1/tokens`: the secret is shown once, and making and revoking stand in the history."""

from __future__ import annotations

import httpx
import pytest


async def test_the_life_of_a_token(client: httpx.AsyncClient) -> None:
    """A new token's answer has the secret, no later one has it, and a revoked one stays on the list."""
    made = await client.post("/v1/tokens", json={"name": "ci", "role": "sender"})
    assert made.status_code == 201
    secret = made.json()["token"]
    assert secret.startswith(made.json()["prefix"])
    path = f"/v1/tokens/{made.json()['id']}/revoke"
    revoked = (await client.post(path)).json()
    assert revoked["revoked_at"] == "2026-01-31T12:00:00.000Z"
    assert (await client.post(path)).json() == revoked
    listed = await client.get("/v1/tokens")
    assert listed.json() == {"tokens": [revoked]}
    history = await client.get("/v1/history")
    assert [(event["event"], event["actor"]) for event in history.json()["events"]] == [
        ("token_revoked", "anonymous"),
        ("token_created", "anonymous"),
    ]
    assert secret not in listed.text + history.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "a"}, "this field is missing"),
        ({"name": "a", "role": "root"}, "expected one of 'sender', 'viewer'"),
        ({"name": "", "role": "admin"}, "text that is not empty"),
        ({"name": " ", "role": "admin"}, "a token needs a name"),
        ({"name": "a", "role": "admin", "expires_at": "2026-01-31T12:00:00Z"}, "must expire in the future"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, body: dict[str, str], says: str) -> None:
    """A token that makes no sense is refused in words."""
    answer = await client.post("/v1/tokens", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_unknown(client: httpx.AsyncClient) -> None:
    """A token that is not there cannot be revoked."""
    assert (await client.post("/v1/tokens/abc/revoke")).json()["detail"] == "there is no token abc"
