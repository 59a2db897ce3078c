"""The WeChat Work receiver against an API whose tokens end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import HOUR, MINUTE, SECOND, VirtualClock
from alertd.config.integrations.wechat import WechatConfig
from alertd.http import HttpClients
from alertd.notify.receivers.base import FailureReason, Tools
from alertd.notify.receivers.wechat import WechatReceiver
from tests.notify.messages import NOW, make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, shipped, told
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says
from tests.peers.wechat import CORPORATION, SECRET, WechatPeer

R = FailureReason


@pytest.fixture
async def peer() -> AsyncIterator[WechatPeer]:
    async with listening(WechatPeer()) as peer:
        yield peer


def _config(peer: WechatPeer, **keys: Any) -> WechatConfig:
    settings = {"api_url": peer.api, "corp_id": CORPORATION, "api_secret": SECRET, "to_user": "@all", **keys}
    return WechatConfig.model_validate(settings)


def _receiver(peer: WechatPeer, **keys: Any) -> Make:
    config = _config(peer, **keys)
    return lambda tools: WechatReceiver(config, tools)


async def test_message_says_what_alertmanager_says(peer: WechatPeer) -> None:
    """A token is fetched, then the text goes to those who are named."""
    [delivered] = await told(_receiver(peer), make_message())
    first, second = peer.calls
    assert (delivered.status_code, peer.problems) == (200, [])
    assert (first.method, first.query) == ("GET", {"corpid": CORPORATION, "corpsecret": SECRET})
    assert (second.method, second.query) == ("POST", {"access_token": "token-1"})
    assert second.json == {
        "touser": "@all",
        "safe": "0",
        "msgtype": "text",
        "text": {
            "content": "[FIRING:1] DiskFull (db1)\nDisk is full\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n"
            " - instance = db1\nAnnotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n\n\n"
            "AlertmanagerUrl:\nhttp://alertd:9093/#/alerts?receiver=team-db"
        },
        "markdown": {"content": ""},
    }


async def test_every_key_of_the_configuration(peer: WechatPeer, tmp_path: Path) -> None:
    """Markdown, receivers as templates, the secret from a file, the text cut to what WeCom shows."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    keys = {
        "api_secret": None,
        "api_secret_file": str(tmp_path / "secret"),
        "corp_id": f"{{{{ if true }}}}{CORPORATION}{{{{ end }}}}",
        "to_user": "",
        "to_party": "{{ .Status }}",
        "to_tag": "tag",
        "agent_id": "1000002",
        "message": "ü" * 2000,
        "message_type": "markdown",
    }
    await told(_receiver(peer, **keys), make_message())
    [body] = peer.messages
    assert peer.problems == []
    assert body == {
        "toparty": "firing",
        "totag": "tag",
        "agentid": "1000002",
        "safe": "0",
        "msgtype": "markdown",
        "text": {"content": ""},
        "markdown": {"content": "ü" * 1022 + "…"},
    }


async def test_token_is_kept_until_shortly_before_its_end(peer: WechatPeer) -> None:
    """One token serves the messages of two hours."""
    clock = VirtualClock(NOW)
    clients = HttpClients()
    receiver = WechatReceiver(_config(peer), Tools(clients, shipped(), clock.now, 10 * SECOND))
    await receiver.send(make_message())
    clock.advance(2 * HOUR - 6 * MINUTE)
    await receiver.send(make_message(make_alert(resolved=True)))
    assert peer.issued == 1
    clock.advance(MINUTE)
    await receiver.send(make_message())
    assert (peer.issued, len(peer.messages)) == (2, 3)
    await clients.aclose()


async def test_token_that_ended_early_is_replaced_at_once(peer: WechatPeer) -> None:
    """Another program that fetched a token costs one call more, not the message."""
    clients = HttpClients()
    receiver = WechatReceiver(_config(peer), Tools(clients, shipped(), VirtualClock(NOW).now, 10 * SECOND))
    await receiver.send(make_message())
    peer.tokens.clear()
    await receiver.send(make_message())
    assert (peer.issued, [call.path.rpartition("/")[2] for call in peer.calls[2:]]) == (2, ["send", "gettoken", "send"])
    await clients.aclose()


async def test_rotated_secret_makes_a_new_token(peer: WechatPeer, tmp_path: Path) -> None:
    """A token belongs to the secret that it was made of."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    clients = HttpClients()
    config = _config(peer, api_secret=None, api_secret_file=str(file))
    receiver = WechatReceiver(config, Tools(clients, shipped(), VirtualClock(NOW).now, 10 * SECOND))
    await receiver.send(make_message())
    file.write_text("another")
    with pytest.raises(Exception, match="errcode 40001"):
        await receiver.send(make_message())
    await clients.aclose()


TOKEN = says(200, {"errcode": 0, "errmsg": "ok", "access_token": "s3cr3t-token", "expires_in": 7200})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([says(200, {"errcode": 40001})], (R.AUTH_ERROR, True, True, None)),
        ([says(200, {"errcode": 40013})], (R.AUTH_ERROR, True, True, None)),
        ([says(200, {"errcode": 0})], (R.AUTH_ERROR, True, True, None)),
        ([says(200, {"errcode": -1})], (R.SERVER_ERROR, False, False, None)),
        ([Answer(502)], (R.SERVER_ERROR, False, False, None)),
        ([TOKEN, says(200, {"errcode": 45009})], (R.RATE_LIMITED, False, False, 60 * SECOND)),
        ([TOKEN, says(200, {"errcode": 60020})], (R.AUTH_ERROR, True, True, None)),
        ([TOKEN, says(200, {"errcode": 81013})], (R.GONE, True, True, None)),
        ([TOKEN, says(200, {"errcode": 44004})], (R.CLIENT_ERROR, True, False, None)),
        (
            [TOKEN, says(200, {"errcode": 42001}), TOKEN, says(200, {"errcode": 42001})],
            (R.AUTH_ERROR, False, False, None),
        ),
        ([TOKEN, says(429, {}, Retry_After="9")], (R.RATE_LIMITED, False, False, 9 * SECOND)),
        ([TOKEN, Answer(200, "no JSON")], (R.SERVER_ERROR, False, False, None)),
        ([TOKEN, Answer(500, "s3cr3t-token")], (R.SERVER_ERROR, False, False, None)),
        ([TOKEN, Answer(close=True)], (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: WechatPeer, answers: list[Answer], expected: Outcome) -> None:
    """Codes in answers of status 200 decide; neither the secret nor a token gets into an error."""
    peer.script(*answers)
    failed = await failure(_receiver(peer))
    assert outcome(failed) == expected
    assert "s3cr3t" not in failed.text
    assert SECRET not in failed.text


async def test_template_that_fails(peer: WechatPeer) -> None:
    """It is final, and nothing is sent."""
    assert outcome(await failure(_receiver(peer, message="{{ .Nope }}"))) == (R.TEMPLATE, True, False, None)
    assert peer.calls == []
