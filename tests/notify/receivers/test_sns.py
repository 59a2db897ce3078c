"""The SNS receiver against an AWS that checks signatures and parameters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND, VirtualClock
from alertd.config.integrations.sns import SnsConfig
from alertd.http import HttpClients
from alertd.notify.receivers.base import DeliveryFailed, Receiver, Tools
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.sns import SnsReceiver
from tests.notify.messages import NOW, make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, shipped, told
from tests.peers.aws import ACCESS_KEY, ROLE, SECRET_KEY, TOPIC, AwsPeer, attributes, aws_error, signature
from tests.peers.serving import Answer
from tests.peers.vendor import listening

GROUP = dedup_key('{}:{alertname="DiskFull"}')
SIGV4 = {"region": "eu-central-1", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
NO_KEYS = {"region": "eu-central-1"}


@pytest.fixture
async def peer() -> AsyncIterator[AwsPeer]:
    async with listening(AwsPeer()) as peer:
        yield peer


@pytest.fixture(autouse=True)
def aws_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without anything of AWS' own, and the folder where its files would be."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def _receiver(peer: AwsPeer, **changes: Any) -> Make:
    config = SnsConfig.model_validate({"api_url": peer.url, "sigv4": SIGV4, "topic_arn": TOPIC} | changes)
    return lambda tools: SnsReceiver(config, tools)


@asynccontextmanager
async def _living(make: Make) -> AsyncIterator[Receiver]:
    """A receiver that sends several messages while the world around it changes."""
    clients = HttpClients()
    try:
        yield make(Tools(clients, shipped(), VirtualClock(NOW).now, 10 * SECOND))
    finally:
        await clients.aclose()


@pytest.mark.parametrize(
    ("method", "headers", "body", "expected"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "POST",
            {"content-type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_peer_knows_the_published_signatures(method: str, headers: dict[str, str], body: bytes, expected: str) -> None:
    """What checks the receiver's signatures gets those of AWS' own test suite."""
    signed = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z", **headers}
    scope = "20150830/us-east-1/service/aws4_request"
    assert signature(SECRET_KEY, scope, method, "/", signed, body) == expected


async def test_default_message(peer: AwsPeer) -> None:
    """Subject and text are the built-in ones; the id that SNS gave is kept as the answer."""
    [delivered] = await told(_receiver(peer), make_message())
    assert (delivered.answer, peer.problems) == ("m-1", [])
    [form] = peer.published
    text = form.pop("Message")
    assert form == {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": TOPIC,
        "Subject": "[FIRING:1] DiskFull (db1)",
    }
    assert ("Alerts Firing:" in text, " - instance = db1" in text) == (True, True)


async def test_text_that_needs_every_escape(peer: AwsPeer) -> None:
    """What is signed is what is sent, whatever stands in the text."""
    text = "a b+c&d=e%f/ü…\r\n😀~*'()"
    await told(_receiver(peer, message=text, attributes={"k&=": text}), make_message())
    [form] = peer.published
    assert (form["Message"], attributes(form)) == (text, {"k&=": f"String:{text}"})


@pytest.mark.parametrize(
    ("target", "parameter"),
    [
        ({"topic_arn": "arn:{{ .CommonLabels.instance }}"}, ("TopicArn", "arn:db1")),
        ({"target_arn": "arn:aws:sns:r:1:endpoint/x"}, ("TargetArn", "arn:aws:sns:r:1:endpoint/x")),
        ({"phone_number": "+4930123456"}, ("PhoneNumber", "+4930123456")),
    ],
)
async def test_targets(peer: AwsPeer, target: dict[str, str], parameter: tuple[str, str]) -> None:
    """A topic, a device or a telephone, each a template."""
    await told(_receiver(peer, **({"topic_arn": ""} | target)), make_message())
    assert parameter in peer.published[0].items()


async def test_attributes_and_subject(peer: AwsPeer) -> None:
    """Attributes are templates, empty ones are left out; a subject is one line of less than a hundred characters."""
    written = {"{{ .Status }}": "{{ .CommonLabels.instance }}", "empty": "{{ .CommonLabels.nope }}"}
    await told(_receiver(peer, attributes=written, subject="a\r\nb " + "ü" * 200), make_message())
    await told(_receiver(peer, subject=""), make_message())
    first, second = peer.published
    assert attributes(first) == {"firing": "String:db1"}
    assert (first["Subject"][:5], len(first["Subject"])) == ("a b ü", 99)
    assert "Subject" not in second


@pytest.mark.parametrize(
    ("target", "limit"), [({"topic_arn": TOPIC}, 262_144), ({"topic_arn": "", "phone_number": "+49301"}, 1600)]
)
async def test_long_messages_are_cut(peer: AwsPeer, target: dict[str, str], limit: int) -> None:
    """By bytes and at whole characters, with an attribute that tells; a message that fits has none."""
    await told(_receiver(peer, message="x" + "ü" * limit, **target), make_message())
    await told(_receiver(peer, message="x" * limit, **target), make_message())
    cut, whole = peer.published
    assert (limit - 1 <= len(cut["Message"].encode()) <= limit, cut["Message"][-1]) == (True, "…")
    assert (attributes(cut), attributes(whole)) == ({"truncated": "String:true"}, {})


async def test_fifo_topics(peer: AwsPeer) -> None:
    """One message group for the group; the id of the message keeps a retry, and only that, from being published."""
    page, end = make_message(id="m1"), make_message(make_alert(resolved=True), id="m2")
    await told(_receiver(peer, topic_arn=f"{TOPIC}.fifo"), page, page, end)
    ids = [(form["MessageGroupId"], form["MessageDeduplicationId"]) for form in peer.published]
    assert ids == [(GROUP, "m1"), (GROUP, "m1"), (GROUP, "m2")]


async def test_keys_of_the_environment(peer: AwsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, secret and region are looked for in the environment where the file names none."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-gov-west-1")
    await told(_receiver(peer, sigv4={}), make_message())
    assert "/us-gov-west-1/sns/aws4_request" in peer.calls[0].headers["authorization"]


async def test_shared_files_are_read_at_each_send(peer: AwsPeer, aws_folder: Path) -> None:
    """A profile of the shared files gives keys and region; keys that somebody changed are taken without a reload."""
    (aws_folder / "config").write_text("[profile alerts]\nregion = eu-west-3\n")
    file = aws_folder / "credentials"
    file.write_text(f"[alerts]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    async with _living(_receiver(peer, sigv4={"profile": "alerts"})) as receiver:
        await receiver.send(make_message())
        file.write_text(file.read_text().replace(ACCESS_KEY, "REVOKED"))
        with pytest.raises(DeliveryFailed) as caught:
            await receiver.send(make_message())
        assert outcome(caught.value) == (R.AUTH_ERROR, True, True, None)
        file.write_text(file.read_text().replace("REVOKED", ACCESS_KEY))
        await receiver.send(make_message())
    assert len(peer.published) == 2
    assert "/eu-west-3/sns/" in peer.calls[0].headers["authorization"]


async def test_role(peer: AwsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """STS gives the role's keys once for several messages, and anew when AWS does not take them any more."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", peer.url)
    peer.external_id = "x-1"
    async with _living(_receiver(peer, sigv4={**SIGV4, "role_arn": ROLE, "external_id": "x-1"})) as receiver:
        await receiver.send(make_message())
        await receiver.send(make_message())
        assert peer.granted == {"AssumeRole": 1}
        peer.script(aws_error(403, "ExpiredToken"))
        with pytest.raises(DeliveryFailed) as caught:
            await receiver.send(make_message())
        assert outcome(caught.value) == (R.AUTH_ERROR, False, False, None)
        await receiver.send(make_message())
    assert (peer.granted, len(peer.published), peer.problems) == ({"AssumeRole": 2}, 3, [])
    assert peer.calls[-1].headers["x-amz-security-token"] == "token-ASIA2"


