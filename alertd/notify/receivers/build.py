"""Makes the receivers that a configuration names, ready to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import SecretStr

from alertd.config.clients import tls_settings
from alertd.config.http import TlsConfig
from alertd.config.integrations.base import IntegrationConfig
from alertd.config.integrations.email import EmailConfig
from alertd.config.integrations.pagerduty import PagerdutyConfig
from alertd.config.integrations.slack import SlackAction as SlackActionConfig
from alertd.config.integrations.slack import SlackConfig
from alertd.config.integrations.webhook import WebhookConfig
from alertd.config.loading import Config
from alertd.config.receivers import key_of
from alertd.config.routing import RouteConfig
from alertd.config.types import Section
from alertd.errors import InvalidInput, Problem
from alertd.http import HttpClients
from alertd.notify.plan import Integration
from alertd.notify.receivers.apprise import AppriseReceiver
from alertd.notify.receivers.base import Receiver, Tools
from alertd.notify.receivers.discord import DiscordReceiver
from alertd.notify.receivers.email import EmailReceiver
from alertd.notify.receivers.email_message import EmailSettings, Threading
from alertd.notify.receivers.extras import missing_library
from alertd.notify.receivers.incidentio import IncidentioReceiver
from alertd.notify.receivers.jira import JiraReceiver
from alertd.notify.receivers.mattermost import MattermostReceiver
from alertd.notify.receivers.msteams import MsteamsReceiver
from alertd.notify.receivers.msteamsv2 import Msteamsv2Receiver
from alertd.notify.receivers.opsgenie import OpsgenieReceiver
from alertd.notify.receivers.pagerduty import (
    EVENTS_V2_URL,
    PagerDutyImage,
    PagerDutyLink,
    PagerDutyReceiver,
    PagerDutySettings,
)
from alertd.notify.receivers.pushover import PushoverReceiver
from alertd.notify.receivers.rocketchat import RocketchatReceiver
from alertd.notify.receivers.slack import POST_MESSAGE_URL, SlackReceiver
from alertd.notify.receivers.slack_payload import SlackAction, SlackConfirm, SlackField, SlackSettings
from alertd.notify.receivers.sns import SnsReceiver
from alertd.notify.receivers.telegram import TelegramReceiver
from alertd.notify.receivers.victorops import VictoropsReceiver
from alertd.notify.receivers.webex import WebexReceiver
from alertd.notify.receivers.webhook import WebhookReceiver, WebhookSettings
from alertd.notify.receivers.wechat import WechatReceiver
from alertd.notify.templates import Renderer, TemplateFailed, load_renderer
from alertd.yamlfile import Document, Path

_SMTPS_PORT = 465

Settings = TypeVar("Settings", SlackSettings, PagerDutySettings, EmailSettings)


def build_receivers(
    config: Config, clients: HttpClients, *, now: Callable[[], int]
) -> tuple[dict[str, Receiver], dict[str, tuple[Integration, ...]]]:
    """The receivers by integration (`receiver/kind/index`), and the integrations of each receiver by its name.

    Raises `InvalidInput` with every template, in a file or in the configuration, that is none.
    """
    renderer = load_renderer(config.settings.templates)
    problems = [*_check(config, renderer)]
    if problems:
        raise InvalidInput(problems)
    tools = Tools(clients, renderer, now, config.settings.delivery.timeout)
    receivers: dict[str, Receiver] = {}
    integrations: dict[str, tuple[Integration, ...]] = {}
    for configured in config.receivers.values():
        own: list[Integration] = []
        for kind, index, entry in configured.integrations():
            identity = f"{configured.name}/{kind}/{index}"
            receiver = _MAKERS[kind](entry, tools)
            receivers[identity] = receiver
            own.append(Integration(identity, entry.send_resolved, receiver.wants_acknowledged))
        integrations[configured.name] = tuple(own)
    return receivers, integrations


def _webhook(entry: WebhookConfig, tools: Tools) -> Receiver:
    settings = WebhookSettings(
        url=_plain(entry.url),
        url_file=entry.url_file,
        max_alerts=entry.max_alerts,
        secret=_plain(entry.signing_secret),
        secret_file=entry.signing_secret_file,
        payload=entry.payload,
        time_limit=entry.timeout or tools.time_limit,
    )
    return WebhookReceiver(settings, tools.client(entry.http_config), tools.renderer, tools.now)


def _slack(entry: SlackConfig, tools: Tools) -> Receiver:
    has_token = bool(entry.app_token or entry.app_token_file)
    app_url = entry.app_url or POST_MESSAGE_URL
    settings = SlackSettings(
        url=app_url if has_token else _plain(entry.api_url),
        url_file="" if has_token else entry.api_url_file,
        token=_plain(entry.app_token),
        token_file=entry.app_token_file,
        update_message=entry.update_message is not False,
        fields=tuple(SlackField(field.title, field.value, field.short) for field in entry.fields),
        actions=tuple(_slack_action(action) for action in entry.actions),
        time_limit=entry.timeout or tools.time_limit,
        **_same(SlackSettings, entry, "update_message", "fields", "actions"),
    )
    return SlackReceiver(settings, tools.client(entry.http_config), tools.renderer, tools.now)


def _pagerduty(entry: PagerdutyConfig, tools: Tools) -> Receiver:
    speaks_v1 = bool(entry.service_key or entry.service_key_file)
    # The global address is that of Events v2; it says nothing about v1.
    inherited = speaks_v1 and entry.url == EVENTS_V2_URL
    settings = PagerDutySettings(
        routing_key=_plain(entry.routing_key),
        service_key=_plain(entry.service_key),
        url="" if inherited else entry.url or "",
        images=tuple(PagerDutyImage(image.src, image.alt, image.href) for image in entry.images),
        links=tuple(PagerDutyLink(link.href, link.text) for link in entry.links),
        time_limit=entry.timeout or tools.time_limit,
        **_same(PagerDutySettings, entry, "routing_key", "service_key", "url", "images", "links"),
    )
    return PagerDutyReceiver(settings, tools.client(entry.http_config), tools.renderer, tools.now)


def _email(entry: EmailConfig, tools: Tools) -> Receiver:
    implicit = entry.force_implicit_tls
    port = entry.smarthost.port if entry.smarthost else 0
    settings = EmailSettings(
        sender=entry.from_,
        host=entry.smarthost.host if entry.smarthost else "",
        port=port,
        auth_password=_plain(entry.auth_password),
        auth_secret=_plain(entry.auth_secret),
        headers=tuple(entry.headers.items()),
        implicit_tls=port == _SMTPS_PORT if implicit is None else implicit,
        tls=tls_settings(entry.tls_config or TlsConfig()),
        threading=_threading(entry),
        time_limit=tools.time_limit,
        **_same(EmailSettings, entry, "auth_password", "auth_secret", "headers", "threading"),
    )
    return EmailReceiver(settings, tools.renderer)


_MAKERS: Mapping[str, Callable[[Any, Tools], Receiver]] = {
    "webhook": _webhook,
    "email": _email,
    "slack": _slack,
    "pagerduty": _pagerduty,
    "discord": DiscordReceiver,
    "msteams": MsteamsReceiver,
    "msteamsv2": Msteamsv2Receiver,
    "opsgenie": OpsgenieReceiver,
    "pushover": PushoverReceiver,
    "telegram": TelegramReceiver,
    "webex": WebexReceiver,
    "wechat": WechatReceiver,
    "apprise": AppriseReceiver,
    "incidentio": IncidentioReceiver,
    "jira": JiraReceiver,
    "mattermost": MattermostReceiver,
    "rocketchat": RocketchatReceiver,
    "sns": SnsReceiver,
    "victorops": VictoropsReceiver,
}


def _slack_action(action: SlackActionConfig) -> SlackAction:
    question = None
    if action.confirm is not None:
        asked = action.confirm
        question = SlackConfirm(asked.text, asked.title, asked.ok_text, asked.dismiss_text)
    return SlackAction(
        type=action.type,
        text=action.text,
        url=action.url,
        style=action.style,
        # A button that opens a page sends nothing to the application.
        name="" if action.url else action.name,
        value="" if action.url else action.value,
        confirm=None if action.url else question,
    )


def _threading(entry: EmailConfig) -> Threading:
    if not entry.threading.enabled:
        return Threading.OFF
    return Threading.DAILY if entry.threading.thread_by_date == "daily" else Threading.GROUP


def _same(kind: type[Settings], entry: Section, *others: str) -> dict[str, Any]:
    """The values that the settings and the configuration call by the same name; what is not given keeps its default."""
    names = (
        field.name for field in fields(kind) if field.name not in others and field.name in type(entry).model_fields
    )
    return {name: value for name in names if (value := getattr(entry, name)) is not None}


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _check(config: Config, renderer: Renderer) -> Iterator[Problem]:
    """What keeps receivers from being built, at its place in the file: no library, or a text that is no template."""
    waiting: list[tuple[Path, RouteConfig]] = [(("route",), config.settings.route)]
    while waiting:
        path, route = waiting.pop()
        yield from _check_value(config.document, (*path, "labels"), route.labels, renderer)
        waiting += [((*path, "routes", index), child) for index, child in enumerate(route.routes)]
    for number, configured in enumerate(config.settings.receivers):
        for kind, index, entry in configured.integrations():
            place = ("receivers", number, key_of(kind), index)
            if missing := missing_library(kind):
                yield config.document.problem(place, missing)
            yield from _check_section(config.document, place, entry, renderer)


def _check_section(document: Document, path: Path, section: Section, renderer: Renderer) -> Iterator[Problem]:
    templated = section.templated_secrets if isinstance(section, IntegrationConfig) else ()
    plain = ("http_config", *section.plain) if isinstance(section, IntegrationConfig) else ()
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        secret = isinstance(value, SecretStr) and name not in templated
        if not secret and name not in plain and not name.endswith("_file"):
            yield from _check_value(document, (*path, field.alias or name), value, renderer)


def _check_value(document: Document, path: Path, value: object, renderer: Renderer) -> Iterator[Problem]:
    if isinstance(value, Section):
        yield from _check_section(document, path, value, renderer)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _check_value(document, (*path, str(key)), item, renderer)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _check_value(document, (*path, index), item, renderer)
    elif isinstance(value, (str, SecretStr)):
        try:
            renderer.check(value.get_secret_value() if isinstance(value, SecretStr) else value)
        except TemplateFailed as error:
            text = "this secret is not a template that can be run" if isinstance(value, SecretStr) else str(error)
            yield document.problem(path, text)
