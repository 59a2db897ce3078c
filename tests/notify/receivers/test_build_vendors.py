"""From a configuration to receivers that reach their vendors: SNS, VictorOps, Mattermost, Rocket.Chat, Jira, …"""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import parse_config
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.notify.receivers.build import build_receivers
from tests.notify.messages import NOW, make_message
from tests.peers import apprise, aws, incidentio, jira, mattermost, rocketchat, victorops
from tests.peers.vendor import listening

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


async def test_every_kind_delivers() -> None:
    """One receiver with all of them, addresses and secrets from `global` where there are such keys."""
    clients = HttpClients()
    async with (
        listening(aws.AwsPeer()) as sns,
        listening(victorops.VictoropsPeer()) as on_call,
        listening(mattermost.MattermostPeer()) as chat,
        listening(rocketchat.RocketchatPeer()) as rocket,
        listening(jira.JiraPeer()) as issues,
        listening(incidentio.IncidentioPeer()) as incident,
        listening(apprise.ApprisePeer()) as other,
    ):
        text = f"""
global:
  victorops_api_url: {on_call.api_url}
  victorops_api_key: {victorops.KEY}
  mattermost_webhook_url: {chat.webhook}
  rocketchat_api_url: {rocket.url}/
  rocketchat_token: {rocketchat.TOKEN}
  rocketchat_token_id: {rocketchat.USER}
  jira_api_url: {issues.v2}/
route: {{receiver: r}}
receivers:
  - name: r
    sns_configs:
      - topic_arn: {aws.TOPIC}
        api_url: {sns.url}
        sigv4: {{region: eu-central-1, access_key: {aws.ACCESS_KEY}, secret_key: {aws.SECRET_KEY}}}
    victorops_configs: [{{routing_key: database}}]
    mattermost_configs: [{{channel: town-square}}]
    rocketchat_configs: [{{channel: '#alerts'}}]
    jira_configs:
      - project: OPS
        issue_type: Incident
        http_config: {{basic_auth: {{username: ops, password: api-token}}}}
    incidentio_configs: [{{url: '{incident.source}', alert_source_token: {incidentio.TOKEN}}}]
    apprise_configs: [{{url: '{other.service}'}}]
"""
        receivers, integrations = build_receivers(
            parse_config(text, "alertd.yml", Path(), {}), clients, now=lambda: NOW
        )
        for receiver in receivers.values():
            await receiver.send(make_message())
        peers = (sns, on_call, chat, rocket, issues, incident, other)
        assert [peer.problems for peer in peers] == [[]] * 7
        assert [len(peer.calls) for peer in peers] == [1, 1, 1, 1, 2, 1, 1]
    await clients.aclose()
    told_of_the_end = {integration.id for integration in integrations["r"] if integration.send_resolved}
    told_of_answers = {integration.id for integration in integrations["r"] if integration.wants_acknowledged}
    assert (set(receivers) - told_of_the_end, told_of_answers) == ({"r/rocketchat/0"}, {"r/victorops/0"})


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("jira_configs: [{api_url: 'http://h', project: '{{ .X', issue_type: T}]", "jira_configs.0.project"),
        (
            "mattermost_configs: [{webhook_url: 'http://h', attachments: [{title: '{{ nope( }}'}]}]",
            "mattermost_configs.0.attachments.0.title",
        ),
        ("sns_configs: [{topic_arn: a, attributes: {k: '{% if %}'}}]", "sns_configs.0.attributes.k"),
    ],
)
def test_texts_that_are_no_templates(written: str, place: str) -> None:
    """A mistake in a template is found when the file is read, at its place."""
    config = parse_config(f"route: {{receiver: r}}\nreceivers:\n  - name: r\n    {written}\n", "alertd.yml", Path(), {})
    with pytest.raises(InvalidInput) as caught:
        build_receivers(config, HttpClients(), now=lambda: NOW)
    assert [problem.field for problem in caught.value.problems] == [f"receivers.0.{place}"]
