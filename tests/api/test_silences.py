"""`/v1/silences`: making, changing, ending and listing silences."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from alertd.clock import HOUR, VirtualClock

SILENCE = {"matchers": ['severity="warning"', "job=~api.*"], "duration": "1h", "comment": "moving house"}


async def create(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/silences", json={**SILENCE, **changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_silence_is_kept(client: httpx.AsyncClient) -> None:
    """What was made is what is read; it begins now, and its maker is the token's name."""
    made = await create(client)
    assert made == {
        "id": made["id"],
        "state": "active",
        "matchers": ['severity="warning"', 'job=~"api.*"'],
        "starts_at": "2026-01-31T12:00:00.000Z",
        "ends_at": "2026-01-31T13:00:00.000Z",
        "created_by": "anonymous",
        "comment": "moving house",
        "updated_at": "2026-01-31T12:00:00.000Z",
        "annotations": {},
    }
    assert (await client.get(f"/v1/silences/{made['id']}")).json() == made
    history = (await client.get("/v1/history", params={"event": "silence_created"})).json()["events"]
    assert [event["details"]["silence"] for event in history] == [made["id"]]


async def test_listing(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Active ones come first, then those to come, then those that are over; a filter takes any of its states."""
    over = await create(client, duration="5m")
    clock.advance(HOUR)
    to_come = await create(client, starts_at="2026-02-01T00:00:00Z")
    long = await create(client, duration="3h")
    short = await create(client, duration="2h")
    listed = (await client.get("/v1/silences")).json()["silences"]
    assert [silence["id"] for silence in listed] == [made["id"] for made in (short, long, to_come, over)]
    assert [silence["state"] for silence in listed] == ["active", "active", "pending", "expired"]
    found = (await client.get("/v1/silences", params={"state": ["expired", "pending"]})).json()["silences"]
    assert [silence["id"] for silence in found] == [to_come["id"], over["id"]]


async def test_changing(client: httpx.AsyncClient) -> None:
    """A longer end keeps the id; other matchers end the old silence and make a new one."""
    made = await create(client)
    path = f"/v1/silences/{made['id']}"
    longer = (await client.put(path, json={**SILENCE, "duration": "2h"})).json()
    assert (longer["id"], longer["ends_at"]) == (made["id"], "2026-01-31T14:00:00.000Z")
    other = (await client.put(path, json={**SILENCE, "matchers": ['job="db"']})).json()
    assert other["id"] != made["id"]
    assert (await client.get(path)).json()["state"] == "expired"


async def test_ending(client: httpx.AsyncClient) -> None:
    """Ending a silence twice is no mistake, and it is expired from that moment."""
    path = f"/v1/silences/{(await create(client))['id']}"
    for _ in range(2):
        ended = await client.post(f"{path}/expire")
        assert (ended.status_code, ended.json()["state"]) == (200, "expired")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"matchers": []}, "at least 1 entries"),
        ({"matchers": ["severity"]}, "write a matcher as in"),
        ({"matchers": ['a=~".*"']}, "silence everything"),
        ({"matchers": ['a=""']}, "silence everything"),
        ({"duration": None}, "either ends_at or duration"),
        ({"ends_at": "2026-01-31T13:00:00Z"}, "either ends_at or duration"),
        ({"duration": None, "ends_at": "2026-01-31T11:00:00Z"}, "start time must be before end time"),
        ({"comment": ""}, "text that is not empty"),
        ({"who": "me"}, "unknown field"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, changes: dict[str, Any], says: str) -> None:
    """A silence that makes no sense is refused in words."""
    answer = await client.post("/v1/silences", json={**SILENCE, **changes})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_the_longest(client: httpx.AsyncClient) -> None:
    """An end beyond what can be printed becomes the last instant."""
    made = await create(client, starts_at="9999-12-31T00:00:00Z", duration="9y")
    assert made["ends_at"] == "9999-12-31T23:59:59.000Z"


async def test_unknown(client: httpx.AsyncClient) -> None:
    """A silence that is not there can be neither read, changed nor ended."""
    for method, path, body in (("GET", "", None), ("PUT", "", SILENCE), ("POST", "/expire", None)):
        answer = await client.request(method, f"/v1/silences/nothing{path}", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (404, "there is no silence nothing")
