"""The webhook receiver: the body, the signature, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertd.clock import SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.webhook import WebhookReceiver, WebhookSettings, encode_body, keep_first, sign, signing_key
from alertd.notify.templates import Renderer, load_renderer
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.serving import Answer
from tests.peers.webhook import WebhookPeer, webhook_peer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
R = FailureReason


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return load_renderer()


@pytest.fixture
async def peer() -> AsyncIterator[WebhookPeer]:
    async with webhook_peer() as peer:
        yield peer


async def _send(settings: WebhookSettings, message: Message, renderer: Renderer) -> None:
    clients = HttpClients()
    try:
        receiver = WebhookReceiver(settings, clients.client(), renderer, VirtualClock(NOW).now)
        await receiver.send(message)
    finally:
        await clients.aclose()


async def test_body_is_alertmanagers_version_4(peer: WebhookPeer, renderer: Renderer) -> None:
    """Every field of Alertmanager's body is there, by its name, with its kind of time, and nothing else."""
    message = make_message(
        make_alert(), make_alert(resolved=True), route_labels={"team": "{{ .CommonLabels.instance | toUpper }}"}
    )
    await _send(WebhookSettings(url=peer.url), message, renderer)
    [request] = peer.requests
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("alertd/")
    assert request.body.endswith(b"}\n")
    alert = {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "instance": "db1"},
        "annotations": {"summary": "Disk is full"},
        "startsAt": "2026-01-31T11:58:36.7Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": make_alert().fingerprint,
    }
    assert request.json == {
        "receiver": "team-db",
        "status": "firing",
        "alerts": [alert, alert | {"status": "resolved", "endsAt": "2026-01-31T11:59:00Z"}],
        "notification_reason": "first notification",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull", "instance": "db1"},
        "commonAnnotations": {"summary": "Disk is full"},
        "routeLabels": {"team": "DB1"},
        "externalURL": "http://alertd:9093",
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
    }


def test_receivers_name_is_quoted() -> None:
    """Alertmanager hands out the name with its pattern characters quoted, and existing readers expect that."""
    assert json.loads(encode_body(make_message(receiver="a.b")))["receiver"] == r"a\.b"


def test_max_alerts_counts_the_rest() -> None:
    """What is common and the status are those of the kept alerts; what was dropped before is counted too."""
    alerts = (make_alert({"a": "1", "b": "1"}, resolved=True), make_alert({"a": "1"}), make_alert({"a": "2"}))
    body = json.loads(encode_body(keep_first(make_message(*alerts, truncated_alerts=3), 1)))
    assert (len(body["alerts"]), body["truncatedAlerts"]) == (1, 5)
    assert (body["status"], body["commonLabels"]) == ("resolved", {"a": "1", "b": "1"})
    assert keep_first(make_message(*alerts), 0) == make_message(*alerts)


def test_signature_of_the_specification() -> None:
    """The example of Standard Webhooks comes out; a second key adds a second signature."""
    key = signing_key(SECRET)
    headers = sign((key, key), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330 * SECOND, b'{"test": 2432232314}')
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"{signature} {signature}",
    }


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_????", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
def test_secret_that_is_none(secret: str) -> None:
    """A secret without its prefix, its Base64 or its length is refused."""
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signing_key(secret)


