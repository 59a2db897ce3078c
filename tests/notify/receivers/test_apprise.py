"""The Apprise receiver: the real library, against an endpoint of its `json://` plug-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.apprise import AppriseConfig
from alertd.notify.receivers.apprise import AppriseReceiver
from alertd.notify.receivers.base import FailureReason as R
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.apprise import PASSWORD, ApprisePeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening
from tests.peers.webhook import webhook_peer

# apprise loads all of its plug-ins at once, and one of them asks for a module of Python that is going away.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
async def peer() -> AsyncIterator[ApprisePeer]:
    async with listening(ApprisePeer()) as peer:
        yield peer


def _receiver(peer: ApprisePeer, **changes: Any) -> Make:
    config = AppriseConfig.model_validate({"url": peer.service} | changes)
    return lambda tools: AppriseReceiver(config, tools)


async def test_default_message(peer: ApprisePeer) -> None:
    """Title and text are the built-in ones; the type tells how bad it is."""
    await told(_receiver(peer), make_message(), make_message(make_alert(resolved=True)))
    first, last = (call.json for call in peer.calls)
    assert peer.problems == []
    assert (first["title"], first["type"], last["type"]) == ("[FIRING:1] DiskFull (db1)", "failure", "success")
    assert first["message"].startswith("Alerts Firing:\nLabels:\n - alertname = DiskFull")


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        (["info", "low"], "info"),
        (["info", "warning"], "warning"),
        (["warning", "critical"], "failure"),
        (["page"], "failure"),
        (["unheard of"], "failure"),
    ],
)
async def test_type_follows_the_worst_severity(peer: ApprisePeer, severities: list[str], expected: str) -> None:
    """A severity that nobody ranks counts as bad."""
    alerts = [make_alert({"alertname": "A", "severity": severity}) for severity in severities]
    await told(_receiver(peer), make_message(*alerts))
    assert peer.calls[0].json["type"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"title": "", "message": "{{ .Status }}"}, ("", "firing")),
        ({"title": "{{ .Status }}", "message": " "}, ("", "firing")),
        ({"title": "t", "message": "<b>{{ .CommonLabels.x }}</b>", "format": "html"}, ("t", "<b>a &lt; b</b>")),
    ],
)
async def test_texts(peer: ApprisePeer, written: dict[str, str], expected: tuple[str, str]) -> None:
    """A title alone is the message; in HTML the values are escaped."""
    await told(_receiver(peer, **written), make_message(make_alert({"x": "a < b"})))
    body = peer.calls[0].json
    assert (body["title"], body["message"]) == expected


async def test_apprise_turns_html_into_what_the_service_takes(peer: ApprisePeer) -> None:
    """A service of plain text gets plain text."""
    receiver = _receiver(peer, url=f"{peer.service}?format=text", message="<b>{{ .Status }}</b>", format="html")
    await told(receiver, make_message())
    assert peer.calls[0].json["message"].strip() == "firing"


async def test_url_from_a_file(peer: ApprisePeer, tmp_path: Path) -> None:
    """The URL is read at each send."""
    file = tmp_path / "url"
    file.write_text("json://127.0.0.1:1/nobody\n")
    receiver = _receiver(peer, url=None, url_file=str(file))
    assert (await failure(receiver)).reason is R.CONNECTION
    file.write_text(f"{peer.service}\n")
    await told(receiver, make_message())
    assert len(peer.calls) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400), (R.CLIENT_ERROR, True, False, None)),
        (Answer(401), (R.AUTH_ERROR, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (Answer(503), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: ApprisePeer, answer: Answer, expected: Outcome) -> None:
    """The status that apprise logs decides; what it cannot say is tried again."""
    peer.script(answer)
    failed = await failure(_receiver(peer))
    assert outcome(failed) == expected
    assert PASSWORD not in str(failed)


@pytest.mark.parametrize("url", ["nope://host", "json://", "just words"])
async def test_url_that_names_no_service(peer: ApprisePeer, url: str) -> None:
    """A service that apprise does not know breaks the channel."""
    assert outcome(await failure(_receiver(peer, url=url))) == (R.CLIENT_ERROR, True, True, None)


async def test_text_that_is_no_template(peer: ApprisePeer) -> None:
    """A template that fails is final, and nothing is sent."""
    failed = await failure(_receiver(peer, message="{{ .Nope }}"))
    assert (failed.reason, failed.permanent, peer.calls) == (R.TEMPLATE, True, [])


async def test_service_that_does_not_answer() -> None:
    """The time limit ends the wait; the service may have taken the message all the same."""
    async with webhook_peer() as peer:
        peer.default = Answer(hang=True)
        config = AppriseConfig.model_validate({"url": peer.url.replace("http:", "json:"), "timeout": "100ms"})
        failed = await failure(lambda tools: AppriseReceiver(config, tools))
    assert (failed.reason, failed.permanent, failed.maybe_sent) == (R.TIMEOUT, False, True)
