"""`/api/v2/silences`: made, changed, ended and listed as Alertmanager does it."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from alertd.clock import DAY, HOUR, SECOND, VirtualClock, to_rfc3339
from tests.api.alertmanager.requests import ID
from tests.api.conftest import NOW


async def put(client: httpx.AsyncClient, **changes: Any) -> str:
    body = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": to_rfc3339(NOW),
        "endsAt": to_rfc3339(NOW + HOUR),
        "createdBy": "me",
        "comment": "why",
        **changes,
    }
    answer = await client.post("/api/v2/silences", json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert list(made) == ["silenceID"]
    return str(uuid.UUID(made["silenceID"]))


async def get(client: httpx.AsyncClient, silence_id: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v2/silence/{silence_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient, **params: Any) -> list[str]:
    return [silence["id"] for silence in (await client.get("/api/v2/silences", params=params)).json()]


async def test_a_silence_is_kept(client: httpx.AsyncClient) -> None:
    """What was made is what is read; its start in the past became now, and `isEqual` is true unless it is not."""
    matchers = [
        {"name": "a", "value": "b|c", "isRegex": True, "isEqual": False},
        {"name": "fooΣ", "value": "bar🙂", "isRegex": False},
    ]
    made = await put(client, matchers=matchers, startsAt="0001-01-01T00:00:00Z", annotations={"k": "v"})
    assert await get(client, made) == {
        "id": made,
        "status": {"state": "active"},
        "updatedAt": "2026-01-31T12:00:00.000Z",
        "comment": "why",
        "createdBy": "me",
        "endsAt": "2026-01-31T13:00:00.000Z",
        "matchers": [matchers[0], {**matchers[1], "isEqual": True}],
        "startsAt": "2026-01-31T12:00:00.000Z",
        "annotations": {"k": "v"},
    }
    assert await listed(client) == [made]
    (event,) = (await client.get("/v1/history", params={"event": "silence_created"})).json()["events"]
    assert (event["details"]["silence"], event["details"]["created_by"]) == (made, "me")


async def test_changing(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """A new end keeps the id, other matchers give a new one, and an expired silence is made anew."""
    made = await put(client)
    clock.advance(SECOND)
    assert await put(client, id=made, endsAt=to_rfc3339(NOW + 2 * HOUR)) == made
    assert (await get(client, made))["endsAt"] == "2026-01-31T14:00:00.000Z"
    other = await put(client, id=made, matchers=[{"name": "a", "value": "c", "isRegex": False}])
    assert other != made
    assert (await get(client, made))["status"] == {"state": "expired"}
    assert await put(client, id=made) not in {made, other}


async def test_ending(client: httpx.AsyncClient) -> None:
    """Ending twice is no mistake and changes nothing the second time."""
    made = await put(client)
    for _ in range(2):
        answer = await client.delete(f"/api/v2/silence/{made}")
        assert (answer.status_code, answer.content) == (200, b"")
        ended = await get(client, made)
        assert (ended["status"]["state"], ended["endsAt"]) == ("expired", "2026-01-31T12:00:00.000Z")


async def test_unknown(client: httpx.AsyncClient) -> None:
    """A silence that is not there is told by the status alone."""
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"/api/v2/silence/{ID}")
        assert (answer.status_code, answer.content) == (404, b"")


async def test_order(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Active ones by the nearest end, then the nearest starts, then the latest ends; each state can be left out."""
    first_over = await put(client, endsAt=to_rfc3339(NOW + SECOND))
    last_over = await put(client, endsAt=to_rfc3339(NOW + 2 * SECOND))
    clock.advance(HOUR)
    late = await put(client, startsAt=to_rfc3339(NOW + 2 * DAY), endsAt=to_rfc3339(NOW + 3 * DAY))
    soon = await put(client, startsAt=to_rfc3339(NOW + DAY), endsAt=to_rfc3339(NOW + 4 * DAY))
    long = await put(client, endsAt=to_rfc3339(NOW + 4 * HOUR))
    short = await put(client, endsAt=to_rfc3339(NOW + 3 * HOUR))
    assert await listed(client) == [short, long, soon, late, last_over, first_over]
    assert await listed(client, expired="false", pending="false") == [short, long]
    assert await listed(client, active="false", expired="false") == [soon, late]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["a=b"], True),
        (['a="b"', "x=~y.*"], True),
        (["x=~y"], False),
        (["x=yz"], False),
        (["a=~b"], False),
        (["c!=d"], False),
    ],
)
async def test_filters(client: httpx.AsyncClient, wanted: list[str], found: bool) -> None:
    """A filter is a matcher that the silence has, not a label that it would match."""
    matchers = [{"name": "a", "value": "b", "isRegex": False}, {"name": "x", "value": "y.*", "isRegex": True}]
    made = await put(client, matchers=matchers)
    assert await listed(client, filter=wanted) == ([made] if found else [])
