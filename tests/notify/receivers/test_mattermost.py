"""The Mattermost receiver against an incoming webhook that checks what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.mattermost import MattermostConfig
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.mattermost import MattermostReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.mattermost import HOOK, MattermostPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

PLAIN = {"username": "", "text": "", "title": "", "title_link": "", "fallback": "", "color": ""}


@pytest.fixture
async def peer() -> AsyncIterator[MattermostPeer]:
    async with listening(MattermostPeer()) as peer:
        yield peer


def _receiver(peer: MattermostPeer, **changes: Any) -> Make:
    config = MattermostConfig.model_validate({"webhook_url": peer.webhook} | changes)
    return lambda tools: MattermostReceiver(config, tools)


async def test_default_post(peer: MattermostPeer) -> None:
    """One attachment with the built-in texts, and no text beside it; the bar is green once all is well."""
    await told(_receiver(peer), make_message(), make_message(make_alert(resolved=True)))
    first, last = (call.json for call in peer.calls)
    link = "http://alertd:9093/#/alerts?receiver=team-db"
    assert peer.problems == []
    text = first["attachments"][0].pop("text")
    assert first == {
        "username": "alertd",
        "attachments": [
            {
                "fallback": f"[FIRING:1] DiskFull (db1) | {link}",
                "color": "danger",
                "title": "[FIRING:1] DiskFull (db1)",
                "title_link": link,
            }
        ],
    }
    assert ("# Alerts Firing:" in text, "  - instance = db1" in text) == (True, True)
    assert last["attachments"][0]["color"] == "good"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"text": "T"}, {"attachments": [{"text": "T"}]}),
        (
            {"text": "T", "props": {"card": "{{ .Status }}"}},
            {"attachments": [{"text": "T"}], "props": {"card": "firing"}},
        ),
        (
            {"text": "T", "attachments": [{"title": "A", "text": "B"}]},
            {"text": "T", "attachments": [{"title": "A", "text": "B"}]},
        ),
        ({"attachments": [{"text": "B"}]}, {"attachments": [{"text": "B"}]}),
        (
            {"channel": "c", "icon_url": "i", "icon_emoji": ":e:", "type": "custom_a", "pretext": "p", "footer": "f"},
            {
                "channel": "c",
                "icon_url": "i",
                "icon_emoji": ":e:",
                "type": "custom_a",
                "attachments": [{"pretext": "p", "footer": "f"}],
            },
        ),
        (
            {"fields": [{"title": "{{ .Status }}", "value": "v"}, {"title": "t", "value": "v", "short": False}]},
            {
                "attachments": [
                    {"fields": [{"title": "firing", "value": "v"}, {"title": "t", "value": "v", "short": False}]}
                ]
            },
        ),
    ],
)
async def test_what_is_written_is_sent(peer: MattermostPeer, written: dict[str, Any], expected: dict[str, Any]) -> None:
    """Empty keys are left out; the plain keys make the attachment unless `attachments` does."""
    await told(_receiver(peer, **(PLAIN | written)), make_message())
    assert (peer.calls[0].json, peer.problems) == (expected, [])


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("Urgent", {"priority": "urgent", "requested_ack": True, "persistent_notifications": True}),
        ("important", {"priority": "important", "requested_ack": True}),
        ("standard", {"priority": "standard"}),
        ("{{ .CommonLabels.instance }}", {"priority": "standard"}),
        ("", None),
    ],
)
async def test_priority(peer: MattermostPeer, priority: str, expected: dict[str, Any] | None) -> None:
    """A word that Mattermost does not know is `standard`; each word has only the marks that Mattermost allows it."""
    written = {"priority": priority, "requested_ack": True, "persistent_notifications": True}
    await told(_receiver(peer, priority=written), make_message())
    assert (peer.calls[0].json.get("priority"), peer.problems) == (expected, [])


@pytest.mark.parametrize("attachments", [[], [{"text": "ü" * 20_000}]])
async def test_long_texts_are_cut(peer: MattermostPeer, attachments: list[dict[str, str]]) -> None:
    """Every text ends in an ellipsis after 16 383 characters."""
    await told(_receiver(peer, text="ü" * 20_000, attachments=attachments), make_message())
    text = peer.calls[0].json["attachments"][0]["text"]
    assert (peer.problems, len(text), text[-1]) == ([], 16383, "…")


async def test_webhook_from_a_file(peer: MattermostPeer, tmp_path: Path) -> None:
    """The address is read at each send."""
    file = tmp_path / "url"
    file.write_text(f"{peer.webhook}\n")
    [delivered] = await told(_receiver(peer, webhook_url=None, webhook_url_file=str(file)), make_message())
    assert delivered.answer == "ok"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"id": "web.incoming_webhook.text.app_error"}), (R.CLIENT_ERROR, True, False, None)),
        (says(400, {"id": "web.incoming_webhook.invalid.app_error"}), (R.GONE, True, True, None)),
        (says(403, {"id": "web.incoming_webhook.permissions.app_error"}), (R.GONE, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(429), (R.RATE_LIMITED, False, False, 10 * SECOND)),
        (says(429, {}, Retry_After="2"), (R.RATE_LIMITED, False, False, 2 * SECOND)),
        (Answer(500), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: MattermostPeer, answer: Answer, expected: Outcome) -> None:
    """A text that Mattermost refuses is dropped; a webhook or a channel that is gone breaks the channel."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_channel_that_is_gone(peer: MattermostPeer) -> None:
    """Mattermost's own word for a missing channel breaks the channel, and the error does not show the webhook."""
    failed = await failure(_receiver(peer, channel="gone"))
    assert outcome(failed) == (R.GONE, True, True, None)
    assert HOOK not in str(failed)


async def test_text_that_is_no_template(peer: MattermostPeer) -> None:
    """A template that fails is final, and nothing is sent."""
    failed = await failure(_receiver(peer, text="{{ .Nope }}"))
    assert (failed.reason, failed.permanent, peer.calls) == (R.TEMPLATE, True, [])
