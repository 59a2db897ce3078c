"""Receivers: a name, and the integrations that are told what a route sends there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self, get_args

from pydantic import BaseModel, Field

from alertd.config.integrations.apprise import AppriseConfig
from alertd.config.integrations.base import IntegrationConfig
from alertd.config.integrations.discord import DiscordConfig
from alertd.config.integrations.email import EmailConfig
from alertd.config.integrations.incidentio import IncidentioConfig
from alertd.config.integrations.jira import JiraConfig
from alertd.config.integrations.mattermost import MattermostConfig
from alertd.config.integrations.msteams import MsteamsConfig, Msteamsv2Config
from alertd.config.integrations.opsgenie import OpsgenieConfig
from alertd.config.integrations.pagerduty import PagerdutyConfig
from alertd.config.integrations.pushover import PushoverConfig
from alertd.config.integrations.rocketchat import RocketchatConfig
from alertd.config.integrations.slack import SlackConfig
from alertd.config.integrations.sns import SnsConfig
from alertd.config.integrations.telegram import TelegramConfig
from alertd.config.integrations.victorops import VictoropsConfig
from alertd.config.integrations.webex import WebexConfig
from alertd.config.integrations.webhook import WebhookConfig
from alertd.config.integrations.wechat import WechatConfig
from alertd.config.types import Complaint, NewLabels, Section, Text, is_given, own, required, to_text

_SUFFIX = "_configs"


class Receiver(Section):
    """A name and its integrations; one without any swallows what it is sent."""

    name: Text = required("The name that routes use.")
    labels: NewLabels = Field({}, description="Labels of the receiver, for API filters; `name` is always its name.")
    webhook_configs: tuple[WebhookConfig, ...] = Field((), description="Webhooks.")
    email_configs: tuple[EmailConfig, ...] = Field((), description="Mails.")
    slack_configs: tuple[SlackConfig, ...] = Field((), description="Slack channels.")
    pagerduty_configs: tuple[PagerdutyConfig, ...] = Field((), description="PagerDuty services.")
    discord_configs: tuple[DiscordConfig, ...] = Field((), description="Discord channels.")
    incidentio_configs: tuple[IncidentioConfig, ...] = Field((), description="Alert sources of incident.io.")
    opsgenie_configs: tuple[OpsgenieConfig, ...] = Field((), description="Opsgenie.")
    wechat_configs: tuple[WechatConfig, ...] = Field((), description="WeCom (WeChat for companies).")
    pushover_configs: tuple[PushoverConfig, ...] = Field((), description="Telephones, by Pushover.")
    victorops_configs: tuple[VictoropsConfig, ...] = Field((), description="VictorOps (Splunk On-Call).")
    sns_configs: tuple[SnsConfig, ...] = Field((), description="AWS SNS.")
    telegram_configs: tuple[TelegramConfig, ...] = Field((), description="Telegram chats.")
    webex_configs: tuple[WebexConfig, ...] = Field((), description="Webex rooms.")
    msteams_configs: tuple[MsteamsConfig, ...] = Field((), description="Microsoft Teams channels, the older way.")
    msteamsv2_configs: tuple[Msteamsv2Config, ...] = Field((), description="Microsoft Teams channels.")
    jira_configs: tuple[JiraConfig, ...] = Field((), description="Jira projects.")
    rocketchat_configs: tuple[RocketchatConfig, ...] = Field((), description="Rocket.Chat channels.")
    mattermost_configs: tuple[MattermostConfig, ...] = Field((), description="Mattermost channels.")
    apprise_configs: tuple[AppriseConfig, ...] = own((), "Every other service, by Apprise.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        name = written.get("name")
        if not is_given(written, "name"):
            yield "name", "missing name in receiver; write the name that routes use"
        labels = written.get("labels")
        explicit = labels.get("name") if isinstance(labels, dict) else None
        if explicit is not None and to_text(explicit) != to_text(name):
            yield "labels", f'receiver label "name" must match receiver name "{to_text(name)}"; remove the label'

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels with the one that every receiver has."""
        return {**self.labels, "name": self.name}

    def integrations(self) -> Iterator[tuple[str, int, IntegrationConfig]]:
        """Kind, index in its list and settings of each integration, in the order in which the kinds stand here."""
        for kind in KINDS:
            for index, entry in enumerate(getattr(self, kind + _SUFFIX)):
                yield kind, index, entry

    def filled(self, general: BaseModel) -> Self:
        """The same with everything filled in that the integrations take from `general`, the global section."""
        lists = {key: tuple(entry.filled(general) for entry in getattr(self, key)) for key in map(key_of, KINDS)}
        return self.model_copy(update=lists)


def key_of(kind: str) -> str:
    """The key of a receiver that lists the integrations of a kind."""
    return kind + _SUFFIX


def _config_of(kind: str) -> type[IntegrationConfig]:
    annotation: type[IntegrationConfig] = get_args(Receiver.model_fields[key_of(kind)].annotation)[0]
    return annotation


KINDS: Mapping[str, type[IntegrationConfig]] = {
    kind: _config_of(kind)
    for kind in (key.removesuffix(_SUFFIX) for key in Receiver.model_fields if key.endswith(_SUFFIX))
}
"""Every kind of integration with the class of its settings."""
