"""The two Microsoft Teams receivers against a connector and a workflow that check what they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from alertd.clock import SECOND
from alertd.config.integrations.msteams import MsteamsConfig, Msteamsv2Config
from alertd.notify.receivers.base import FailureReason
from alertd.notify.receivers.msteams import MsteamsReceiver, fitting
from alertd.notify.receivers.msteamsv2 import Msteamsv2Receiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.msteams import CONNECTOR_PATH, TeamsPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

TEXT = (
    "\n\n# Alerts {}:\n\nLabels:\n  - alertname = DiskFull\n  - instance = db1\n\n"
    "Annotations:\n  - summary = Disk is full\n\nSource: http://prometheus/graph\n\n\n"
)
R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[TeamsPeer]:
    async with listening(TeamsPeer()) as peer:
        yield peer


def _connector(peer: TeamsPeer, **keys: Any) -> Make:
    config = MsteamsConfig.model_validate({"webhook_url": peer.connector, **keys})
    return lambda tools: MsteamsReceiver(config, tools)


def _workflow(peer: TeamsPeer, **keys: Any) -> Make:
    config = Msteamsv2Config.model_validate({"webhook_url": peer.workflow, **keys})
    return lambda tools: Msteamsv2Receiver(config, tools)


async def test_message_card(peer: TeamsPeer) -> None:
    """What a connector gets by default, red while anything fires and green afterwards."""
    firing = make_message()
    resolved = make_message(make_alert(resolved=True))
    delivered = await told(_connector(peer), firing, resolved)
    assert (delivered[0].status_code, peer.problems) == (200, [])
    assert peer.calls[0].json == {
        "@context": "http://schema.org/extensions",
        "type": "MessageCard",
        "title": "[FIRING:1] DiskFull (db1)",
        "summary": "[FIRING:1] DiskFull (db1)",
        "text": TEXT.format("Firing") + "\n\n",
        "themeColor": "8C1A1A",
    }
    assert peer.calls[1].json["themeColor"] == "2DC72D"


async def test_texts_are_templates_and_the_address_may_be_in_a_file(peer: TeamsPeer, tmp_path: Path) -> None:
    """The file is read at each message, so that a new webhook needs no reload."""
    file = tmp_path / "url"
    file.write_text(f"{peer.connector}\n")
    keys = {"webhook_url": None, "webhook_url_file": str(file)}
    texts = {"title": "{{ .Status }}", "summary": "s", "text": "t"}
    await told(_connector(peer, **keys, **texts), make_message())
    body = peer.calls[0].json
    assert (body["title"], body["summary"], body["text"]) == ("firing", "s", "t")
    file.write_text(peer.workflow)
    await told(_workflow(peer, **keys, title="{{ .Status }}", text=""), make_message())
    blocks = peer.calls[1].json["attachments"][0]["content"]["body"]
    assert [block["text"] for block in blocks] == ["firing", ""]
    file.write_text("")
    failed = await failure(_workflow(peer, **keys))
    assert (failed.reason, failed.permanent, str(file) in failed.text) == (R.AUTH_ERROR, False, True)


async def test_text_that_is_too_long_is_cut(peer: TeamsPeer) -> None:
    """A card above 28 KB keeps its title and the start of its text."""
    long = make_message(make_alert(annotations={"summary": "ü" * 40_000}))
    await told(_connector(peer), long)
    await told(_workflow(peer), long)
    assert peer.problems == []
    texts = [peer.calls[0].json["text"], peer.calls[1].json["attachments"][0]["content"]["body"][1]["text"]]
    assert all(text.endswith("ü…") for text in texts)
    assert all(28 * 1024 - 3 <= len(call.body) <= 28 * 1024 for call in peer.calls)


@given(text=st.text(max_size=300), limit=st.integers(40, 400))
def test_fitting_is_the_longest_that_fits(text: str, limit: int) -> None:
    """Nothing is above the limit, and a text that fits stays whole."""
    whole = {"text": text}
    fitted = fitting(lambda part: {"text": part}, text, limit)
    assert len(json.encode(fitted)) <= limit
    assert (fitted == whole) == (len(json.encode(whole)) <= limit)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400, "Bad payload"), (R.CLIENT_ERROR, True, False, None)),
        (Answer(403), (R.AUTH_ERROR, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(410), (R.GONE, True, True, None)),
        (says(429, {}, Retry_After="8"), (R.RATE_LIMITED, False, False, 8 * SECOND)),
        (Answer(429), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (Answer(502), (R.SERVER_ERROR, False, False, None)),
        (
            Answer(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"),
            (R.RATE_LIMITED, False, False, 5 * SECOND),
        ),
        (
            Answer(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413"),
            (R.CLIENT_ERROR, True, False, None),
        ),
    ],
)
async def test_what_each_answer_means(peer: TeamsPeer, answer: Answer, expected: Outcome) -> None:
    """Both kinds: also a refusal that comes with status 200; no error names the secret part of the address."""
    for make in (_connector, _workflow):
        peer.script(answer)
        failed = await failure(make(peer))
        assert outcome(failed) == expected
        assert CONNECTOR_PATH not in failed.text
        assert "s3cr3t" not in failed.text


async def test_template_that_fails(peer: TeamsPeer) -> None:
    """It is final, and nothing is sent."""
    for make in (_connector, _workflow):
        assert outcome(await failure(make(peer, text="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
