"""From the configuration to receivers that work: what is inherited, defaulted and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.notify.message import Reason
from alertd.notify.plan import Integration
from alertd.notify.receivers.base import Receiver
from alertd.notify.receivers.build import build_receivers
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.pagerduty import pagerduty_peer
from tests.peers.slack import TOKEN, slack_peer
from tests.peers.smtp import PASSWORD, USERNAME, smtp_peer
from tests.peers.webhook import webhook_peer

KEY = "0123456789abcdef0123456789abcdef"


def _config(text: str, directory: Path = Path()) -> Config:
    return parse_config("route: {receiver: r}\n" + text, "alertd.yml", directory, {})


def _now() -> int:
    return NOW


def _build(text: str, clients: HttpClients) -> dict[str, Receiver]:
    return build_receivers(_config(text), clients, now=_now)[0]


async def test_all_four_kinds_deliver() -> None:
    """One receiver with every kind, most of it from `global`, reaches four other sides."""
    clients = HttpClients()
    async with (
        webhook_peer() as webhook,
        slack_peer() as slack,
        pagerduty_peer() as pagerduty,
        smtp_peer(auth=("PLAIN",)) as smtp,
    ):
        text = f"""
global:
  smtp_smarthost: 127.0.0.1:{smtp.port}
  smtp_from: alertd@example.org
  smtp_require_tls: false
  smtp_auth_username: {USERNAME}
  smtp_auth_password: {PASSWORD}
  slack_app_token: {TOKEN}
  slack_app_url: {slack.post_url}
  pagerduty_url: {pagerduty.v2_url}
  http_config:
    authorization: {{credentials: from-global}}
receivers:
  - name: r
    webhook_configs:
      - url: {webhook.url}
        max_alerts: 1
        signing_secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
        http_config:
          basic_auth: {{username: u, password: p}}
    email_configs:
      - to: ops@example.org
        headers: {{X-Team: db}}
        threading: {{enabled: true, thread_by_date: daily}}
    slack_configs:
      - channel: '#alerts'
        http_config: {{follow_redirects: false}}
        title: '{{{{ .Status }}}}'
        fields: [{{title: a, value: b}}]
        actions: [{{type: button, text: t, name: go, confirm: {{text: sure}}}}]
    pagerduty_configs:
      - routing_key: {KEY}
        severity: warning
        class: disk
        images: [{{src: 'http://i'}}]
        links: [{{href: 'http://l'}}]
        details: {{team: db}}
"""
        receivers = _build(text, clients)
        message = make_message(make_alert(), make_alert())
        for receiver in receivers.values():
            await receiver.send(message)
    await clients.aclose()
    assert list(receivers) == ["r/webhook/0", "r/email/0", "r/slack/0", "r/pagerduty/0"]
    [request] = webhook.requests
    assert (request.json["truncatedAlerts"], request.headers["authorization"]) == (1, "Basic dTpw")
    assert request.headers["webhook-signature"].startswith("v1,")
    [taken] = smtp.mails
    assert (taken.mail["X-Team"], taken.mail["Subject"]) == ("db", "[alertd] DiskFull")
    [shown] = slack.messages
    attachment = shown.payload["attachments"][0]
    assert (shown.title, attachment["fields"], attachment["actions"][0]["confirm"]) == (
        "firing",
        [{"title": "a", "value": "b", "short": False}],
        {"text": "sure"},
    )
    [event] = pagerduty.events
    assert (pagerduty.problems, event["payload"]["severity"], event["payload"]["class"]) == ([], "warning", "disk")
    assert (event["images"], event["links"]) == (
        [{"src": "http://i", "alt": "", "href": ""}],
        [{"href": "http://l", "text": ""}],
    )
    assert event["payload"]["custom_details"]["team"] == "db"


def test_integrations_say_what_they_want_to_hear() -> None:
    """Whether the end is told comes from the file, whether acknowledgements are told from the kind."""
    text = """
receivers:
  - name: r
    webhook_configs: [{url: 'http://h', send_resolved: false}, {url: 'http://h'}]
    slack_configs:
      - {app_token: t, channel: c}
      - {app_token: t, channel: c, update_message: false}
      - {api_url: 'https://hooks.slack.com/x', send_resolved: true}
    pagerduty_configs: [{service_key: k}]
  - name: nothing
