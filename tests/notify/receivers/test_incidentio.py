"""The incident.io receiver against an alert source that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.incidentio import IncidentioConfig
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.incidentio import IncidentioReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.incidentio import TOKEN, IncidentioPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says


@pytest.fixture
async def peer() -> AsyncIterator[IncidentioPeer]:
    async with listening(IncidentioPeer()) as peer:
        yield peer


def _receiver(peer: IncidentioPeer, **changes: Any) -> Make:
    config = IncidentioConfig.model_validate({"url": peer.source, "alert_source_token": TOKEN} | changes)
    return lambda tools: IncidentioReceiver(config, tools)


async def test_body_is_the_webhooks_as_version_1(peer: IncidentioPeer) -> None:
    """Alertmanager's data, the group key and the version of incident.io's protocol; the answer is kept."""
    [delivered] = await told(_receiver(peer), make_message())
    body = peer.calls[0].json
    assert (delivered.status_code, peer.problems) == (202, [])
    assert "accepted" in delivered.answer
    assert {key: body[key] for key in ("receiver", "status", "version", "groupKey", "truncatedAlerts")} == {
        "receiver": "team-db",
        "status": "firing",
        "version": "1",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
    }
    assert [alert["labels"]["instance"] for alert in body["alerts"]] == ["db1"]


async def test_route_labels_are_templates(peer: IncidentioPeer) -> None:
    """They arrive rendered, as in the webhook's body."""
    await told(_receiver(peer), make_message(make_alert(), route_labels={"on": "{{ .CommonLabels.instance }}"}))
    assert peer.calls[0].json["routeLabels"] == {"on": "db1"}


async def test_max_alerts(peer: IncidentioPeer) -> None:
    """Only the first alerts are sent, the others are counted."""
    await told(_receiver(peer, max_alerts=2), make_message(*[make_alert()] * 5))
    body = peer.calls[0].json
    assert (len(body["alerts"]), body["truncatedAlerts"]) == (2, 3)


async def test_large_groups_are_sent_with_one_alert(peer: IncidentioPeer) -> None:
    """Above 512 KiB the first alert stands for all, and the others are counted."""
    alerts = [make_alert(annotations={"text": "x" * 1000}) for _ in range(600)]
    await told(_receiver(peer), make_message(*alerts))
    body = peer.calls[0].json
    assert (peer.problems, len(body["alerts"]), body["truncatedAlerts"]) == ([], 1, 599)


async def test_address_and_token_from_files(peer: IncidentioPeer, tmp_path: Path) -> None:
    """Both are read at each send, so a rotated token needs no reload."""
    url, token = tmp_path / "url", tmp_path / "token"
    url.write_text(f"{peer.source}\n")
    token.write_text("revoked\n")
    keys = {"url": None, "url_file": str(url), "alert_source_token": None, "alert_source_token_file": str(token)}
    failed = await failure(_receiver(peer, **keys))
    assert outcome(failed) == (R.AUTH_ERROR, True, True, None)
    token.write_text(f"{TOKEN}\n")
    [delivered] = await told(_receiver(peer, **keys), make_message())
    assert delivered.status_code == 202


async def test_token_in_http_config(peer: IncidentioPeer) -> None:
    """Without a token of its own the `Authorization` of `http_config` is sent."""
    http = {"authorization": {"credentials": TOKEN}}
    [delivered] = await told(_receiver(peer, alert_source_token=None, http_config=http), make_message())
    assert delivered.status_code == 202


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(422), (R.CLIENT_ERROR, True, False, None)),
        (Answer(401), (R.AUTH_ERROR, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (says(429, {}, Retry_After="3"), (R.RATE_LIMITED, False, False, 3 * SECOND)),
        (Answer(500), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: IncidentioPeer, answer: Answer, expected: Outcome) -> None:
    """A refused body is dropped; a refused token or a source that is gone breaks the channel; a rate limit waits."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_errors_do_not_show_secrets(peer: IncidentioPeer) -> None:
    """An answer that repeats the token or the source's address is shown without them."""
    peer.script(says(422, {"message": f"{TOKEN} at {peer.source} is wrong"}))
    text = str(await failure(_receiver(peer)))
    assert TOKEN not in text
    assert "01GW2G3V0S59R238FAHPDS1R66" not in text
    assert "is wrong" in text
