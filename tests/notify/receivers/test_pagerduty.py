"""The PagerDuty receiver against an Events API that checks what it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.pagerduty import (
    PagerDutyImage,
    PagerDutyLink,
    PagerDutyReceiver,
    PagerDutySettings,
    dedup_key,
)
from alertd.notify.templates import Renderer, load_renderer
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.pagerduty import PagerDutyPeer, pagerduty_peer
from tests.peers.serving import Answer

KEY = "0123456789abcdef0123456789abcdef"
GROUP = '{}:{alertname="DiskFull"}'
R = FailureReason


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return load_renderer()


@pytest.fixture
async def peer() -> AsyncIterator[PagerDutyPeer]:
    async with pagerduty_peer() as peer:
        yield peer


async def _send(settings: PagerDutySettings, renderer: Renderer, *messages: Message) -> list[Delivered]:
    clients = HttpClients()
    try:
        receiver = PagerDutyReceiver(settings, clients.client(), renderer, VirtualClock(NOW).now)
        return [await receiver.send(message) for message in messages]
    finally:
        await clients.aclose()


async def test_trigger_says_what_alertmanager_says(peer: PagerDutyPeer, renderer: Renderer) -> None:
    """The default event: its key, summary, severity, client and details."""
    message = make_message(make_alert(), make_alert(resolved=True))
    [delivered] = await _send(PagerDutySettings(routing_key=KEY, url=peer.v2_url), renderer, message)
    assert (delivered.status_code, peer.problems) == (202, [])
    [event] = peer.events
    details = event["payload"].pop("custom_details")
    assert event == {
        "routing_key": KEY,
        "dedup_key": hashlib.sha256(GROUP.encode()).hexdigest(),
        "event_action": "trigger",
        "payload": {
            "summary": "[FIRING:1] DiskFull (db1)",
            "source": "alertd",
            "severity": "error",
            "timestamp": "2026-01-31T11:58:36.700Z",
        },
        "client": "alertd",
        "client_url": "http://alertd:9093/#/alerts?receiver=team-db",
    }
    assert (details["num_firing"], details["num_resolved"]) == (1, 1)
    assert [alert["labels"]["instance"] for alert in details["firing"]] == ["db1"]
    assert [alert["status"] for alert in details["resolved"]] == ["resolved"]


async def test_one_incident_lives_through_an_episode(peer: PagerDutyPeer, renderer: Renderer) -> None:
    """Trigger, acknowledge and resolve move one incident; a retry adds nothing that pages."""
    settings = PagerDutySettings(routing_key=KEY, url=peer.v2_url)
    acknowledged = make_message(
        make_alert(acknowledged_by="ann"), reason=Reason.ACKNOWLEDGED, acknowledged=True, sequence=2
    )
    resolved = make_message(make_alert(resolved=True), reason=Reason.ALL_RESOLVED, sequence=3)
    first = make_message()
    await _send(settings, renderer, first, first, acknowledged)
    incident = peer.incidents[dedup_key(GROUP)]
    assert (incident.state, incident.log) == ("acknowledged", ["trigger", "trigger", "acknowledge"])
    await _send(settings, renderer, resolved)
    assert (incident.state, incident.pages, peer.problems) == ("resolved", 1, [])
    assert peer.events[2] == {"routing_key": KEY, "dedup_key": dedup_key(GROUP), "event_action": "acknowledge"}


@pytest.mark.parametrize(
    ("labels", "setting", "severity"),
    [
        (["critical"], "", "critical"),
        (["page"], "", "critical"),
        (["high"], "", "error"),
        (["warning"], "", "warning"),
        (["low"], "", "info"),
        (["Critical"], "", "critical"),
        ([""], "", "error"),
        (["odd"], "", "error"),
        (["info", "warning", "info"], "", "warning"),
        (["info"], "critical", "critical"),
        (["info"], "{{ .CommonLabels.severity }}", "info"),
        (["info"], "odd", "error"),
    ],
)
async def test_severity(
    peer: PagerDutyPeer, renderer: Renderer, labels: list[str], setting: str, severity: str
) -> None:
    """The worst label of what fires, mapped to PagerDuty's four words; a setting goes before it."""
    alerts = [make_alert({"alertname": "A", "severity": label}) for label in labels]
    resolved = make_alert({"alertname": "A", "severity": labels[0]}, resolved=True)
    settings = PagerDutySettings(routing_key=KEY, url=peer.v2_url, severity=setting)
    await _send(settings, renderer, make_message(*alerts, resolved))
    assert (peer.events[0]["payload"]["severity"], peer.problems) == (severity, [])


