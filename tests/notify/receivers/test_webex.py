"""The Webex receiver against a messages API that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.webex import WebexConfig
from alertd.notify.receivers.base import FailureReason
from alertd.notify.receivers.webex import WebexReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says
from tests.peers.webex import ROOM, TOKEN, WebexPeer

R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[WebexPeer]:
    async with listening(WebexPeer()) as peer:
        yield peer


def _receiver(peer: WebexPeer, **keys: Any) -> Make:
    http = {"authorization": {"credentials": TOKEN}}
    settings = {"api_url": peer.messages, "room_id": ROOM, "http_config": http, **keys}
    config = WebexConfig.model_validate(settings)
    return lambda tools: WebexReceiver(config, tools)


async def test_message_says_what_alertmanager_says(peer: WebexPeer) -> None:
    """Markdown to a room whose id is a template."""
    room = f'{{{{ if eq .Status "firing" }}}}{ROOM}{{{{ end }}}}'
    [delivered] = await told(_receiver(peer, room_id=room), make_message())
    assert (delivered.status_code, peer.problems) == (200, [])
    assert peer.calls[0].json == {
        "roomId": ROOM,
        "markdown": "Disk is full\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
        "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n\n\n\n",
    }


async def test_text_is_cut_in_bytes(peer: WebexPeer) -> None:
    """7439 bytes at most, and no half character."""
    await told(_receiver(peer), make_message(make_alert(annotations={"summary": "ü" * 5000})))
    text = peer.calls[0].json["markdown"]
    assert (peer.problems, len(text.encode()), text[-2:]) == ([], 7439, "ü…")


async def test_token_from_a_file_is_read_each_time(peer: WebexPeer, tmp_path: Path) -> None:
    """A rotated token needs no reload."""
    file = tmp_path / "token"
    file.write_text("old")
    make = _receiver(peer, http_config={"authorization": {"credentials_file": str(file)}})
    assert outcome(await failure(make)) == (R.AUTH_ERROR, True, True, None)
    file.write_text(f"{TOKEN}\n")
    assert (await told(make, make_message()))[0].status_code == 200


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {}), (R.CLIENT_ERROR, True, False, None)),
        (says(401, {}), (R.AUTH_ERROR, True, True, None)),
        (says(404, {"message": "Could not find a room with provided ID."}), (R.GONE, True, True, None)),
        (says(423, {}, Retry_After="4"), (R.CLIENT_ERROR, False, False, 4 * SECOND)),
        (says(429, {}, Retry_After="33"), (R.RATE_LIMITED, False, False, 33 * SECOND)),
        (says(429, {}), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (says(502, {}), (R.SERVER_ERROR, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: WebexPeer, answer: Answer, expected: Outcome) -> None:
    """A room that is gone breaks the channel; a locked one and a rate limit are left alone as long as they ask."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_template_that_fails(peer: WebexPeer) -> None:
    """It is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, message="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