async def test_id_is_always_sent_and_a_signature_with_a_secret(
    peer: WebhookPeer, renderer: Renderer, tmp_path: Path
) -> None:
    """A retry carries the same id; the secret is read from its file for each message, and all in it sign."""
    await _send(WebhookSettings(url=peer.url), make_message(), renderer)
    secret_file = tmp_path / "secret"
    secret_file.write_text(f"{SECRET} {SECRET}\n")
    await _send(WebhookSettings(url=peer.url, secret_file=str(secret_file)), make_message(), renderer)
    plain, signed = (request.headers for request in peer.requests)
    assert plain["webhook-id"] == signed["webhook-id"] == "0b9c7a52"
    assert plain["webhook-timestamp"] == str(NOW // SECOND)
    assert "webhook-signature" not in plain
    assert signed["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(301, "", (("Location", "/x"),)), (R.CLIENT_ERROR, True, False, None, False)),
        (Answer(400, "no"), (R.CLIENT_ERROR, True, False, None, False)),
        (Answer(401), (R.AUTH_ERROR, True, True, None, False)),
        (Answer(403), (R.AUTH_ERROR, True, True, None, False)),
        (Answer(404), (R.CLIENT_ERROR, True, False, None, False)),
        (Answer(408), (R.TIMEOUT, False, False, None, True)),
        (Answer(410), (R.GONE, True, True, None, False)),
        (Answer(429, "", (("Retry-After", "7"),)), (R.RATE_LIMITED, False, False, 7 * SECOND, False)),
        (
            Answer(503, "", (("Retry-After", "Sat, 31 Jan 2026 12:00:30 GMT"),)),
            (R.SERVER_ERROR, False, False, 30 * SECOND, False),
        ),
        (Answer(500), (R.SERVER_ERROR, False, False, None, False)),
        (Answer(504), (R.SERVER_ERROR, False, False, None, True)),
        (Answer(close=True), (R.CONNECTION, False, False, None, True)),
        (Answer(hang=True), (R.TIMEOUT, False, False, None, True)),
    ],
)
async def test_what_each_answer_means(
    peer: WebhookPeer, renderer: Renderer, answer: Answer, expected: tuple[R, bool, bool, int | None, bool]
) -> None:
    """Reason, permanent, channel broken, when to come back, and whether it may have arrived, for each answer."""
    peer.script(answer)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(WebhookSettings(url=peer.url, time_limit=300), make_message(), renderer)
    failed = caught.value
    found = (failed.reason, failed.permanent, failed.channel_broken, failed.retry_after, failed.maybe_sent)
    assert found == expected
    assert "/hook" not in failed.text


async def test_error_shows_what_the_other_side_says_and_hides_the_url(peer: WebhookPeer, renderer: Renderer) -> None:
    """The start of the answer explains the failure; the URL in it is taken out."""
    peer.script(Answer(400, f"cannot take {peer.url}: bad\n\nfield"))
    with pytest.raises(DeliveryFailed) as caught:
        await _send(WebhookSettings(url=peer.url), make_message(), renderer)
    base = peer.url.removesuffix("/hook")
    assert caught.value.text == f"unexpected status code 400: cannot take {base}/<redacted>: bad field"


async def test_url_and_payload_are_templates(peer: WebhookPeer, renderer: Renderer, tmp_path: Path) -> None:
    """The URL may depend on the group; a payload replaces the body, and texts that render to JSON become JSON."""
    url_file = tmp_path / "url"
    url_file.write_text(peer.url + "/{{ .GroupLabels.alertname }}\n")
    payload = {
        "event": "{{ .Status }}",
        "count": "{{ len .Alerts }}",
        "{{ .Receiver }}": [True, None, "{{ .CommonLabels | toJson }}", '"quoted"'],
    }
    await _send(WebhookSettings(url_file=str(url_file), payload=payload), make_message(), renderer)
    [request] = peer.requests
    assert request.path == "/hook/DiskFull"
    assert request.json == {
        "event": "firing",
        "count": 1,
        "team-db": [True, None, {"alertname": "DiskFull", "instance": "db1"}, '"quoted"'],
    }


@pytest.mark.parametrize(
    ("settings", "reason", "permanent"),
    [
        (WebhookSettings(url="http://x/{{ .Nope }}"), R.TEMPLATE, True),
        (WebhookSettings(url="http://x/{{ .Status"), R.TEMPLATE, True),
        (WebhookSettings(url="{{ if false }}x{{ end }}"), R.CLIENT_ERROR, True),
        (WebhookSettings(url_file="/nowhere"), R.AUTH_ERROR, False),
        (WebhookSettings(url="http://127.0.0.1:9/", secret="whsec_short"), R.AUTH_ERROR, True),
    ],
)
async def test_settings_that_do_not_work(
    renderer: Renderer, settings: WebhookSettings, reason: R, permanent: bool
) -> None:
    """A template that fails or a URL that is none cannot be cured by trying again; a missing file may come back."""
    with pytest.raises(DeliveryFailed) as caught:
        await _send(settings, make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)


async def test_reason_reaches_the_body(peer: WebhookPeer, renderer: Renderer) -> None:
    """The reason is told in its own words."""
    await _send(WebhookSettings(url=peer.url), make_message(reason=Reason.REPEAT), renderer)
    assert peer.requests[0].json["notification_reason"] == "repeat interval elapsed"