"""
    integrations = build_receivers(_config(text), HttpClients(), now=_now)[1]
    assert integrations == {
        "r": (
            Integration("r/webhook/0", send_resolved=False),
            Integration("r/webhook/1", send_resolved=True),
            Integration("r/slack/0", send_resolved=False, wants_acknowledged=True),
            Integration("r/slack/1", send_resolved=False),
            Integration("r/slack/2", send_resolved=True),
            Integration("r/pagerduty/0", send_resolved=True, wants_acknowledged=True),
        ),
        "nothing": (),
    }


async def test_events_v1_does_not_take_the_global_address() -> None:
    """A service key with its own URL goes there; the global address is one of Events v2."""
    clients = HttpClients()
    async with pagerduty_peer() as peer:
        text = f"receivers: [{{name: r, pagerduty_configs: [{{service_key: k, url: '{peer.v1_url}'}}]}}]"
        await _build(text, clients)["r/pagerduty/0"].send(make_message())
        assert [event["event_type"] for event in peer.events] == ["trigger"]
    await clients.aclose()


async def test_old_way_to_give_a_bots_token() -> None:
    """The Web API's address as `api_url` and the token as authorization makes a bot, too."""
    clients = HttpClients()
    async with slack_peer() as peer:
        text = f"""
receivers:
  - name: r
    slack_configs:
      - api_url: {peer.post_url}
        channel: '#alerts'
        http_config: {{authorization: {{credentials: {TOKEN}}}}}
"""
        receiver = _build(text, clients)["r/slack/0"]
        first = await receiver.send(make_message())
        await receiver.send(make_message(thread=first.thread, reason=Reason.REPEAT, sequence=2))
        assert (len(peer.channel), peer.channel[0].edits) == (1, 1)
    await clients.aclose()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("webhook_configs: [{url: 'http://h/{{ .Status'}]", "receivers.0.webhook_configs.0.url"),
        (
            "webhook_configs: [{url: 'http://h', payload: {a: ['{{ if }}']}}]",
            "receivers.0.webhook_configs.0.payload.a.0",
        ),
        ("pagerduty_configs: [{routing_key: '{{ .X'}]", "receivers.0.pagerduty_configs.0.routing_key"),
        ("pagerduty_configs: [{routing_key: k, class: '{% if %}'}]", "receivers.0.pagerduty_configs.0.class"),
        (
            "slack_configs: [{api_url: 'http://h', fields: [{title: '{{ nope( }}', value: v}]}]",
            "receivers.0.slack_configs.0.fields.0.title",
        ),
        (
            "email_configs: [{to: a@b.c, from: a@b.c, smarthost: 'h:25', html: '{{ .X'}]",
            "receivers.0.email_configs.0.html",
        ),
    ],
)
def test_texts_that_are_no_templates(written: str, place: str) -> None:
    """A mistake in a template is found when the file is read, at its place; a secret does not show itself."""
    with pytest.raises(InvalidInput) as caught:
        build_receivers(_config(f"receivers:\n  - name: r\n    {written}\n"), HttpClients(), now=_now)
    [problem] = caught.value.problems
    assert (problem.field, problem.line) == (place, 4)
    assert ".X" not in problem.message or "html" in place


def test_passwords_are_no_templates(tmp_path: Path) -> None:
    """What only looks like a template in a password, a header or a file's name is left alone."""
    text = """
receivers:
  - name: r
    email_configs:
      - {to: a@b.c, from: a@b.c, smarthost: 'h:25', auth_password: '{{ x', tls_config: {server_name: '{{'}}
    webhook_configs:
      - {url: 'http://h', http_config: {http_headers: {X-A: {values: ['{{ x']}}}}
"""
    assert len(build_receivers(_config(text, tmp_path), HttpClients(), now=_now)[0]) == 2


def test_labels_of_routes_are_checked() -> None:
    """The label of a route that is no template is refused at its place, however deep the route."""
    text = "route: {receiver: r, routes: [{labels: {a: '{{ x', b: '{{ .GroupLabels.b }}'}}]}\nreceivers: [{name: r}]\n"
    with pytest.raises(InvalidInput, match=r"route\.routes\.0\.labels\.a: ") as refused:
        build_receivers(parse_config(text, "alertd.yml", Path(), {}), HttpClients(), now=_now)
    assert len(refused.value.problems) == 1


async def test_a_button_that_opens_a_page_sends_nothing() -> None:
    """Of a Slack action with both, the page is kept, as Alertmanager does."""
    clients = HttpClients()
    action = "{type: button, text: t, url: 'http://u', name: n, value: v, confirm: {text: sure}}"
    async with slack_peer() as slack:
        keys = f"app_token: {TOKEN}, app_url: '{slack.post_url}', channel: '#alerts', actions: [{action}]"
        [receiver] = _build(f"receivers: [{{name: r, slack_configs: [{{{keys}}}]}}]", clients).values()
        await receiver.send(make_message(make_alert()))
    await clients.aclose()
    [button] = slack.messages[0].payload["attachments"][0]["actions"]
    assert {key: value for key, value in button.items() if value} == {"type": "button", "text": "t", "url": "http://u"}


def test_template_files_count_from_the_configurations_folder(tmp_path: Path) -> None:
    """`templates` are read beside the file, and a broken one refuses the whole configuration."""
    (tmp_path / "bad.tmpl").write_text("{{ define }}")
    with pytest.raises(InvalidInput, match=r"bad\.tmpl:1"):
        build_receivers(_config("templates: ['*.tmpl']\nreceivers: [{name: r}]", tmp_path), HttpClients(), now=_now)


def test_default_of_every_kind_can_be_built() -> None:
    """The shortest form of each kind works, so no default is missing."""
    shortest = {
        "webhook": "{url: 'http://h'}",
        "email": "{to: a@b.c, from: a@b.c, smarthost: 'h:465'}",
        "slack": "{api_url: 'http://h'}",
        "pagerduty": "{routing_key: k}",
    }
    for kind, entry in shortest.items():
        receivers = _build(f"receivers: [{{name: r, {kind}_configs: [{entry}]}}]", HttpClients())
        assert [receiver.kind for receiver in receivers.values()] == [kind]
