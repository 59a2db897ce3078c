"""Makes the receivers that a configuration names, ready to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import SecretStr

from alertd.config.clients import client_settings, tls_settings
from alertd.config.http import HttpConfig, TlsConfig
from alertd.config.loading import Config
from alertd.config.receivers import EmailConfig, PagerdutyConfig, SlackConfig, WebhookConfig
from alertd.config.receivers import Receiver as ReceiverConfig
from alertd.config.receivers import SlackAction as SlackActionConfig
from alertd.config.types import Section
from alertd.errors import InvalidInput, Problem
from alertd.http import HttpClient, HttpClients
from alertd.notify.plan import Integration
from alertd.notify.receivers.base import Receiver
from alertd.notify.receivers.email import EmailReceiver
from alertd.notify.receivers.email_message import EmailSettings, Threading
from alertd.notify.receivers.pagerduty import (
    EVENTS_V2_URL,
    PagerDutyImage,
    PagerDutyLink,
    PagerDutyReceiver,
    PagerDutySettings,
)
from alertd.notify.receivers.slack import POST_MESSAGE_URL, SlackReceiver
from alertd.notify.receivers.slack_payload import SlackAction, SlackConfirm, SlackField, SlackSettings
from alertd.notify.receivers.webhook import WebhookReceiver, WebhookSettings
from alertd.notify.templates import Renderer, TemplateFailed, load_renderer
from alertd.yamlfile import Document, Path

_KINDS = ("webhook", "email", "slack", "pagerduty")
_SMTPS_PORT = 465
_TEMPLATED_SECRETS = ("url", "routing_key", "service_key")
_NEVER_TEMPLATES = ("http_config", "tls_config", "smarthost")

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
    builder = _Builder(clients, renderer, now, config.settings.delivery.timeout)
    receivers: dict[str, Receiver] = {}
    integrations: dict[str, tuple[Integration, ...]] = {}
    for configured in config.receivers.values():
        own: list[Integration] = []
        for identity, entry in _entries(configured):
            receiver = builder.build(entry)
            receivers[identity] = receiver
            own.append(Integration(identity, entry.send_resolved, receiver.wants_acknowledged))
        integrations[configured.name] = tuple(own)
    return receivers, integrations


Entry = WebhookConfig | EmailConfig | SlackConfig | PagerdutyConfig


def _entries(configured: ReceiverConfig) -> Iterator[tuple[str, Entry]]:
    for kind in _KINDS:
        for index, entry in enumerate(getattr(configured, f"{kind}_configs")):
            yield f"{configured.name}/{kind}/{index}", entry


class _Builder:
    def __init__(self, clients: HttpClients, renderer: Renderer, now: Callable[[], int], time_limit: int) -> None:
        self._clients = clients
        self._renderer = renderer
        self._now = now
        self._time_limit = time_limit

    def build(self, entry: Entry) -> Receiver:
        match entry:
            case WebhookConfig():
                return WebhookReceiver(self._webhook(entry), self._client(entry.http_config), self._renderer, self._now)
            case SlackConfig():
                return SlackReceiver(self._slack(entry), self._client(entry.http_config), self._renderer, self._now)
            case PagerdutyConfig():
                settings = self._pagerduty(entry)
                return PagerDutyReceiver(settings, self._client(entry.http_config), self._renderer, self._now)
            case EmailConfig():
                return EmailReceiver(self._email(entry), self._renderer)

    def _client(self, http: HttpConfig | None) -> HttpClient:
        return self._clients.client(client_settings(http or HttpConfig()))

    def _webhook(self, entry: WebhookConfig) -> WebhookSettings:
        return WebhookSettings(
            url=_plain(entry.url),
            url_file=entry.url_file,
            max_alerts=entry.max_alerts,
            secret=_plain(entry.signing_secret),
            secret_file=entry.signing_secret_file,
            payload=entry.payload,
            time_limit=entry.timeout or self._time_limit,
        )

    def _slack(self, entry: SlackConfig) -> SlackSettings:
        has_token = bool(entry.app_token or entry.app_token_file)
        app_url = entry.app_url or POST_MESSAGE_URL
        return SlackSettings(
            url=app_url if has_token else _plain(entry.api_url),
            url_file="" if has_token else entry.api_url_file,
            token=_plain(entry.app_token),
            token_file=entry.app_token_file,
            update_message=entry.update_message is not False,
            fields=tuple(SlackField(field.title, field.value, field.short) for field in entry.fields),
            actions=tuple(_slack_action(action) for action in entry.actions),
            time_limit=entry.timeout or self._time_limit,
            **_same(SlackSettings, entry, "update_message", "fields", "actions"),
        )

    def _pagerduty(self, entry: PagerdutyConfig) -> PagerDutySettings:
        speaks_v1 = bool(entry.service_key or entry.service_key_file)
        # The global address is that of Events v2; it says nothing about v1.
        inherited = speaks_v1 and entry.url == EVENTS_V2_URL
        return PagerDutySettings(
            routing_key=_plain(entry.routing_key),
            service_key=_plain(entry.service_key),
            url="" if inherited else entry.url or "",
            images=tuple(PagerDutyImage(image.src, image.alt, image.href) for image in entry.images),
            links=tuple(PagerDutyLink(link.href, link.text) for link in entry.links),
            time_limit=entry.timeout or self._time_limit,
            **_same(PagerDutySettings, entry, "routing_key", "service_key", "url", "images", "links"),
        )

    def _email(self, entry: EmailConfig) -> EmailSettings:
        implicit = entry.force_implicit_tls
        port = entry.smarthost.port if entry.smarthost else 0
        return EmailSettings(
            sender=entry.from_,
            host=entry.smarthost.host if entry.smarthost else "",
            port=port,
            auth_password=_plain(entry.auth_password),
            auth_secret=_plain(entry.auth_secret),
            headers=tuple(entry.headers.items()),
            implicit_tls=port == _SMTPS_PORT if implicit is None else implicit,
            tls=tls_settings(entry.tls_config or TlsConfig()),
            threading=_threading(entry),
            time_limit=self._time_limit,
            **_same(EmailSettings, entry, "auth_password", "auth_secret", "headers", "threading"),
        )


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
        name=action.name,
        value=action.value,
        confirm=question,
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
    """The texts of receivers that are no templates, at their places in the file."""
    for number, configured in enumerate(config.settings.receivers):
        for kind in _KINDS:
            key = f"{kind}_configs"
            for index, entry in enumerate(getattr(configured, key)):
                yield from _check_section(config.document, ("receivers", number, key, index), entry, renderer)


def _check_section(document: Document, path: Path, section: Section, renderer: Renderer) -> Iterator[Problem]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        secret = isinstance(value, SecretStr) and name not in _TEMPLATED_SECRETS
        if not secret and name not in _NEVER_TEMPLATES and not name.endswith("_file"):
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
