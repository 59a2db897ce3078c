"""`/api/v2/alerts` and `/api/v2/alerts/groups`: what is sent is what is listed, with what holds it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertd.alerts.labels import fingerprint
from alertd.alerts.pushed import PushedAlert
from alertd.clock import MINUTE, VirtualClock, to_rfc3339
from alertd.service.service import Service
from tests.api.conftest import NOW


async def send(client: httpx.AsyncClient, *label_sets: dict[str, str], **fields: Any) -> None:
    answer = await client.post("/api/v2/alerts", json=[{"labels": labels, **fields} for labels in label_sets])
    assert (answer.status_code, answer.content) == (200, b"")


async def names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    listed = (await client.get("/api/v2/alerts", params=params)).json()
    return sorted(alert["labels"]["alertname"] for alert in listed)


async def test_what_is_sent_is_listed(client: httpx.AsyncClient) -> None:
    """An alert comes back with its fingerprint, its receivers, its state and its times in milliseconds."""
    await send(
        client,
        {"team": "a", "alertname": "A", "none": ""},
        annotations={"s": "x"},
        startsAt="2026-01-31T13:59:59.123456789+02:00",
        endsAt="0001-01-01T00:00:00Z",
        generatorURL="http://p/g",
    )
    assert (await client.get("/api/v2/alerts")).json() == [
        {
            "annotations": {"s": "x"},
            "endsAt": "2026-01-31T12:05:00.000Z",
            "fingerprint": "a0c07763372b5353",
            "receivers": [{"name": "team"}],
            "startsAt": "2026-01-31T11:59:59.123Z",
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            "updatedAt": "2026-01-31T12:00:00.000Z",
            "labels": {"alertname": "A", "team": "a"},
            "generatorURL": "http://p/g",
        }
    ]


async def test_times_that_are_missing(client: httpx.AsyncClient) -> None:
    """No start is now, an end alone is both, no URL is no key, and an end in the past resolves."""
    await send(client, {"alertname": "A"})
    await send(client, {"alertname": "B"}, endsAt="2026-01-31T12:30:00Z")
    (first, second) = sorted(
        (await client.get("/api/v2/alerts")).json(), key=lambda alert: str(alert["labels"]["alertname"])
    )
    assert (first["startsAt"], first["endsAt"]) == ("2026-01-31T12:00:00.000Z", "2026-01-31T12:05:00.000Z")
    assert (second["startsAt"], second["endsAt"]) == ("2026-01-31T12:30:00.000Z", "2026-01-31T12:30:00.000Z")
    assert "generatorURL" not in first
    await send(client, {"alertname": "A"}, endsAt="2026-01-31T11:59:00Z", startsAt="2026-01-31T11:00:00Z")
    assert await names(client) == ["B"]


async def test_one_bad_alert_does_not_hold_up_the_others(client: httpx.AsyncClient) -> None:
    """The answer names every mistake in order, and what is good is taken."""
    batch = [
        {"labels": {"": "x"}},
        {"labels": {"alertname": "Good"}},
        {"labels": {}},
        {"labels": {"alertname": "Backwards"}, "startsAt": "2026-01-01T00:00:01Z", "endsAt": "2026-01-01T00:00:00Z"},
    ]
    answer = await client.post("/api/v2/alerts", json=batch)
    assert answer.status_code == 400
    assert answer.json() == (
        'invalid label set: invalid name ""; at least one label pair required; start time must be before end time'
    )
    assert await names(client) == ["Good"]


@pytest.mark.parametrize("body", [b"[]", b"null"])
async def test_nothing_to_take(client: httpx.AsyncClient, body: bytes) -> None:
    """Sending no alert is no mistake."""
    answer = await client.post("/api/v2/alerts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_status(client: httpx.AsyncClient) -> None:
    """Every cause is told at once: the silence, the alert that inhibits, and the interval that mutes all routes."""
    held = {"alertname": "Held", "severity": "warning", "service": "s", "night": "yes"}
    source = {"alertname": "ServiceDown", "service": "s"}
    await send(client, held, source)
    silence = {
        "matchers": [{"name": "alertname", "value": "Hel.", "isRegex": True}],
        "startsAt": to_rfc3339(NOW),
        "endsAt": to_rfc3339(NOW + MINUTE),
        "createdBy": "me",
        "comment": "",
    }
    made = (await client.post("/api/v2/silences", json=silence)).json()["silenceID"]
    found = (await client.get("/api/v2/alerts", params={"filter": "alertname=Held"})).json()
    assert [alert["status"] for alert in found] == [
        {
            "state": "suppressed",
            "silencedBy": [made],
            "inhibitedBy": [fingerprint(source)],
            "mutedBy": ["always"],
        }
    ]
    await client.delete(f"/api/v2/silence/{made}")
    found = (await client.get("/api/v2/alerts", params={"filter": "alertname=Held"})).json()
    assert found[0]["status"]["silencedBy"] == []


async def test_one_open_route_is_enough(client: httpx.AsyncClient) -> None:
    """An alert with an open route is active; in the group of the muted route it is suppressed."""
    await send(client, {"alertname": "Both", "both": "yes"})
    (listed,) = (await client.get("/api/v2/alerts")).json()
    assert (listed["status"]["state"], listed["status"]["mutedBy"]) == ("active", [])
    assert listed["receivers"] == [{"name": "team"}, {"name": "nobody"}]
    muted, active = (await client.get("/api/v2/alerts/groups")).json()
    assert (muted["receiver"], muted["labels"], muted["routeLabels"]) == ({"name": "nobody"}, {}, {})
    assert [alert["status"]["mutedBy"] for alert in muted["alerts"]] == [["never"]]
    assert (active["receiver"], active["labels"]) == ({"name": "team"}, {"alertname": "Both"})
    assert active["alerts"] == [listed]
    shown = (await client.get("/api/v2/alerts/groups", params={"muted": "false"})).json()
    assert shown == [active]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["Free", "Held", "Night", "ServiceDown"]),
        ({"active": "false"}, ["Held", "Night"]),
        ({"active": "maybe"}, ["Held", "Night"]),
        ({"active": ""}, ["Free", "Held", "Night", "ServiceDown"]),
        ({"inhibited": "0"}, ["Free", "Night", "ServiceDown"]),
        ({"silenced": "no", "unprocessed": "false"}, ["Free", "Held", "Night", "ServiceDown"]),
        ({"filter": "alertname=~F.*"}, ["Free"]),
        ({"filter": ["service=s", 'severity!="warning"']}, ["ServiceDown"]),
        ({"filter": "service="}, ["Free", "Night"]),
        ({"receiver": "no.*"}, ["Night"]),
        ({"receiver": "tea"}, []),
        ({"receiver_matchers": 'name="team"'}, ["Free", "Held", "ServiceDown"]),
        ({"receiver_matchers": 'team="none"'}, []),
        ({"receiver": "nobody|team", "receiver_matchers": "name!=team"}, ["Night"]),
    ],
)
async def test_filters(client: httpx.AsyncClient, params: dict[str, Any], expected: list[str]) -> None:
    """Matchers all match, flags leave out states, and receivers are matched whole; what is neither yes nor no is no."""
    await send(
        client,
        {"alertname": "Free"},
        {"alertname": "Held", "severity": "warning", "service": "s"},
        {"alertname": "ServiceDown", "service": "s"},
        {"alertname": "Night", "night": "yes"},
    )
    assert await names(client, **params) == expected
    groups = (await client.get("/api/v2/alerts/groups", params=params)).json()
    assert sorted(alert["labels"]["alertname"] for group in groups for alert in group["alerts"]) == expected


@pytest.mark.parametrize("path", ["/alerts", "/alerts/groups", "/receivers"])
async def test_no_such_pattern(client: httpx.AsyncClient, path: str) -> None:
    """A receiver that is no regular expression is refused in words."""
    answer = await client.get(f"/api/v2{path}", params={"receiver": "["})
    assert answer.status_code == 400
    assert answer.json().startswith("failed to parse receiver param: ")


async def test_order(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts come by fingerprint, all of them, however short the stretches in which they are read; groups by labels."""
    monkeypatch.setattr("alertd.api.alertmanager.listing._STRETCH", 3)
    await send(client, *({"alertname": name, "n": str(n)} for n in range(5) for name in "BA"), {"x": "y"})
    listed = (await client.get("/api/v2/alerts")).json()
    assert len(listed) == 11
    assert listed == sorted(listed, key=lambda alert: str(alert["fingerprint"]))
    groups = (await client.get("/api/v2/alerts/groups")).json()
    assert [group["labels"] for group in groups] == [{}, {"alertname": "A"}, {"alertname": "B"}]
    assert [len(group["alerts"]) for group in groups] == [1, 5, 5]


