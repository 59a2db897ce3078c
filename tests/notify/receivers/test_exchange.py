"""What the senders share: secrets as they are now, the time of a try, what an answer says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from alertd.http import HttpClients, Response
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.exchange import json_object, post_form, refusal, seconds, secret_now, sharing_time
from tests.notify.messages import NOW
from tests.peers.serving import Answer
from tests.peers.webhook import webhook_peer

R = FailureReason


def test_secret_now(tmp_path: Path) -> None:
    """A file is read each time; one that is empty is a failure that names it."""
    file = tmp_path / "secret"
    assert secret_now(SecretStr("written"), "") == "written"
    assert secret_now(None, "") == ""
    for content in ("one\n", " two "):
        file.write_text(content)
        assert secret_now(None, str(file)) == content.strip()
    file.write_text("\n")
    with pytest.raises(DeliveryFailed, match=str(file)) as caught:
        secret_now(None, str(file))
    assert (caught.value.reason, caught.value.permanent) == (R.AUTH_ERROR, False)


async def test_several_calls_share_the_time_of_one_try() -> None:
    """When it is over the message may have arrived."""
    with pytest.raises(DeliveryFailed, match="no answer from telegram within 1 ms") as caught:
        async with sharing_time(1, "telegram"):
            await asyncio.Event().wait()
    assert (caught.value.reason, caught.value.maybe_sent) == (R.TIMEOUT, True)


async def test_post_form() -> None:
    """A form arrives as one; no answer is a failure."""
    clients = HttpClients()
    async with webhook_peer() as peer:
        response = await post_form(clients.client(), peer.url, {"a": "1 & 2", "b": ""}, time_limit=5000)
        peer.script(Answer(close=True))
        with pytest.raises(DeliveryFailed) as caught:
            await post_form(clients.client(), peer.url, {}, time_limit=5000)
    await clients.aclose()
    assert (response.status, peer.requests[0].body) == (200, b"a=1+%26+2&b=")
    assert peer.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert (caught.value.reason, caught.value.maybe_sent) == (R.CONNECTION, True)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {}, (R.RATE_LIMITED, False, 7)),
        (429, {"retry-after": "0"}, (R.RATE_LIMITED, False, 0)),
        (404, {}, (R.GONE, True, None)),
        (401, {}, (R.AUTH_ERROR, True, None)),
        (400, {}, (R.CLIENT_ERROR, False, None)),
        (500, {}, (R.SERVER_ERROR, False, None)),
    ],
)
def test_refusal(status: int, headers: dict[str, str], expected: tuple[R, bool, int | None]) -> None:
    """The vendor's word on how long to wait goes before ours; a channel that is not there is gone."""
    failure = refusal(Response(status, headers, b""), NOW, wait=7, broken={404})
    assert (failure.reason, failure.channel_broken, failure.retry_after) == expected


@pytest.mark.parametrize(
    ("body", "expected"), [(b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b"no", {}), (b"", {}), (b"\xff", {})]
)
def test_json_object(body: bytes, expected: dict[str, int]) -> None:
    """Anything but an object is as good as none."""
    assert json_object(Response(200, {}, body)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1000), (0.25, 250), (-1, 0), (0, 0), ("1", None), (None, None), (True, None), (float("inf"), None)],
)
def test_seconds(value: object, expected: int | None) -> None:
    """Numbers of seconds as milliseconds, and nothing else."""
    assert seconds(value) == expected
