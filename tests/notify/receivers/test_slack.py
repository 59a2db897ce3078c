"""The Slack receiver: what the channel shows in the end, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.clock import SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.slack import SlackReceiver
from alertd.notify.receivers.slack_payload import SlackAction, SlackConfirm, SlackField, SlackSettings, escape
from alertd.notify.templates import Renderer, load_renderer
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.serving import Answer
from tests.peers.slack import TOKEN, SlackPeer, slack_peer

R = FailureReason
JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return load_renderer()


@pytest.fixture
async def peer() -> AsyncIterator[SlackPeer]:
    async with slack_peer() as peer:
        yield peer


async def _send(settings: SlackSettings, message: Message, renderer: Renderer) -> Delivered:
    clients = HttpClients()
    try:
        return await SlackReceiver(settings, clients.client(), renderer, VirtualClock(NOW).now).send(message)
    finally:
        await clients.aclose()


def _bot(peer: SlackPeer) -> SlackSettings:
    return SlackSettings(url=peer.post_url, token=TOKEN, channel="#alerts")


def _webhook(peer: SlackPeer) -> SlackSettings:
    return SlackSettings(url=peer.webhook_url)


async def test_webhook_message(peer: SlackPeer, renderer: Renderer, tmp_path: Path) -> None:
    """The default message: one attachment with colour, title, link and what the alerts say."""
    url_file = tmp_path / "url"
    url_file.write_text(peer.webhook_url)
    delivered = await _send(SlackSettings(url_file=str(url_file)), make_message(), renderer)
    assert (delivered.answer, delivered.thread) == ("ok", {})
    [shown] = peer.messages
    assert shown.payload == {
        "username": "alertd",
        "attachments": [
            {
                "title": "[FIRING:1] DiskFull (db1)",
                "title_link": "http://alertd:9093/#/alerts?receiver=team-db",
                "text": "• Disk is full\n",
                "fallback": "[FIRING:1] DiskFull (db1) | http://alertd:9093/#/alerts?receiver=team-db",
                "color": "danger",
                "mrkdwn_in": ["fallback", "pretext", "text"],
            }
        ],
    }


async def test_settings_are_rendered(peer: SlackPeer, renderer: Renderer) -> None:
    """Every key of Alertmanager's slack_configs arrives under Slack's name."""
    confirm = SlackConfirm("sure? {{ .Status }}", "t", "y", "n")
    settings = SlackSettings(
        url=peer.webhook_url,
        channel="#{{ .Status }}",
        message_text="<!here> {{ .Status }}",
        pretext="pre",
        color="#123456",
        footer="foot",
        callback_id="cb",
        icon_emoji=":bell:",
        icon_url="http://i",
        image_url="http://img",
        thumb_url="http://thumb",
        link_names=True,
        short_fields=True,
        fields=(SlackField("F", "{{ .Status }}"), SlackField("G", "v", short=False)),
        actions=(SlackAction("button", "Runbook", url="http://r/{{ .Status }}", style="danger", confirm=confirm),),
    )
    await _send(settings, make_message(), renderer)
    payload = peer.messages[0].payload
    attachment = payload["attachments"][0]
    assert (payload["channel"], payload["text"], payload["link_names"]) == ("#firing", "<!here> firing", True)
    assert (payload["icon_emoji"], payload["icon_url"]) == (":bell:", "http://i")
    names = ("pretext", "color", "footer", "callback_id", "image_url", "thumb_url")
    assert [attachment[name] for name in names] == ["pre", "#123456", "foot", "cb", "http://img", "http://thumb"]
    assert attachment["fields"] == [
        {"title": "F", "value": "firing", "short": True},
        {"title": "G", "value": "v", "short": False},
    ]
    assert attachment["actions"] == [
        {
            "type": "button",
            "text": "Runbook",
            "url": "http://r/firing",
            "style": "danger",
            "confirm": {"text": "sure? firing", "title": "t", "ok_text": "y", "dismiss_text": "n"},
        }
    ]


async def test_one_message_for_an_episode(peer: SlackPeer, renderer: Renderer) -> None:
    """The channel shows one message that is always true; its thread tells what happened, and pages are broadcast."""
    settings = _bot(peer)
    first = await _send(settings, make_message(), renderer)
    thread = dict(first.thread)
    assert thread == {"channel": "C001", "ts": peer.messages[0].ts}
    later = [
        make_message(make_alert(), make_alert({"alertname": "DiskFull", "instance": "db2"}), reason=Reason.NEW_ALERTS),
        make_message(make_alert(acknowledged_by="ann <3"), reason=Reason.ACKNOWLEDGED, acknowledged=True),
        make_message(make_alert(resolved=True), reason=Reason.ALL_RESOLVED),
    ]
    colors = []
    for sequence, message in enumerate(later, 2):
        again = Message(**{**message.__dict__, "thread": thread, "sequence": sequence})
        assert dict((await _send(settings, again, renderer)).thread) == thread
        colors.append([attachment["color"] for attachment in peer.messages[0].payload["attachments"]])
    [shown] = peer.channel
    assert (shown.title, shown.edits, shown.payload["attachments"][0]["color"]) == (
        "[RESOLVED] DiskFull (db1)",
        3,
        "good",
    )
    assert colors == [["danger"], ["warning", "warning"], ["good"]]
    replies = peer.replies(thread["ts"])
    assert [(reply.payload["text"].split("\n")[0], reply.broadcast) for reply in replies] == [
        (":rotating_light: *new alerts added*: 2 firing", True),
        (":eyes: *Acknowledged* by ann &lt;3", False),
        (":white_check_mark: *Resolved*", False),
    ]


async def test_acknowledgement_is_shown_with_its_names(peer: SlackPeer, renderer: Renderer) -> None:
    """While everything is acknowledged, the message says by whom."""
    alerts = (make_alert(acknowledged_by="bob"), make_alert(acknowledged_by="ann"))
    await _send(_bot(peer), make_message(*alerts, acknowledged=True), renderer)
    [block] = peer.messages[0].payload["attachments"][1]["blocks"]
    assert block["elements"] == [{"type": "mrkdwn", "text": ":eyes: Acknowledged by ann, bob"}]


@pytest.mark.parametrize(
    "error", ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"]
)
async def test_message_that_cannot_be_updated_is_posted_anew(peer: SlackPeer, renderer: Renderer, error: str) -> None:
    """When the old message is gone or too old, a new one takes its place and its thread."""
    peer.fail(error)
    message = make_message(thread={"channel": "C001", "ts": "1.0"}, sequence=2, reason=Reason.REPEAT)
    settings = SlackSettings(url=peer.post_url, token=TOKEN, channel="#alerts")
    delivered = await _send(settings, message, renderer)
    assert dict(delivered.thread) == {"channel": "C001", "ts": peer.messages[0].ts}
    assert [method for method, _ in peer.calls] == ["chat.update", "chat.postMessage"]


async def test_update_is_repeated_when_the_reply_failed(peer: SlackPeer, renderer: Renderer) -> None:
    """A retry updates again, which changes nothing, and then tells the thread once."""
    thread = dict((await _send(_bot(peer), make_message(), renderer)).thread)
    message = make_message(make_alert(resolved=True), thread=thread, reason=Reason.ALL_RESOLVED, sequence=2)
    peer.script(Answer(200, json.dumps({"ok": True}), JSON), Answer(503))
    with pytest.raises(DeliveryFailed) as caught:
        await _send(_bot(peer), message, renderer)
    assert (caught.value.reason, caught.value.permanent) == (R.SERVER_ERROR, False)
    await _send(_bot(peer), message, renderer)
    assert (len(peer.channel), len(peer.replies(thread["ts"]))) == (1, 1)


@pytest.mark.parametrize(
    ("settings", "wants", "methods"),
    [
        (SlackSettings(token=TOKEN, channel="#alerts"), True, ["chat.update", "chat.postMessage"]),
        (SlackSettings(token=TOKEN, channel="#alerts", update_message=False), False, ["chat.postMessage"]),
    ],
)
async def test_update_message(
    peer: SlackPeer, renderer: Renderer, settings: SlackSettings, wants: bool, methods: list[str]
) -> None:
    """`update_message: false` writes a new message each time, and hears of no acknowledgement."""
    first = await _send(SlackSettings(url=peer.post_url, token=TOKEN, channel="#alerts"), make_message(), renderer)
    peer.calls.clear()
    settings = SlackSettings(**{**settings.__dict__, "url": peer.post_url})
    clients = HttpClients()
    receiver = SlackReceiver(settings, clients.client(), renderer, VirtualClock(NOW).now)
    await receiver.send(make_message(thread=first.thread, sequence=2))
    await clients.aclose()
    assert receiver.wants_acknowledged is wants
    assert [method for method, _ in peer.calls] == methods


async def test_token_in_the_http_client(peer: SlackPeer, renderer: Renderer) -> None:
    """Alertmanager's older way: the Web API's address as URL, the token as authorization of the client."""
    clients = HttpClients()
    receiver = SlackReceiver(
        SlackSettings(url=peer.post_url, channel="#alerts"), clients.client(), renderer, VirtualClock(NOW).now
    )
    assert receiver.wants_acknowledged
    with pytest.raises(DeliveryFailed, match="invalid_auth"):
        await receiver.send(make_message())
    await clients.aclose()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("channel_not_found", (R.GONE, True, True, None)),
        ("is_archived", (R.GONE, True, True, None)),
        ("not_in_channel", (R.GONE, True, True, None)),
        ("invalid_auth", (R.AUTH_ERROR, True, True, None)),
        ("token_revoked", (R.AUTH_ERROR, True, True, None)),
        ("account_inactive", (R.AUTH_ERROR, True, True, None)),
        ("missing_scope", (R.AUTH_ERROR, True, True, None)),
        ("invalid_attachments", (R.CLIENT_ERROR, True, False, None)),
        ("invalid_blocks", (R.CLIENT_ERROR, True, False, None)),
        ("something_new", (R.CLIENT_ERROR, True, False, None)),
        ("ratelimited", (R.RATE_LIMITED, False, False, 30 * SECOND)),
        ("message_limit_exceeded", (R.RATE_LIMITED, False, False, 30 * SECOND)),
        ("internal_error", (R.SERVER_ERROR, False, False, None)),
        ("fatal_error", (R.SERVER_ERROR, False, False, None)),
    ],
)
async def test_errors_of_the_web_api(
    peer: SlackPeer, renderer: Renderer, error: str, expected: tuple[R, bool, bool, int | None]
) -> None:
    """`ok: false` comes with status 200; its word decides."""
    peer.fail(error)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(_bot(peer), make_message(), renderer)
    failed = caught.value
    assert (failed.reason, failed.permanent, failed.channel_broken, failed.retry_after) == expected
    assert error in failed.text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(429, "", (("Retry-After", "12"),)), (R.RATE_LIMITED, False, False, 12 * SECOND, False)),
        (Answer(500), (R.SERVER_ERROR, False, False, None, False)),
        (Answer(200, "<html>"), (R.SERVER_ERROR, False, False, None, True)),
        (Answer(200, "[]"), (R.SERVER_ERROR, False, False, None, True)),
        (Answer(close=True), (R.CONNECTION, False, False, None, True)),
    ],
)
async def test_answers_of_the_web_api(
    peer: SlackPeer, renderer: Renderer, answer: Answer, expected: tuple[R, bool, bool, int | None, bool]
) -> None:
    """A status other than 200, or an answer that is none, is temporary; whether it was posted may be unknown."""
    peer.script(answer)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(_bot(peer), make_message(), renderer)
    failed = caught.value
    found = (failed.reason, failed.permanent, failed.channel_broken, failed.retry_after, failed.maybe_sent)
    assert found == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, "fine"), (R.CLIENT_ERROR, True, False)),
        (Answer(200, '{"ok": true}', JSON), None),
        (Answer(200, '{"ok": false, "error": "channel_not_found"}', JSON), (R.GONE, True, True)),
        (Answer(400, "invalid_payload"), (R.CLIENT_ERROR, True, False)),
        (Answer(400, "invalid_token"), (R.AUTH_ERROR, True, True)),
        (Answer(403, "action_prohibited"), (R.GONE, True, True)),
        (Answer(404, "no_service"), (R.GONE, True, True)),
        (Answer(404, "not here"), (R.CLIENT_ERROR, True, True)),
        (Answer(410, "channel_is_archived"), (R.GONE, True, True)),
        (Answer(429, "", (("Retry-After", "1"),)), (R.RATE_LIMITED, False, False)),
        (Answer(500, "rollup_error"), (R.SERVER_ERROR, False, False)),
    ],
)
async def test_answers_of_an_incoming_webhook(
    peer: SlackPeer, renderer: Renderer, answer: Answer, expected: tuple[R, bool, bool] | None
) -> None:
    """Only `ok` is a success, as text or as JSON; the words for a dead webhook break the channel."""
    peer.script(answer)
    if expected is None:
        await _send(_webhook(peer), make_message(), renderer)
        return
    with pytest.raises(DeliveryFailed) as caught:
        await _send(_webhook(peer), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, caught.value.channel_broken) == expected
    assert "secret" not in caught.value.text


async def test_texts_are_cut_to_what_slack_takes(peer: SlackPeer, renderer: Renderer) -> None:
    """However long the alerts are, Slack takes the message."""
    alerts = [make_alert({"alertname": "A" * 900, "n": str(n)}, {"summary": "s" * 3000}) for n in range(30)]
    settings = SlackSettings(
        url=peer.webhook_url,
        title="t" * 5000,
        text='{{ template "__text_alert_list" .Alerts }}',
        message_text="m" * 50_000,
        fields=(SlackField("f" * 1000, "v" * 9000),) * 30,
    )
    await _send(settings, make_message(*alerts), renderer)
    attachment = peer.messages[0].payload["attachments"][0]
    assert (len(attachment["title"]), attachment["title"][-1]) == (1024, "…")
    assert (len(attachment["fields"]), len(attachment["fields"][0]["value"])) == (20, 2000)
    long_names = make_message(*(make_alert(acknowledged_by=f"{n}" * 500) for n in range(10)), acknowledged=True)
    await _send(_bot(peer), long_names, renderer)
    assert len(peer.messages) == 2


async def test_labels_cannot_call_people(peer: SlackPeer, renderer: Renderer) -> None:
    """Slack's commands in a label or an annotation are shown, not obeyed; a template's own are."""
    alert = make_alert({"alertname": "<!channel>"}, {"summary": "<@U1> a && b <https://x/?a=1&b=2|runbook>"})
    settings = SlackSettings(url=peer.webhook_url, pretext="<!here>", text="{{ .CommonAnnotations.summary }}")
    await _send(settings, make_message(alert, group_labels=alert.labels), renderer)
    attachment = peer.messages[0].payload["attachments"][0]
    assert attachment["title"] == "[FIRING:1] &lt;!channel&gt; "
    assert attachment["pretext"] == "<!here>"
    assert attachment["text"] == "&lt;@U1&gt; a &amp;&amp; b <https://x/?a=1&amp;b=2|runbook>"


@given(st.text(alphabet="<>&!@|ab:/hps;amplt \n", max_size=60))
def test_escaping_leaves_only_links(value: str) -> None:
    """Whatever the text, no `<` is left that does not begin a link, and escaping twice changes nothing more."""
    escaped = escape(value)
    for part in escaped.split("<")[1:]:
        assert part.startswith(("http://", "https://"))
        assert ">" in part
    assert escape(escaped) == escaped


async def test_template_that_fails_sends_nothing(peer: SlackPeer, renderer: Renderer) -> None:
    """A broken template is final, and the channel stays quiet."""
    with pytest.raises(DeliveryFailed) as caught:
        await _send(SlackSettings(url=peer.webhook_url, title="{{ .Nope }}"), make_message(), renderer)
    assert (caught.value.reason, caught.value.permanent, peer.calls) == (R.TEMPLATE, True, [])


@pytest.mark.parametrize("by_webhook", [False, True])
async def test_what_is_too_long_is_sent_shortened(peer: SlackPeer, renderer: Renderer, by_webhook: bool) -> None:
    """Slack's hidden limits cost the end of the text, not the page; a second refusal is final."""
    settings = _webhook(peer) if by_webhook else _bot(peer)
    settings = replace(settings, text="x" * 5000, fields=(SlackField("a", "b"),), pretext="p")
    too_long = Answer(400, "msg_too_long") if by_webhook else Answer(200, '{"ok":false,"error":"msg_too_long"}', JSON)
    peer.script(too_long)
    await _send(settings, make_message(), renderer)
    attachment = peer.messages[0].payload["attachments"][0]
    assert (len(attachment["text"]), "fields" in attachment, "pretext" in attachment) == (1000, False, False)
    assert attachment["title"] == "[FIRING:1] DiskFull (db1)"
    peer.script(too_long, too_long)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(settings, make_message(), renderer)
    assert (caught.value.permanent, caught.value.channel_broken) == (True, False)


async def test_time_limit_is_for_all_calls_together(peer: SlackPeer, renderer: Renderer) -> None:
    """An update that is answered and a reply that is not take no more than one try may."""
    peer.script(Answer(200, json.dumps({"ok": True}), JSON), Answer(hang=True))
    message = make_message(thread={"channel": "C001", "ts": "1.0"}, sequence=2, reason=Reason.REPEAT)
    with pytest.raises(DeliveryFailed) as caught:
        await _send(replace(_bot(peer), time_limit=200), message, renderer)
    assert (caught.value.reason, caught.value.maybe_sent) == (R.TIMEOUT, True)
