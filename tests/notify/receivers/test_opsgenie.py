"""The Opsgenie receiver against an alert API that checks what it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.opsgenie import OpsgenieConfig
from alertd.notify.message import Reason
from alertd.notify.receivers.base import FailureReason
from alertd.notify.receivers.opsgenie import OpsgenieReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.opsgenie import API_KEY, OpsgeniePeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

ALIAS = hashlib.sha256(b'{}:{alertname="DiskFull"}').hexdigest()
R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[OpsgeniePeer]:
    async with listening(OpsgeniePeer()) as peer:
        yield peer


def _receiver(peer: OpsgeniePeer, **keys: Any) -> Make:
    config = OpsgenieConfig.model_validate({"api_key": API_KEY, "api_url": f"{peer.url}/", **keys})
    return lambda tools: OpsgenieReceiver(config, tools)


async def test_alert_says_what_alertmanager_says(peer: OpsgeniePeer) -> None:
    """The default request: alias, message, description, details and source."""
    [delivered] = await told(_receiver(peer), make_message())
    [call] = peer.calls
    assert (delivered.status_code, peer.problems) == (202, [])
    assert (call.method, call.path, call.headers["content-type"]) == ("POST", "/v2/alerts", "application/json")
    assert call.json == {
        "alias": ALIAS,
        "message": "[FIRING:1] DiskFull (db1)",
        "description": "Disk is full\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
        "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n\n",
        "details": {"alertname": "DiskFull", "instance": "db1"},
        "source": "http://alertd:9093/#/alerts?receiver=team-db",
    }


async def test_every_key_of_the_configuration(peer: OpsgeniePeer, tmp_path: Path) -> None:
    """Texts are templates, `teams` is several teams, what renders to nothing is left out, the title is cut."""
    (tmp_path / "key").write_text(f"{API_KEY}\n")
    keys = {
        "api_key": None,
        "api_key_file": str(tmp_path / "key"),
        "message": "é" * 200,
        "description": "",
        "source": "{{ .Status }}",
        "details": {"instance": "over", "count": "{{ len .Alerts }}"},
        "entity": "{{ .CommonLabels.instance }}",
        "responders": [
            {"name": "a, b,,{{ .Status }}", "type": "teams"},
            {"username": "ann@example.org", "type": "user"},
            {"id": "{{ .CommonLabels.nope }}", "type": "{{ .CommonLabels.nope }}"},
            {"name": "{{ .CommonLabels.alertname }}", "type": "schedule"},
        ],
        "tags": " x,,y ",
        "actions": "restart,ping",
        "note": "n",
        "priority": 'P{{ if eq .Status "firing" }}1{{ else }}5{{ end }}',
    }
    await told(_receiver(peer, **keys), make_message())
    body = peer.calls[0].json
    assert peer.problems == []
    assert (len(body.pop("message")), body.pop("alias")) == (130, ALIAS)
    assert body == {
        "source": "firing",
        "details": {"alertname": "DiskFull", "instance": "over", "count": "1"},
        "entity": "db1",
        "responders": [
            {"name": "a", "type": "team"},
            {"name": " b", "type": "team"},
            {"name": "firing", "type": "team"},
            {"username": "ann@example.org", "type": "user"},
            {"name": "DiskFull", "type": "schedule"},
        ],
        "tags": ["x", "y"],
        "actions": ["restart", "ping"],
        "note": "n",
        "priority": "P1",
    }


async def test_one_alert_lives_through_an_episode(peer: OpsgeniePeer) -> None:
    """Fires, is repeated, is acknowledged, loses that, ends: one alert at Opsgenie goes along."""
    alert = make_alert(acknowledged_by="ann")
    first = make_message()
    acknowledged = make_message(alert, reason=Reason.ACKNOWLEDGED, acknowledged=True)
    await told(_receiver(peer), first, first, acknowledged)
    found = peer.alerts[ALIAS]
    assert (found.state, found.count, found.log) == ("acknowledged", 2, ["create", "create", "acknowledge"])
    assert peer.calls[-1].json == {"source": "http://alertd:9093/#/alerts?receiver=team-db", "user": "ann"}
    await told(_receiver(peer), make_message(reason=Reason.UNACKNOWLEDGED))
    assert (found.state, found.log[-2:]) == ("open", ["create", "unacknowledge"])
    await told(_receiver(peer), make_message(make_alert(resolved=True), reason=Reason.ALL_RESOLVED))
    assert (found.state, peer.problems) == ("closed", [])
    assert peer.calls[-1].json == {"source": "http://alertd:9093/#/alerts?receiver=team-db"}


async def test_update_alerts(peer: OpsgeniePeer) -> None:
    """With `update_alerts` title and text of the open alert follow."""
    two = make_message(make_alert(), make_alert({"alertname": "DiskFull", "instance": "db2"}))
    await told(_receiver(peer, update_alerts=True), make_message(), two)
    alert = peer.alerts[ALIAS]
    assert (alert.message, alert.log) == ("[FIRING:2] DiskFull ", ["create", "message", "description"] * 2)
    assert "db2" in alert.description
    assert [call.method for call in peer.calls[:3]] == ["POST", "PUT", "PUT"]


async def test_update_that_fails_is_tried_again_whole(peer: OpsgeniePeer) -> None:
    """A call that fails in the middle fails the try; the next one repeats what is done without harm."""
    peer.script(says(202, {}), Answer(503))
    failed = await failure(_receiver(peer, update_alerts=True))
    assert outcome(failed) == (R.SERVER_ERROR, False, False, None)
    await told(_receiver(peer, update_alerts=True), make_message())
    assert peer.alerts[ALIAS].log == ["create", "message", "description"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(422, {"message": "not processable"}), (R.CLIENT_ERROR, True, False, None)),
        (says(401, {}), (R.AUTH_ERROR, True, True, None)),
        (says(403, {"message": "Could not authenticate"}), (R.AUTH_ERROR, True, True, None)),
        (says(429, {}), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (says(429, {}, Retry_After="7"), (R.RATE_LIMITED, False, False, 7 * SECOND)),
        (says(503, {}), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: OpsgeniePeer, answer: Answer, expected: Outcome) -> None:
    """A bad request is dropped, a bad key breaks the channel, a rate limit waits."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


@pytest.mark.parametrize("keys", [{"api_key": "{{ .CommonLabels.nope }}"}, {"message": "{{ .Nope }}"}])
async def test_what_cannot_be_rendered(peer: OpsgeniePeer, keys: dict[str, str]) -> None:
    """A key that renders to nothing, or a template that fails, is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, **keys))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []


async def test_errors_keep_the_key(peer: OpsgeniePeer) -> None:
    """A vendor that repeats the key in its answer does not get it into the error."""
    peer.script(Answer(400, f"bad key {API_KEY}"))
    failed = await failure(_receiver(peer))
    assert "bad key <redacted>" in failed.text
