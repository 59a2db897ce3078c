"""The VictorOps receiver against an endpoint that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.victorops import VictoropsConfig
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.victorops import VictoropsReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says
from tests.peers.victorops import KEY, VictoropsPeer

GROUP = dedup_key('{}:{alertname="DiskFull"}')


@pytest.fixture
async def peer() -> AsyncIterator[VictoropsPeer]:
    async with listening(VictoropsPeer()) as peer:
        yield peer


def _receiver(peer: VictoropsPeer, **changes: Any) -> Make:
    written = {"api_key": KEY, "api_url": peer.api_url, "routing_key": "team db"}
    config = VictoropsConfig.model_validate(written | changes)
    return lambda tools: VictoropsReceiver(config, tools)


async def test_alert_says_what_alertmanager_says(peer: VictoropsPeer) -> None:
    """The default alert, with the routing key in the path and custom fields beside the fixed ones."""
    receiver = _receiver(peer, custom_fields={"team": "{{ .CommonLabels.instance }}"})
    [delivered] = await told(receiver, make_message())
    [call] = peer.calls
    assert (delivered.status_code, peer.problems) == (200, [])
    assert call.path == f"/integrations/generic/20131114/alert/{KEY}/team%20db"
    assert call.json == {
        "message_type": "CRITICAL",
        "entity_id": GROUP,
        "entity_display_name": "[FIRING:1] DiskFull (db1)",
        "monitoring_tool": "alertd",
        "state_message": (
            "Disk is full\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
            "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n\n"
        ),
        "team": "db1",
    }


@pytest.mark.parametrize(
    ("written", "resolved", "acknowledged", "expected"),
    [
        ("WARNING", False, False, "WARNING"),
        ("{{ .CommonLabels.instance }}", False, False, "CRITICAL"),
        ("", False, False, "CRITICAL"),
        ("INFO", False, True, "ACKNOWLEDGEMENT"),
        ("INFO", True, True, "RECOVERY"),
    ],
)
async def test_message_type(
    peer: VictoropsPeer, written: str, resolved: bool, acknowledged: bool, expected: str
) -> None:
    """A word that VictorOps does not open an incident for becomes CRITICAL; the end is always RECOVERY."""
    message = make_message(make_alert(resolved=resolved), acknowledged=acknowledged)
    await told(_receiver(peer, message_type=written), message)
    assert peer.incidents == {GROUP: [expected]}


async def test_long_texts_are_cut(peer: VictoropsPeer) -> None:
    """The state message ends in an ellipsis after 20 480 characters."""
    await told(_receiver(peer, state_message="ü" * 30_000), make_message())
    text = peer.calls[0].json["state_message"]
    assert (peer.problems, len(text), text[-1]) == ([], 20480, "…")


async def test_key_is_read_at_each_send(peer: VictoropsPeer, tmp_path: Path) -> None:
    """A key that is changed in its file is taken without a reload."""
    file = tmp_path / "key"
    receiver = _receiver(peer, api_key=None, api_key_file=str(file))
    file.write_text("old\n")
    assert outcome(await failure(receiver, make_message()))[:3] == (R.AUTH_ERROR, True, True)
    file.write_text(f"{KEY}\n")
    await told(receiver, make_message())
    assert len(peer.incidents) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400), (R.CLIENT_ERROR, True, False, None)),
        (Answer(403), (R.AUTH_ERROR, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (says(429, {}, Retry_After="7"), (R.RATE_LIMITED, False, False, 7 * SECOND)),
        (Answer(503), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
        (says(200, {"result": "failure", "messages": "bad"}), (R.CLIENT_ERROR, True, False, None)),
    ],
)
async def test_what_each_answer_means(peer: VictoropsPeer, answer: Answer, expected: Outcome) -> None:
    """A refused alert is dropped, a refused key breaks the channel, everything else is tried again."""
    peer.script(answer)
    failed = await failure(_receiver(peer), make_message())
    assert outcome(failed) == expected


async def test_errors_do_not_show_the_key(peer: VictoropsPeer) -> None:
    """An answer that repeats the address or the key is shown without them."""
    peer.script(Answer(400, f"bad request to {peer.api_url}{KEY}/team%20db with {KEY}"))
    failed = await failure(_receiver(peer), make_message())
    assert KEY not in str(failed)
    assert "bad request" in str(failed)


async def test_text_that_is_no_template(peer: VictoropsPeer) -> None:
    """A template that fails is final, and nothing is sent."""
    failed = await failure(_receiver(peer, state_message="{{ .Nope }}"), make_message())
    assert (failed.reason, failed.permanent, peer.calls) == (R.TEMPLATE, True, [])
