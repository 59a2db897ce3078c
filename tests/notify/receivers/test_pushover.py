"""The Pushover receiver against an API that checks what it is sent and rings until it is stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.pushover import PushoverConfig
from alertd.notify.message import Reason
from alertd.notify.receivers.base import FailureReason
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.pushover import PushoverReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.pushover import TOKEN, USER, PushoverPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

TAG = dedup_key('{}:{alertname="DiskFull"}')[:32]
R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[PushoverPeer]:
    async with listening(PushoverPeer()) as peer:
        yield peer


def _receiver(peer: PushoverPeer, **keys: Any) -> Make:
    config = PushoverConfig.model_validate({"token": TOKEN, "user_key": USER, **keys})
    return lambda tools: PushoverReceiver(config, tools, peer.messages)


async def test_message_says_what_alertmanager_says(peer: PushoverPeer) -> None:
    """The default fields; an emergency while anything fires, which carries a tag of its group."""
    [delivered] = await told(_receiver(peer), make_message())
    [call] = peer.calls
    assert (delivered.status_code, delivered.thread, peer.problems) == (200, {"tag": TAG}, [])
    assert (call.method, call.query, call.headers["content-type"]) == ("POST", {}, "application/x-www-form-urlencoded")
    assert call.form == {
        "token": TOKEN,
        "user": USER,
        "title": "[FIRING:1] DiskFull (db1)",
        "message": "Disk is full\n\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n - instance = db1\n"
        "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph",
        "url": "http://alertd:9093/#/alerts?receiver=team-db",
        "url_title": "",
        "priority": "2",
        "retry": "60",
        "expire": "3600",
        "device": "",
        "sound": "",
        "tags": TAG,
    }


async def test_every_key_of_the_configuration(peer: PushoverPeer, tmp_path: Path) -> None:
    """Keys from files and as templates, texts cut, marks only when they are set."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "user").write_text(f"{USER}\n")
    keys = {
        "token": None,
        "token_file": str(tmp_path / "token"),
        "user_key": None,
        "user_key_file": str(tmp_path / "user"),
        "title": "t" * 300,
        "message": "{{ .CommonAnnotations.summary }}" + "m" * 2000,
        "url": "https://example.org/" + "u" * 600,
        "url_title": "{{ .Status }}",
        "device": "phone",
        "sound": "siren",
        "priority": "1",
        "retry": "5m",
        "expire": "2h",
        "ttl": "90s",
        "html": True,
    }
    message = make_message(make_alert(annotations={"summary": "<b>"}))
    [delivered] = await told(_receiver(peer, **keys), message)
    form = peer.calls[0].form
    assert (peer.problems, delivered.thread) == ([], {})
    assert [len(form[name]) for name in ("title", "message", "url")] == [250, 1024, 512]
    assert form["message"].startswith("&lt;b&gt;m")
    expected = {"url_title": "firing", "device": "phone", "sound": "siren", "priority": "1", "retry": "300"}
    assert form.items() >= {**expected, "expire": "7200", "ttl": "90", "html": "1"}.items()
    assert not {"monospace", "tags"} & form.keys()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"message": " {{ .CommonLabels.nope }}\n"}, {"message": "(no details)"}),
        ({"monospace": True}, {"monospace": "1"}),
        ({"retry": "1s"}, {"retry": "30"}),
        ({"expire": "24h"}, {"expire": "10800"}),
        ({"token": f"{{{{ if true }}}}{TOKEN}{{{{ end }}}}"}, {"token": TOKEN}),
    ],
)
async def test_what_pushover_would_refuse_is_mended(
    peer: PushoverPeer, keys: dict[str, Any], expected: dict[str, str]
) -> None:
    """An empty text, and an emergency that rings too often or too long, still arrive."""
    await told(_receiver(peer, **keys), make_message())
    assert peer.calls[0].form.items() >= expected.items()
    assert peer.problems == []


async def test_emergency_is_silenced_when_it_is_over(peer: PushoverPeer) -> None:
    """It rings until the alerts end, or somebody acknowledges them; another group's goes on ringing."""
    other = make_message(group_key="{}:{}")
    [first, _] = await told(_receiver(peer), make_message(), other)
    assert len(peer.ringing) == 2
    acknowledged = make_message(
        make_alert(acknowledged_by="ann"), reason=Reason.ACKNOWLEDGED, acknowledged=True, thread=first.thread
    )
    [kept] = await told(_receiver(peer), acknowledged)
    assert (len(peer.ringing), kept.thread) == (1, first.thread)
    assert [call.path for call in peer.calls[2:]] == [f"/1/receipts/cancel_by_tag/{TAG}.json"]
    await told(_receiver(peer), make_message(thread=first.thread))
    resolved = make_message(make_alert(resolved=True), reason=Reason.ALL_RESOLVED, thread=first.thread)
    await told(_receiver(peer), resolved)
    assert (len(peer.ringing), peer.calls[-1].form["priority"], peer.problems) == (1, "0", [])


async def test_nothing_is_silenced_that_does_not_ring(peer: PushoverPeer) -> None:
    """Without an emergency before, an end is one call and an acknowledgement none."""
    acknowledged = make_message(make_alert(acknowledged_by="ann"), reason=Reason.ACKNOWLEDGED, acknowledged=True)
    await told(_receiver(peer), make_message(make_alert(resolved=True)), acknowledged)
    assert [call.path for call in peer.calls] == ["/1/messages.json"]


async def test_silencing_that_fails(peer: PushoverPeer) -> None:
    """An emergency that is not known any more holds nothing up; a server that fails is asked again."""
    resolved = make_message(make_alert(resolved=True), thread={"tag": TAG})
    peer.script(says(404, {"status": 0}))
    [delivered] = await told(_receiver(peer), resolved)
    assert delivered.status_code == 200
    peer.script(Answer(500))
    assert outcome(await failure(_receiver(peer), resolved)) == (R.SERVER_ERROR, False, False, 5 * SECOND)
    assert outcome(await failure(_receiver(peer, token="wrong"), replace(resolved, thread={})))[0] is R.AUTH_ERROR


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"status": 0, "errors": ["priority is invalid"]}), (R.CLIENT_ERROR, True, False, None)),
        (says(400, {"status": 0, "errors": ["application token is invalid"]}), (R.AUTH_ERROR, True, True, None)),
        (
            says(400, {"status": 0, "errors": ["user identifier is not a valid user, group, or subscribed user key"]}),
            (R.AUTH_ERROR, True, True, None),
        ),
        (says(429, {"status": 0, "errors": ["over quota"]}), (R.RATE_LIMITED, False, False, 60 * SECOND)),
        (says(429, {}, Retry_After="5"), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (Answer(500), (R.SERVER_ERROR, False, False, 5 * SECOND)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: PushoverPeer, answer: Answer, expected: Outcome) -> None:
    """Keys that are none break the channel; Pushover asks for five seconds after an error of its own."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_errors_keep_the_keys(peer: PushoverPeer) -> None:
    """An answer that repeats them does not get them into the error."""
    peer.script(Answer(400, f"no {TOKEN} no {USER}"))
    failed = await failure(_receiver(peer))
    assert "no <redacted> no <redacted>" in failed.text


async def test_template_that_fails(peer: PushoverPeer) -> None:
    """It is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, title="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