async def test_settings_are_rendered(peer: PagerDutyPeer, renderer: Renderer, tmp_path: Path) -> None:
    """Every text is a template; details come over the default ones, and what has no address is left out."""
    key_file = tmp_path / "key"
    key_file.write_text(KEY + "\n")
    settings = PagerDutySettings(
        routing_key_file=str(key_file),
        url=peer.v2_url,
        client="c {{ .Status }}",
        client_url="",
        description="x" * 2000,
        details={"num_firing": "", "team": "{{ .CommonLabels.instance }}", "deep": {"n": ["{{ len .Alerts }}"]}},
        images=(PagerDutyImage("https://i/{{ .Status }}", "a", "h"), PagerDutyImage("")),
        links=(PagerDutyLink("https://l", "{{ .Status }}"), PagerDutyLink("{{ .CommonLabels.nope }}", "gone")),
        class_="cl",
        component="co",
        group="{{ .GroupLabels.alertname }}",
    )
    await _send(settings, renderer, make_message())
    event, payload = peer.events[0], peer.events[0]["payload"]
    assert peer.problems == []
    assert (len(payload["summary"]), payload["summary"][-1]) == (1024, "…")
    assert (payload["class"], payload["component"], payload["group"]) == ("cl", "co", "DiskFull")
    assert (payload["source"], event["client"]) == ("c firing", "c firing")
    assert "client_url" not in event
    assert event["images"] == [{"src": "https://i/firing", "alt": "a", "href": "h"}]
    assert event["links"] == [{"href": "https://l", "text": "firing"}]
    details = payload["custom_details"]
    assert (details["team"], details["deep"], "num_firing" in details) == ("db1", {"n": [1]}, False)


@pytest.mark.parametrize("version", [1, 2])
async def test_event_that_is_too_large_loses_its_details(peer: PagerDutyPeer, renderer: Renderer, version: int) -> None:
    """Above 512 KB the page goes out without its details rather than not at all."""
    alerts = [make_alert({"alertname": "A", "n": str(n)}, {"text": "x" * 1000}) for n in range(600)]
    keys: dict[str, Any] = {"routing_key": KEY, "url": peer.v2_url} if version == 2 else {"service_key": KEY}
    await _send(PagerDutySettings(**{"url": peer.v1_url, **keys}), renderer, make_message(*alerts))
    event = peer.events[0]
    details = event["payload"]["custom_details"] if version == 2 else event["details"]
    assert (peer.problems, list(details)) == ([], ["error"])


async def test_events_v1(peer: PagerDutyPeer, renderer: Renderer) -> None:
    """A service key speaks the older API, with its own names; the client is named on a trigger only."""
    settings = PagerDutySettings(service_key="{{ .CommonLabels.instance }}-key", url=peer.v1_url)
    acknowledged = make_message(acknowledged=True)
    resolved = make_message(make_alert(resolved=True))
    await _send(settings, renderer, make_message(), acknowledged, resolved)
    assert peer.problems == []
    assert [event["event_type"] for event in peer.events] == ["trigger", "acknowledge", "resolve"]
    first, last = peer.events[0], peer.events[-1]
    assert (first["service_key"], first["incident_key"]) == ("db1-key", dedup_key(GROUP))
    assert (first["description"], first["client"]) == ("[FIRING:1] DiskFull (db1)", "alertd")
    assert first["details"]["num_firing"] == 1
    assert "client" not in last
    assert peer.incidents[dedup_key(GROUP)].state == "resolved"


@pytest.mark.parametrize(
    ("version", "answer", "expected"),
    [
        (2, Answer(400), (R.CLIENT_ERROR, True, False, None, False)),
        (2, Answer(401), (R.AUTH_ERROR, True, True, None, False)),
        (2, Answer(403), (R.AUTH_ERROR, True, True, None, False)),
        (2, Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND, False)),
        (2, Answer(429, "", (("Retry-After", "5"),)), (R.RATE_LIMITED, False, False, 30 * SECOND, False)),
        (2, Answer(429, "", (("Retry-After", "90"),)), (R.RATE_LIMITED, False, False, 90 * SECOND, False)),
        (2, Answer(500), (R.SERVER_ERROR, False, False, None, False)),
        (2, Answer(close=True), (R.CONNECTION, False, False, None, True)),
        (1, Answer(403), (R.RATE_LIMITED, False, False, 30 * SECOND, False)),
        (1, Answer(400), (R.CLIENT_ERROR, True, False, None, False)),
    ],
)
async def test_what_each_answer_means(
    peer: PagerDutyPeer,
    renderer: Renderer,
    version: int,
    answer: Answer,
    expected: tuple[R, bool, bool, int | None, bool],
) -> None:
    """A bad event is dropped and the channel kept; a bad key breaks the channel; too many events wait half a minute."""
    peer.script(answer)
    settings = PagerDutySettings(routing_key=KEY, url=peer.v2_url)
    if version == 1:
        settings = PagerDutySettings(service_key=KEY, url=peer.v1_url)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(settings, renderer, make_message())
    failed = caught.value
    found = (failed.reason, failed.permanent, failed.channel_broken, failed.retry_after, failed.maybe_sent)
    assert found == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"routing_key": "{{ .CommonLabels.nope }}"}, R.TEMPLATE), ({"description": "{{ .Nope }}"}, R.TEMPLATE)],
)
async def test_event_that_cannot_be_rendered(
    peer: PagerDutyPeer, renderer: Renderer, changes: dict[str, str], reason: R
) -> None:
    """A key that renders to nothing, or a template that fails, is final, and nothing is sent."""
    settings = replace(PagerDutySettings(routing_key=KEY, url=peer.v2_url), **changes)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(settings, renderer, make_message())
    assert (caught.value.reason, caught.value.permanent, peer.events) == (reason, True, [])
