"""Receivers: a name, and the integrations that are told what a route sends there.

The keys and their meaning are Alertmanager's. A template that is not given is the built-in one of its name; empty text
is empty. What is not given in a receiver is taken from `global` (`alertd.config.inheritance`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from alertd.config.http import HttpConfig, TlsConfig
from alertd.config.types import (
    Address,
    Complaint,
    Count,
    Duration,
    File,
    Flag,
    HttpUrl,
    Kind,
    Labels,
    Secret,
    SecretUrl,
    Section,
    Template,
    Text,
    flag_of,
    is_given,
    own,
    to_text,
)

SLACK_POST_MESSAGE = "https://slack.com/api/chat.postMessage"

_HTTP_CONFIG = "How to speak HTTP; default: the global one."
_ONLY_BOTS_UPDATE = "update_message can only be used with bot tokens. api_url must be set to"
_TIMEOUT = "The time that one try may take; 0 takes `delivery.timeout`."


def _check_signing_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("a signing secret is whsec_ and the Base64 of 24 to 64 random bytes; make a new one")
    return secret


def _check_webhook_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if not text.startswith(("http://", "https://", "{{")):
        raise ValueError("this is no web address; write it in full, as in https://example.org/hook")
    return url


WebhookUrl = Annotated[SecretStr, BeforeValidator(to_text), AfterValidator(_check_webhook_url), Kind("secret")]
SigningSecret = Annotated[Secret, AfterValidator(_check_signing_secret)]


class WebhookConfig(Section):
    """Posts each message as JSON."""

    send_resolved: Flag = Field(True, description="Whether the end of alerts is told.")
    http_config: HttpConfig | None = Field(None, description=_HTTP_CONFIG)
    url: WebhookUrl | None = Field(None, description="Where to post. A template.")
    url_file: File = Field("", description="A file with the URL.")
    max_alerts: Count = Field(0, description="The number of alerts in one message; 0 is all.")
    timeout: Duration = Field(0, description=_TIMEOUT)
    payload: Any = Field(
        None, description="The whole body in place of the usual one: any value, whose texts are templates."
    )
    signing_secret: SigningSecret | None = own(
        None, "The secret that signs each message by Standard Webhooks, `whsec_…`."
    )
    signing_secret_file: File = own("", "A file with the signing secret.")

    exclusive = (("url", "url_file"), ("signing_secret", "signing_secret_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not is_given(written, "url") and not is_given(written, "url_file"):
            yield "", "one of url or url_file must be configured; add the address to post to"


class Threading(Section):
    """Whether mail programs show the mails of one group as one thread."""

    enabled: Flag = Field(False, description="Whether mails refer to the first one of their group.")
    thread_by_date: Literal["none", "daily"] | None = Field(
        None, description="`daily` begins a new thread each day, `none` never; required when threads are enabled."
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if flag_of(written.get("enabled")) and not is_given(written, "thread_by_date"):
            yield "", "thread_by_date is missing; add it as none or daily"


class EmailConfig(Section):
    """Sends a mail."""

    send_resolved: Flag = Field(False, description="Whether the end of alerts is told.")
    to: Template = Field(description="The addresses, between commas.")
    from_: Template = Field("", alias="from", description="The sender; default: `global.smtp_from`.")
    hello: Text = Field("", description="The name given to the mail server; default: `global.smtp_hello`.")
    smarthost: Address | None = Field(
        None, description="The mail server, `host:port`; default: `global.smtp_smarthost`."
    )
    auth_username: Text = Field("", description="The user at the mail server; default: `global.smtp_auth_username`.")
    auth_password: Secret | None = Field(None, description="The password for PLAIN and LOGIN.")
    auth_password_file: File = Field("", description="A file with the password.")
    auth_secret: Secret | None = Field(None, description="The secret for CRAM-MD5.")
    auth_secret_file: File = Field("", description="A file with the secret for CRAM-MD5.")
    auth_identity: Text = Field("", description="The identity for PLAIN; default: `global.smtp_auth_identity`.")
    headers: dict[Text, Template] = Field({}, description="Headers over the usual ones. Templates.")
    html: Template | None = Field(None, description="The body in HTML; default: `email.default.html`.")
    text: Template | None = Field(None, description="The body in plain text; default: `email.default.text`.")
    require_tls: Flag | None = Field(
        None, description="Whether STARTTLS is demanded; default: `global.smtp_require_tls`."
    )
    tls_config: TlsConfig | None = Field(None, description="TLS; default: `global.smtp_tls_config`.")
    force_implicit_tls: Flag | None = Field(
        None, description="Whether TLS is spoken from the first byte; default: on port 465 only."
    )
    threading: Threading = Field(Threading(), description="Mails of one group as one thread.")

    exclusive = (("auth_password", "auth_password_file"), ("auth_secret", "auth_secret_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if "to" in written and not is_given(written, "to"):
            yield "to", "missing to address in email config; write the addresses"
        headers = written.get("headers")
        names = [str(name).title() for name in headers] if isinstance(headers, dict) else []
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield "headers", f"duplicate header {name!r} in email config; keep one of them"


class SlackField(Section):
    """A short table cell below the text."""

    title: Template = Field(description="The cell's title.")
    value: Template = Field(description="The cell's text.")
    short: Flag | None = Field(None, description="Whether two cells fit in a row; default: `short_fields`.")


class SlackConfirm(Section):
    """The question that is asked before an action."""

    text: Template = Field(description="The question.")
    title: Template = Field("", description="Its title.")
    ok_text: Template = Field("", description="The word for yes.")
    dismiss_text: Template = Field("", description="The word for no.")


class SlackAction(Section):
    """A button below the message; it needs a `url` or a `name`."""

    type: Template = Field(description="`button`.")
    text: Template = Field(description="What the button says.")
    url: Template = Field("", description="The page that it opens.")
    style: Template = Field("", description="`primary` or `danger`.")
    name: Template = Field("", description="The name that Slack sends to the application.")
    value: Template = Field("", description="The value that Slack sends to the application.")
    confirm: SlackConfirm | None = Field(None, description="A question to ask first.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if not is_given(written, "url") and not is_given(written, "name"):
            yield "", "missing name or url in Slack action configuration; add the url to open"


class SlackConfig(Section):
    """Writes to a Slack channel: by an incoming webhook (`api_url`), or as a bot (`app_token`)."""

    send_resolved: Flag = Field(False, description="Whether the end of alerts is told.")
    http_config: HttpConfig | None = Field(None, description=_HTTP_CONFIG)
    api_url: SecretUrl | None = Field(None, description="The incoming webhook; default: `global.slack_api_url`.")
    api_url_file: File = Field("", description="A file with the incoming webhook.")
    app_token: Secret | None = Field(None, description="The bot's token, `xoxb-…`; default: `global.slack_app_token`.")
    app_token_file: File = Field("", description="A file with the bot's token.")
    app_url: HttpUrl | None = Field(None, description="Where a bot posts; default: `global.slack_app_url`.")
    channel: Template = Field("", description="The channel or the user.")
    username: Template | None = Field(None, description="The name that messages carry.")
    color: Template | None = Field(None, description="The bar beside the message.")
    title: Template | None = Field(None, description="The title.")
    title_link: Template | None = Field(None, description="Where the title leads.")
    pretext: Template | None = Field(None, description="The text above the bar.")
    text: Template | None = Field(None, description="The text.")
    message_text: Template | None = Field(None, description="The text of the message outside the attachment.")
    fields: tuple[SlackField, ...] = Field((), description="Table cells below the text.")
    short_fields: Flag = Field(False, description="Whether two cells fit in a row.")
    footer: Template | None = Field(None, description="The small text at the end.")
    fallback: Template | None = Field(None, description="The text for notifications on a telephone.")
    callback_id: Template | None = Field(None, description="The name of the buttons' group.")
    icon_emoji: Template | None = Field(None, description="The picture beside the name, as `:bell:`.")
    icon_url: Template | None = Field(None, description="The picture beside the name.")
    image_url: Template | None = Field(None, description="A picture below the text.")
    thumb_url: Template | None = Field(None, description="A small picture beside the text.")
    link_names: Flag = Field(False, description="Whether names and channels in the text become links.")
    mrkdwn_in: tuple[Text, ...] | None = Field(
        None, description="The texts in which Slack's marks count; default: fallback, pretext, text."
    )
    actions: tuple[SlackAction, ...] = Field((), description="Buttons.")
    update_message: Flag | None = Field(
        None,
        description="Whether one message is kept up to date, not new ones sent; default: yes for bots, which can.",
    )
    timeout: Duration = Field(0, description=_TIMEOUT)

    exclusive = (
        ("api_url", "api_url_file"),
        ("app_token", "app_token_file"),
        ("app_token/app_token_file", "api_url/api_url_file"),
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        token = written.get("app_token") or written.get("app_token_file")
        url = written.get("api_url") or written.get("api_url_file")
        yield from super().complaints({**written, "app_token/app_token_file": token, "api_url/api_url_file": url})
        by_webhook = url is not None and written.get("api_url") != SLACK_POST_MESSAGE
        if flag_of(written.get("update_message")) and by_webhook:
            yield (
                "update_message",
                f"{_ONLY_BOTS_UPDATE} {SLACK_POST_MESSAGE}, or better be replaced by app_token",
            )


class PagerdutyImage(Section):
    """A picture beside the incident."""

    src: Template = Field("", description="The picture's address; without it the entry is left out.")
    alt: Template = Field("", description="The text in its place.")
    href: Template = Field("", description="Where it leads.")


class PagerdutyLink(Section):
    """A link beside the incident."""

    href: Template = Field("", description="The address; without it the entry is left out.")
    text: Template = Field("", description="The link's text.")


class PagerdutyConfig(Section):
    """Opens and closes an incident: by `routing_key` (Events v2) or `service_key` (Events v1)."""

    send_resolved: Flag = Field(True, description="Whether the end of alerts is told.")
    http_config: HttpConfig | None = Field(None, description=_HTTP_CONFIG)
    routing_key: Secret | None = Field(None, description="The integration key of Events v2.")
    routing_key_file: File = Field("", description="A file with the routing key.")
    service_key: Secret | None = Field(None, description="The integration key of Events v1.")
    service_key_file: File = Field("", description="A file with the service key.")
    url: HttpUrl | None = Field(None, description="Where to send events; default: `global.pagerduty_url`.")
    client: Template | None = Field(None, description="The name of the sender.")
    client_url: Template | None = Field(None, description="Where the sender's name leads.")
    description: Template | None = Field(None, description="The incident's title.")
    details: dict[Text, Any] = Field(
        {}, description="Details over the usual ones: any values, whose texts are templates."
    )
    images: tuple[PagerdutyImage, ...] = Field((), description="Pictures beside the incident.")
    links: tuple[PagerdutyLink, ...] = Field((), description="Links beside the incident.")
    source: Template | None = Field(None, description="What is broken; default: `client`.")
    severity: Template | None = Field(
        None,
        description="`critical`, `error`, `warning` or `info`; default: from the alerts' `severity` labels.",
    )
    class_: Template = Field("", alias="class", description="The kind of event.")
    component: Template = Field("", description="The part that is broken.")
    group: Template = Field("", description="The cluster of parts.")
    timeout: Duration = Field(0, description=_TIMEOUT)

    exclusive = (
        ("routing_key", "routing_key_file"),
        ("service_key", "service_key_file"),
        ("routing_key/routing_key_file", "service_key/service_key_file"),
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        routing = written.get("routing_key") or written.get("routing_key_file")
        service = written.get("service_key") or written.get("service_key_file")
        if not routing and not service:
            yield "", "missing service or routing key in PagerDuty config; add routing_key or routing_key_file"
        both = {"routing_key/routing_key_file": routing, "service_key/service_key_file": service}
        yield from super().complaints({**written, **both})


SUPPORTED_KINDS = ("webhook", "email", "slack", "pagerduty")
OTHER_KINDS = (
    "discord",
    "incidentio",
    "opsgenie",
    "wechat",
    "pushover",
    "victorops",
    "sns",
    "telegram",
    "webex",
    "msteams",
    "msteamsv2",
    "jira",
    "rocketchat",
    "mattermost",
)


def not_supported(kind: str) -> str:
    """The sentence about a receiver kind of Alertmanager that this version does not have."""
    return (
        f"the receiver kind {kind} is not supported by this version;"
        f" supported are {', '.join(SUPPORTED_KINDS[:-1])} and {SUPPORTED_KINDS[-1]}"
    )


class Receiver(Section):
    """A name and its integrations; one without any swallows what it is sent."""

    name: Text = Field(description="The name that routes use.")
    labels: Labels = Field({}, description="Labels of the receiver, for API filters; `name` is always its name.")
    webhook_configs: tuple[WebhookConfig, ...] = Field((), description="Webhooks.")
    email_configs: tuple[EmailConfig, ...] = Field((), description="Mails.")
    slack_configs: tuple[SlackConfig, ...] = Field((), description="Slack channels.")
    pagerduty_configs: tuple[PagerdutyConfig, ...] = Field((), description="PagerDuty services.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        for kind in OTHER_KINDS:
            if f"{kind}_configs" in written:
                yield f"{kind}_configs", not_supported(kind)
        name = written.get("name")
        if name == "":
            yield "name", "missing name in receiver; write the name that routes use"
        labels = written.get("labels")
        explicit = labels.get("name") if isinstance(labels, dict) else None
        if explicit is not None and explicit != name:
            yield "labels", f'receiver label "name" must match receiver name {name!r}; remove the label'

    @property
    def all_labels(self) -> dict[str, str]:
        """The labels with the one that every receiver has."""
        return {**self.labels, "name": self.name}
