"""The Rocket.Chat receiver against an API that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.rocketchat import RocketchatConfig
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.rocketchat import RocketchatReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.rocketchat import TOKEN, TOO_MANY, USER, RocketchatPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says


@pytest.fixture
async def peer() -> AsyncIterator[RocketchatPeer]:
    async with listening(RocketchatPeer()) as peer:
        yield peer


def _receiver(peer: RocketchatPeer, **changes: Any) -> Make:
    written = {"api_url": f"{peer.url}/", "token": TOKEN, "token_id": USER, "channel": "#alerts"}
    config = RocketchatConfig.model_validate(written | changes)
    return lambda tools: RocketchatReceiver(config, tools)


async def test_default_message(peer: RocketchatPeer) -> None:
    """One attachment with title and link; red while something fires, green after."""
    await told(_receiver(peer), make_message(), make_message(make_alert(resolved=True)))
    first, last = (call.json for call in peer.calls)
    assert peer.problems == []
    assert first == {
        "channel": "#alerts",
        "attachments": [
            {
                "title": "[FIRING:1] DiskFull (db1)",
                "title_link": "http://alertd:9093/#/alerts?receiver=team-db",
                "color": "red",
            }
        ],
    }
    assert last["attachments"][0]["color"] == "green"


async def test_every_key_of_the_configuration(peer: RocketchatPeer) -> None:
    """Texts are templates; a field without `short` takes that of all fields; an action is a button."""
    written = {
        "emoji": ":fire:",
        "icon_url": "http://i",
        "text": "{{ .Status }}",
        "image_url": "http://image",
        "thumb_url": "http://thumb",
        "short_fields": True,
        "fields": [{"title": "{{ .Status }}", "value": "v"}, {"title": "t", "value": "v", "short": False}],
        "actions": [{"type": "link", "text": "Open", "url": "http://u"}, {"text": "Say", "msg": "{{ .Status }}"}],
    }
    await told(_receiver(peer, **written), make_message())
    message = peer.calls[0].json
    [attachment] = message["attachments"]
    assert (peer.problems, message["emoji"], message["avatar"]) == ([], ":fire:", "http://i")
    assert (attachment["text"], attachment["image_url"], attachment["thumb_url"]) == (
        "firing",
        "http://image",
        "http://thumb",
    )
    assert attachment["fields"] == [
        {"short": True, "title": "firing", "value": "v"},
        {"short": False, "title": "t", "value": "v"},
    ]
    assert attachment["actions"] == [
        {"type": "button", "text": "Open", "url": "http://u", "is_webview": False, "msg_in_chat_window": False},
        {"type": "button", "text": "Say", "msg": "firing", "is_webview": False, "msg_in_chat_window": False},
    ]


async def test_long_titles_are_cut(peer: RocketchatPeer) -> None:
    """A title ends in an ellipsis after 1 024 characters."""
    await told(_receiver(peer, title="ü" * 2000), make_message())
    title = peer.calls[0].json["attachments"][0]["title"]
    assert (peer.problems, len(title), title[-1]) == ([], 1024, "…")


async def test_token_and_user_from_files(peer: RocketchatPeer, tmp_path: Path) -> None:
    """Both are read at each send; a token that was revoked breaks the channel until the file has a new one."""
    token, user = tmp_path / "token", tmp_path / "user"
    token.write_text("revoked\n")
    user.write_text(f"{USER}\n")
    keys = {"token": None, "token_file": str(token), "token_id": None, "token_id_file": str(user)}
    assert outcome(await failure(_receiver(peer, **keys))) == (R.AUTH_ERROR, True, True, None)
    token.write_text(f"{TOKEN}\n")
    [delivered] = await told(_receiver(peer, **keys), make_message())
    assert delivered.status_code == 200


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(200, {"success": False, "error": "[invalid-params]"}), (R.CLIENT_ERROR, True, False, None)),
        (says(200, {"success": False, "errorType": "error-room-not-found"}), (R.GONE, True, True, None)),
        (says(400, {"success": False, "error": "[invalid-params]"}), (R.CLIENT_ERROR, True, False, None)),
        (Answer(200, "<html>"), (R.SERVER_ERROR, False, False, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (says(429, {"success": False, "error": TOO_MANY}), (R.RATE_LIMITED, False, False, 42 * SECOND)),
        (says(400, {"success": False, "error": TOO_MANY}), (R.RATE_LIMITED, False, False, 42 * SECOND)),
        (says(429, {}, Retry_After="5"), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (Answer(429), (R.RATE_LIMITED, False, False, 60 * SECOND)),
        (Answer(502), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: RocketchatPeer, answer: Answer, expected: Outcome) -> None:
    """The wait is in Rocket.Chat's sentence or in the header; a refusal can have status 200."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_channel_that_is_gone(peer: RocketchatPeer) -> None:
    """A channel that Rocket.Chat does not know breaks the channel."""
    assert outcome(await failure(_receiver(peer, channel="#gone"))) == (R.GONE, True, True, None)


async def test_errors_do_not_show_the_token(peer: RocketchatPeer) -> None:
    """An answer that repeats the token is shown without it."""
    peer.script(Answer(400, f"bad token {TOKEN}"))
    text = str(await failure(_receiver(peer)))
    assert TOKEN not in text
    assert "bad token" in text
