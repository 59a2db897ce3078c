"""The Discord receiver against a webhook that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.discord import DiscordConfig
from alertd.notify.receivers.base import FailureReason
from alertd.notify.receivers.discord import DiscordReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.discord import WEBHOOK_PATH, DiscordPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[DiscordPeer]:
    async with listening(DiscordPeer()) as peer:
        yield peer


def _receiver(peer: DiscordPeer, **keys: Any) -> Make:
    config = DiscordConfig.model_validate({"webhook_url": peer.webhook, **keys})
    return lambda tools: DiscordReceiver(config, tools)


async def test_message_says_what_alertmanager_says(peer: DiscordPeer) -> None:
    """One embed, red while anything fires and green afterwards."""
    [delivered, _] = await told(_receiver(peer), make_message(), make_message(make_alert(resolved=True)))
    assert (delivered.status_code, peer.problems) == (204, [])
    assert peer.calls[0].json == {
        "content": "",
        "embeds": [
            {
                "title": "[FIRING:1] DiskFull (db1)",
                "description": "\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
                "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n\n\n\n",
                "color": 0x992D22,
            }
        ],
    }
    assert peer.calls[1].json["embeds"][0]["color"] == 0x2ECC71


async def test_texts_are_templates_and_cut(peer: DiscordPeer, tmp_path: Path) -> None:
    """Each text is cut to Discord's limit; the address may be in a file."""
    (tmp_path / "url").write_text(f"{peer.webhook}\n")
    keys = {
        "webhook_url": None,
        "webhook_url_file": str(tmp_path / "url"),
        "content": "{{ .Status }}" + "c" * 2000,
        "title": "{{ .Status }}" + "t" * 256,
        "message": "{{ .Status }}" + "m" * 5000,
        "username": "bot",
        "avatar_url": "https://example.org/a.png",
    }
    await told(_receiver(peer, **keys), make_message())
    body = peer.calls[0].json
    [embed] = body["embeds"]
    assert peer.problems == []
    assert (body["username"], body["avatar_url"]) == ("bot", "https://example.org/a.png")
    for text, length in ((body["content"], 2000), (embed["title"], 256), (embed["description"], 4096)):
        assert (text[:6], len(text), text[-1]) == ("firing", length, "…")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"code": 50035}), (R.CLIENT_ERROR, True, False, None)),
        (says(401, {"code": 50027, "message": "Invalid Webhook Token"}), (R.AUTH_ERROR, True, True, None)),
        (says(404, {"code": 10015, "message": "Unknown Webhook"}), (R.GONE, True, True, None)),
        (says(429, {"retry_after": 0.3, "global": False}, Retry_After="1"), (R.RATE_LIMITED, False, False, 300)),
        (says(429, {"retry_after": 64.57}), (R.RATE_LIMITED, False, False, 64_570)),
        (Answer(429, "banned", (("Retry-After", "600"),)), (R.RATE_LIMITED, False, False, 600 * SECOND)),
        (Answer(429, "[]"), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (Answer(500), (R.SERVER_ERROR, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: DiscordPeer, answer: Answer, expected: Outcome) -> None:
    """A rate limit waits as long as its JSON says, a deleted webhook breaks the channel; the address stays secret."""
    peer.script(answer)
    failed = await failure(_receiver(peer))
    assert outcome(failed) == expected
    assert WEBHOOK_PATH not in failed.text


async def test_template_that_fails(peer: DiscordPeer) -> None:
    """It is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, title="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