async def test_what_others_report(client: httpx.AsyncClient, service: Service, clock: VirtualClock) -> None:
    """Alerts of every producer are listed; the end is the latest that any of them gave."""
    labels = {"alertname": "A"}
    await send(client, labels)
    later = PushedAlert(labels=labels, ends_at=NOW + 10 * MINUTE)
    await service.actions.push_alerts("default", [later], producer="api", actor="test")
    (listed,) = (await client.get("/api/v2/alerts")).json()
    assert listed["endsAt"] == to_rfc3339(NOW + 10 * MINUTE)


async def test_time_ends_an_alert(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """What nobody renews is listed until its end and not after it, whether or not anything has looked at it."""
    await send(client, {"alertname": "A"})
    clock.advance(5 * MINUTE - 1)
    assert await names(client) == ["A"]
    clock.advance(1)
    assert await names(client) == []


async def test_what_a_rule_finds(
    service: Service, connect: Callable[..., httpx.AsyncClient], clock: VirtualClock
) -> None:
    """An alert of a rule has no end; it is told as one that is renewed now."""
    client = connect(service)
    pushed = await client.post("/v1/snapshots?source=app", json={"response_ms": 500})
    assert pushed.status_code == 201, pushed.text
    (group,) = service.runtime.groups
    await service.engine.evaluate(group, clock.now())
    clock.advance(MINUTE)
    await client.post("/v1/snapshots?source=app", json={"response_ms": 500})
    await service.engine.evaluate(group, clock.now())
    (listed,) = (await client.get("/api/v2/alerts")).json()
    assert listed["labels"]["alertname"] == "Slow"
    assert listed["endsAt"] == to_rfc3339(clock.now() + 5 * MINUTE)


async def test_route_labels(tmp_path: Path, service: Service, client: httpx.AsyncClient) -> None:
    """A group has the labels of its route, those of the routes above it included."""
    file = tmp_path / "alertd.yml"
    labelled = file.read_text().replace(
        "group_by: [alertname]", "group_by: [alertname]\n  labels: {tier: one, kind: any}"
    )
    file.write_text(labelled.replace("receiver: team, continue: true}", "receiver: team, labels: {kind: both}}"))
    await service.reload()
    await send(client, {"alertname": "Both", "both": "yes"}, {"alertname": "Free"})
    groups = (await client.get("/api/v2/alerts/groups")).json()
    assert {group["labels"]["alertname"]: group["routeLabels"] for group in groups} == {
        "Both": {"tier": "one", "kind": "both"},
        "Free": {"tier": "one", "kind": "any"},
    }
