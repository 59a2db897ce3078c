"""The Telegram receiver against a Bot API that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.telegram import TelegramConfig
from alertd.notify.receivers.base import FailureReason, Receiver, Tools
from alertd.notify.receivers.telegram import TelegramReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.serving import Answer
from tests.peers.telegram import CHAT, TOKEN, TelegramPeer
from tests.peers.vendor import listening, says

R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[TelegramPeer]:
    async with listening(TelegramPeer()) as peer:
        yield peer


def _receiver(peer: TelegramPeer, **keys: Any) -> Make:
    config = TelegramConfig.model_validate({"api_url": peer.url, "bot_token": TOKEN, "chat_id": CHAT, **keys})
    return lambda tools: TelegramReceiver(config, tools)


async def test_message_says_what_alertmanager_says(peer: TelegramPeer) -> None:
    """HTML by default, in which every value is escaped."""
    alert = make_alert(annotations={"summary": "<script> & co"})
    [delivered] = await told(_receiver(peer), make_message(alert))
    assert (delivered.status_code, peer.problems) == (200, [])
    assert peer.calls[0].json == {
        "chat_id": CHAT,
        "text": "\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
        "Annotations:\n - summary = &lt;script&gt; &amp; co\nSource: http://prometheus/graph\n\n\n\n",
        "parse_mode": "HTML",
        "disable_web_page_preview": True,
    }


async def test_every_key_of_the_configuration(peer: TelegramPeer, tmp_path: Path) -> None:
    """Token and chat may be in files, which are read at each message; a topic and silence are passed on."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "chat").write_text(f"{CHAT}\n")
    keys = {
        "bot_token": None,
        "bot_token_file": str(tmp_path / "token"),
        "chat_id": 0,
        "chat_id_file": str(tmp_path / "chat"),
        "message_thread_id": 7,
        "disable_notifications": True,
        "message": "{{ .Status }} <b>",
        "parse_mode": "",
    }
    await told(_receiver(peer, **keys), make_message())
    assert peer.calls[0].json == {
        "chat_id": CHAT,
        "message_thread_id": 7,
        "text": "firing <b>",
        "disable_web_page_preview": True,
        "disable_notification": True,
    }
    (tmp_path / "chat").write_text("@alerts")
    failed = await failure(_receiver(peer, **keys))
    assert outcome(failed) == (R.CLIENT_ERROR, True, True, None)
    assert str(tmp_path / "chat") in failed.text
    (tmp_path / "token").unlink()
    assert outcome(await failure(_receiver(peer, **keys))) == (R.AUTH_ERROR, False, False, None)


@pytest.mark.parametrize("mode", ["Markdown", "MarkdownV2", ""])
async def test_text_without_tags_is_cut(peer: TelegramPeer, mode: str) -> None:
    """4 096 characters, then the mode stays."""
    await told(_receiver(peer, message="{{ .Status }}" + "x" * 5000, parse_mode=mode), make_message())
    body = peer.calls[0].json
    assert (len(body["text"]), body["text"][-1], body.get("parse_mode", "")) == (4096, "…", mode)


async def test_html_that_is_too_long_becomes_plain_text(peer: TelegramPeer) -> None:
    """Tags cannot be cut, so they go; what is seen is cut."""
    await told(_receiver(peer, message="<b>{{ .Status }} &amp;</b>" + "x" * 5000), make_message())
    [call] = peer.calls
    assert (call.json["text"][:10], len(call.json["text"]), "parse_mode" in call.json) == ("firing &xx", 4096, False)


@pytest.mark.parametrize(
    ("mode", "sent", "shown"),
    [("HTML", "<b>a &lt; b", "a < b"), ("HTML", "<h1>a</h1>", "a"), ("Markdown", "*a", "*a")],
)
async def test_marks_that_telegram_refuses_become_plain_text(
    peer: TelegramPeer, mode: str, sent: str, shown: str
) -> None:
    """A template with a tag that is unknown or not closed costs the look of the message, not the message."""
    if mode != "HTML":
        description = "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 0"
        peer.script(says(400, {"ok": False, "error_code": 400, "description": description}))
    await told(_receiver(peer, message=sent, parse_mode=mode), make_message())
    assert [call.json.get("parse_mode") for call in peer.calls] == [mode, None]
    assert [call.json["text"] for call in peer.calls] == [sent, shown]


async def test_group_that_moved_is_followed(peer: TelegramPeer) -> None:
    """A group that became a supergroup has another number; the message goes there at once."""
    peer.moved[-42] = CHAT
    [delivered] = await told(_receiver(peer, chat_id=-42), make_message())
    assert (delivered.status_code, [call.json["chat_id"] for call in peer.calls]) == (200, [-42, CHAT])


@pytest.mark.parametrize(("chat", "interval"), [(42, 1000), (-42, 3000), (CHAT, 3000)])
async def test_interval(peer: TelegramPeer, chat: int, interval: int) -> None:
    """One message a second to a person, twenty a minute to a group."""
    built: list[Receiver] = []
    make = _receiver(peer, chat_id=chat)

    def keep(tools: Tools) -> Receiver:
        built.append(make(tools))
        return built[0]

    await told(keep)
    assert built[0].interval == interval


def _refusal(status: int, description: str, **parameters: int) -> Answer:
    return says(status, {"ok": False, "error_code": status, "description": description, "parameters": parameters})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_refusal(400, "Bad Request: message text is empty"), (R.CLIENT_ERROR, True, False, None)),
        (_refusal(400, "Bad Request: chat not found"), (R.GONE, True, True, None)),
        (_refusal(400, "Bad Request: message thread not found"), (R.GONE, True, True, None)),
        (_refusal(400, "Bad Request: TOPIC_CLOSED"), (R.GONE, True, True, None)),
        (_refusal(401, "Unauthorized"), (R.AUTH_ERROR, True, True, None)),
        (_refusal(403, "Forbidden: bot was kicked from the group chat"), (R.AUTH_ERROR, True, True, None)),
        (_refusal(404, "Not Found"), (R.AUTH_ERROR, True, True, None)),
        (_refusal(429, "Too Many Requests", retry_after=34), (R.RATE_LIMITED, False, False, 34 * SECOND)),
        (Answer(429, "", (("Retry-After", "3"),)), (R.RATE_LIMITED, False, False, 3 * SECOND)),
        (Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (Answer(502, "<html>"), (R.SERVER_ERROR, False, False, None)),
        (Answer(200, "a portal's page"), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: TelegramPeer, answer: Answer, expected: Outcome) -> None:
    """A revoked token and a chat that is gone break the channel; flood control waits; the token stays secret."""
    peer.script(answer)
    failed = await failure(_receiver(peer))
    assert outcome(failed) == expected
    assert TOKEN not in failed.text


async def test_template_that_fails(peer: TelegramPeer) -> None:
    """It is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, message="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
