"""What people do about an alert: who did it is written down, and what makes no sense is refused with the state."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import Token


@pytest.fixture
async def path(client: httpx.AsyncClient) -> str:
    """The path of a firing alert."""
    answer = await client.post("/v1/alerts", json={"labels": {"alertname": "A", "severity": "warning"}})
    return f"/v1/alerts/{answer.json()['fingerprints'][0]}"


async def test_acknowledging(client: httpx.AsyncClient, path: str) -> None:
    """The mark carries who, when, until when and the note; without a duration it is the configuration's."""
    shown = (await client.post(f"{path}/acknowledge", json={"duration": "1h30m", "note": "mine"})).json()
    assert shown["acknowledgement"] == {
        "by": "anonymous",
        "at": "2026-01-31T12:00:00.000Z",
        "expires_at": "2026-01-31T13:30:00.000Z",
        "severity": "warning",
        "note": "mine",
    }
    shown = (await client.post(f"{path}/acknowledge")).json()
    assert shown["acknowledgement"]["expires_at"] == "2026-02-01T12:00:00.000Z"
    shown = (await client.post(f"{path}/unacknowledge")).json()
    assert (shown["state"], shown["acknowledgement"]) == ("firing", None)


async def test_snoozing(client: httpx.AsyncClient, path: str) -> None:
    """A snooze takes a duration or an instant, and exactly one of them."""
    shown = (await client.post(f"{path}/snooze", json={"duration": "2h"})).json()
    assert shown["snooze"]["until"] == "2026-01-31T14:00:00.000Z"
    shown = (await client.post(f"{path}/snooze", json={"until": "2026-01-31T15:00:00Z"})).json()
    assert (shown["state"], shown["snooze"]["until"]) == ("snoozed", "2026-01-31T15:00:00.000Z")
    for body in ({}, {"duration": "2h", "until": "2026-01-31T15:00:00Z"}):
        answer = await client.post(f"{path}/snooze", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (422, "give either duration or until")


@pytest.mark.parametrize(
    ("action", "body", "detail"),
    [
        ("acknowledge", {"duration": "8d"}, "an acknowledgement lasts"),
        ("snooze", {"until": "2026-01-31T11:00:00Z"}, "a snooze ends in the future"),
        ("unacknowledge", None, "the alert is not acknowledged"),
    ],
)
async def test_rejected(client: httpx.AsyncClient, path: str, action: str, body: object, detail: str) -> None:
    """What is not possible in the alert's state is a conflict that says why."""
    answer = await client.post(f"{path}/{action}", json=body) if body else await client.post(f"{path}/{action}")
    assert answer.status_code == 409
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize("duration", ["", "0", "5", "-1h", "1.5h", "h", 5, True, None, "100y"])
async def test_durations(client: httpx.AsyncClient, path: str, duration: object) -> None:
    """A duration is Prometheus' and above zero; null is as good as absent."""
    answer = await client.post(f"{path}/acknowledge", json={"duration": duration})
    assert answer.status_code == (200 if duration is None else 422)


async def test_resolving(client: httpx.AsyncClient, path: str) -> None:
    """POST resolves once and then is a conflict; PUT may be repeated; what is resolved cannot be answered."""
    assert (await client.post(f"{path}/resolve")).json()["state"] == "resolved"
    assert (await client.post(f"{path}/resolve")).json()["detail"] == "the alert is resolved already"
    assert (await client.put(f"{path}/resolve")).status_code == 200
    answer = await client.post(f"{path}/acknowledge")
    assert answer.status_code == 409
    assert "the alert is resolved" in answer.json()["detail"]


async def test_who_did_it(service: Service, connect: Callable[..., httpx.AsyncClient], token: Token, path: str) -> None:
    """Everything that a person does is in the history of the alert under the name of their token."""
    ann = connect(service, token(service, Role.RESPONDER, name="ann"))
    for action, body in (
        ("acknowledge", {"note": "on it"}),
        ("note", {"text": "disk is full"}),
        ("unacknowledge", None),
        ("snooze", {"duration": "1h"}),
        ("resolve", None),
    ):
        answer = await ann.post(f"{path}/{action}", json=body) if body else await ann.post(f"{path}/{action}")
        assert answer.status_code == 200, answer.text
    fingerprint = path.rpartition("/")[2]
    events = (await ann.get("/v1/history", params={"fingerprint": fingerprint, "actor": "ann"})).json()["events"]
    assert [event["event"] for event in reversed(events)] == [
        "acknowledged",
        "note",
        "unacknowledged",
        "snoozed",
        "resolved_by_hand",
        "resolved_by",
    ]
    assert events[4]["details"] == {"text": "disk is full"}