async def test_role_that_is_refused(peer: AwsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that AWS does not give breaks the channel; nothing is published."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", peer.url)
    failed = await failure(_receiver(peer, sigv4={**SIGV4, "role_arn": f"{ROLE}-other"}))
    assert (outcome(failed), peer.published) == ((R.AUTH_ERROR, True, True, None), [])
    assert "AccessDenied" in str(failed)


async def test_web_identity(peer: AwsPeer, monkeypatch: pytest.MonkeyPatch, aws_folder: Path) -> None:
    """A token in a file, as Kubernetes gives it, brings the role's keys."""
    (aws_folder / "token").write_text("a.jwt.token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", peer.url)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(aws_folder / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    await told(_receiver(peer, sigv4=NO_KEYS), make_message(), make_message())
    assert (peer.granted, len(peer.published)) == ({"AssumeRoleWithWebIdentity": 1}, 2)


async def test_container(peer: AwsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's own address for credentials is asked once."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{peer.url}/credentials")
    await told(_receiver(peer, sigv4=NO_KEYS), make_message(), make_message())
    assert (peer.granted, len(peer.published)) == ({"container": 1}, 2)


@pytest.mark.parametrize(
    ("sigv4", "expected", "words"),
    [
        (NO_KEYS, (R.AUTH_ERROR, False, False, None), "no credentials from aws: Unable to locate credentials"),
        ({"profile": "nope"}, (R.AUTH_ERROR, False, False, None), "nope"),
        ({**SIGV4, "region": ""}, (R.CLIENT_ERROR, True, True, None), "give sigv4.region"),
    ],
)
async def test_no_access(peer: AwsPeer, sigv4: dict[str, str], expected: Outcome, words: str) -> None:
    """Without credentials, which may come later, or without a region nothing is sent."""
    failed = await failure(_receiver(peer, sigv4=sigv4))
    assert (outcome(failed), peer.calls) == (expected, [])
    assert words in str(failed)


async def test_address_of_the_region(monkeypatch: pytest.MonkeyPatch, peer: AwsPeer) -> None:
    """Without `api_url` the region's own address is used, or the one that the environment names for SNS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", peer.url)
    await told(_receiver(peer, api_url=""), make_message())
    assert len(peer.published) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (aws_error(400, "InvalidParameter"), (R.CLIENT_ERROR, True, False, None)),
        (aws_error(404, "NotFound"), (R.GONE, True, True, None)),
        (aws_error(400, "EndpointDisabled"), (R.GONE, True, True, None)),
        (aws_error(403, "AuthorizationError"), (R.AUTH_ERROR, True, True, None)),
        (aws_error(403, "InvalidClientTokenId"), (R.AUTH_ERROR, True, True, None)),
        (aws_error(403, "RequestExpired"), (R.AUTH_ERROR, False, False, None)),
        (aws_error(400, "Throttling"), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (aws_error(429, "Throttled"), (R.RATE_LIMITED, False, False, 5 * SECOND)),
        (Answer(429, "", (("Retry-After", "8"),)), (R.RATE_LIMITED, False, False, 8 * SECOND)),
        (aws_error(500, "InternalError"), (R.SERVER_ERROR, False, False, None)),
        (Answer(503), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: AwsPeer, answer: Answer, expected: Outcome) -> None:
    """AWS' code says more than the status: throttling can be a 400, an ended token a 403."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_errors_do_not_show_secrets(peer: AwsPeer) -> None:
    """AWS repeats the request in some errors; only its code is shown."""
    peer.script(aws_error(403, "SignatureDoesNotMatch", f"canonical request with {ACCESS_KEY} and {SECRET_KEY}"))
    text = str(await failure(_receiver(peer)))
    assert (ACCESS_KEY in text, SECRET_KEY in text, "SignatureDoesNotMatch" in text) == (False, False, True)


@pytest.mark.parametrize("key", ["subject", "message", "topic_arn", "api_url"])
async def test_text_that_is_no_template(peer: AwsPeer, key: str) -> None:
    """A template that fails is final, and nothing is sent."""
    failed = await failure(_receiver(peer, **{key: "{{ .Nope }}"}))
    assert (failed.reason, failed.permanent, peer.calls) == (R.TEMPLATE, True, [])
