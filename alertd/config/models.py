"""`alertd.yml` as a whole: Alertmanager's keys with Alertmanager's meaning, and alertd's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from alertd.clock import MINUTE
from alertd.config.forwarding import ForwardingConfig
from alertd.config.http import HttpConfig, TlsConfig
from alertd.config.integrations.slack import SLACK_POST_MESSAGE
from alertd.config.observability import TracingConfig
from alertd.config.receivers import Receiver
from alertd.config.routing import InhibitRuleConfig, RouteConfig, TimeIntervalConfig
from alertd.config.service import AcknowledgementConfig, AuthConfig, DeliveryConfig, RetentionConfig, SourceConfig
from alertd.config.types import (
    Address,
    Complaint,
    Duration,
    File,
    Flag,
    Hidden,
    HostPort,
    HttpUrl,
    Labels,
    Secret,
    SecretUrl,
    Section,
    Text,
    at_most_one,
    flag_of,
    is_given,
    own,
    positive,
)

PAGERDUTY_EVENTS = "https://events.pagerduty.com/v2/enqueue"
OPSGENIE = "https://api.opsgenie.com/"
VICTOROPS = "https://alert.victorops.com/integrations/generic/20131114/alert/"
WECHAT = "https://qyapi.weixin.qq.com/cgi-bin/"
TELEGRAM = "https://api.telegram.org"
WEBEX = "https://webexapis.com/v1/messages"
ROCKETCHAT = "https://open.rocket.chat/"


class GlobalConfig(Section):
    """What holds wherever nothing else is said."""

    resolve_timeout: Duration = Field(
        5 * MINUTE, description="After how long an alert ends whose sender gave it no end and does not send it again."
    )
    http_config: HttpConfig = Field(HttpConfig(), description="How to speak HTTP.")
    smtp_from: Text = Field("", description="The sender of mails.")
    smtp_hello: Text = Field("localhost", description="The name given to the mail server.")
    smtp_smarthost: Address | None = Field(None, description="The mail server, `host:port`.")
    smtp_auth_username: Text = Field("", description="The user at the mail server; without it there is no login.")
    smtp_auth_password: Secret | None = Field(None, description="The password for PLAIN and LOGIN.")
    smtp_auth_password_file: File = Field("", description="A file with the password.")
    smtp_auth_secret: Secret | None = Field(None, description="The secret for CRAM-MD5.")
    smtp_auth_secret_file: File = Field("", description="A file with the secret for CRAM-MD5.")
    smtp_auth_identity: Text = Field("", description="The identity for PLAIN.")
    smtp_require_tls: Flag = Field(True, description="Whether STARTTLS is demanded.")
    smtp_tls_config: TlsConfig = Field(TlsConfig(), description="TLS for mails.")
    smtp_force_implicit_tls: Flag | None = Field(
        None, description="Whether TLS is spoken from the first byte; default: on port 465 only."
    )
    slack_api_url: SecretUrl | None = Field(None, description="The incoming webhook of Slack.")
    slack_api_url_file: File = Field("", description="A file with the incoming webhook.")
    slack_app_token: Secret | None = Field(None, description="The token of a Slack bot.")
    slack_app_token_file: File = Field("", description="A file with the bot's token.")
    slack_app_url: HttpUrl = Field(SLACK_POST_MESSAGE, description="Where a Slack bot posts.")
    pagerduty_url: HttpUrl = Field(PAGERDUTY_EVENTS, description="Where PagerDuty takes events.")
    opsgenie_api_url: HttpUrl = Field(OPSGENIE, description="Opsgenie's API.")
    opsgenie_api_key: Secret | None = Field(None, description="The key of Opsgenie's API.")
    opsgenie_api_key_file: File = Field("", description="A file with the key of Opsgenie's API.")
    victorops_api_url: HttpUrl = Field(VICTOROPS, description="VictorOps' API.")
    victorops_api_key: Secret | None = Field(None, description="The key of VictorOps' API.")
    victorops_api_key_file: File = Field("", description="A file with the key of VictorOps' API.")
    wechat_api_url: HttpUrl = Field(WECHAT, description="WeCom's API.")
    wechat_api_secret: Secret | None = Field(None, description="The secret of an application at WeCom.")
    wechat_api_secret_file: File = Field("", description="A file with the application's secret.")
    wechat_api_corp_id: Text = Field("", description="The company's id at WeCom.")
    telegram_api_url: HttpUrl = Field(TELEGRAM, description="Telegram's API.")
    telegram_bot_token: Secret | None = Field(None, description="The token of a Telegram bot.")
    telegram_bot_token_file: File = Field("", description="A file with the Telegram bot's token.")
    webex_api_url: HttpUrl = Field(WEBEX, description="Where Webex takes messages.")
    rocketchat_api_url: HttpUrl = Field(ROCKETCHAT, description="The Rocket.Chat server.")
    rocketchat_token: Secret | None = Field(None, description="The token of a user at Rocket.Chat.")
    rocketchat_token_file: File = Field("", description="A file with the user's token.")
    rocketchat_token_id: Secret | None = Field(None, description="The id of the user at Rocket.Chat.")
    rocketchat_token_id_file: File = Field("", description="A file with the user's id.")
    mattermost_webhook_url: SecretUrl | None = Field(None, description="The incoming webhook of Mattermost.")
    mattermost_webhook_url_file: File = Field("", description="A file with the incoming webhook of Mattermost.")
    jira_api_url: HttpUrl | None = Field(None, description="Jira's API.")

    exclusive = (
        ("smtp_auth_password", "smtp_auth_password_file"),
        ("smtp_auth_secret", "smtp_auth_secret_file"),
        ("slack_api_url", "slack_api_url_file"),
        ("slack_app_token", "slack_app_token_file"),
        ("opsgenie_api_key", "opsgenie_api_key_file"),
        ("victorops_api_key", "victorops_api_key_file"),
        ("wechat_api_secret", "wechat_api_secret_file"),
        ("telegram_bot_token", "telegram_bot_token_file"),
        ("rocketchat_token", "rocketchat_token_file"),
        ("rocketchat_token_id", "rocketchat_token_id_file"),
        ("mattermost_webhook_url", "mattermost_webhook_url_file"),
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        token = is_given(written, "slack_app_token") or is_given(written, "slack_app_token_file")
        url = is_given(written, "slack_api_url") or is_given(written, "slack_api_url_file")
        app_url = written.get("slack_app_url", SLACK_POST_MESSAGE)
        if token and url and written.get("slack_api_url") != app_url:
            names = ("slack_app_token/slack_app_token_file", "slack_api_url/slack_api_url_file")
            yield names[1], at_most_one(*names)


def is_database_url(url: str) -> bool:
    """Whether alertd can keep its memory there."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme.partition("+")[0] in {"sqlite", "postgresql"}


LanguageFeature = Literal[
    "promql-experimental-functions",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
    "promql-duration-expr",
]

LATER = {
    "escalation_policies": "escalation policies come with a later version; remove them for now",
    "schedules": "on-call schedules come with a later version; remove them for now",
}


_OPEN = (
    "alertd would listen beyond this machine and ask nobody who they are;"
    " set required: true, or allow_unauthenticated: true if that is meant"
)


class Settings(Section):
    """The keys at the top."""

    global_: GlobalConfig = Field(
        GlobalConfig(), alias="global", description="What holds wherever nothing else is said."
    )
    route: RouteConfig = Field(description="The tree of routes.")
    receivers: tuple[Receiver, ...] = Field((), description="Who can be told.")
    inhibit_rules: tuple[InhibitRuleConfig | None, ...] = Field((), description="Which alerts hold back which others.")
    time_intervals: tuple[TimeIntervalConfig, ...] = Field((), description="Named times for routes.")
    mute_time_intervals: tuple[TimeIntervalConfig, ...] = Field(
        (), description="The older place of `time_intervals`; both are one list."
    )
    templates: tuple[File, ...] = Field((), description="Files with message templates; `*` and `?` stand for any.")

    tracing: TracingConfig | None = Field(
        None, description="Alertmanager's traces. alertd has none; the section is checked and has no effect."
    )
    event_recorder: Hidden | None = Field(
        None, description="Alertmanager's record of events. alertd's history is in its database; it has no effect."
    )

    listen: Address = own(HostPort("127.0.0.1", 9093), "The address and port to serve on.")
    external_url: HttpUrl | None = own(None, "The address under which people reach alertd; used in messages.")
    database: Secret = own(
        "sqlite:///alertd.db",
        "Where everything is kept: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."
        " The environment's `ALERTD_DATABASE_URL` goes before it.",
        validate_default=True,
    )
    organisation: Text = own("default", "The name of the organisation that the file is for.")
    rule_files: tuple[File, ...] = own((), "Files with rules; `*` and `?` in the last part of the path stand for any.")
    evaluation_interval: Annotated[Duration, positive("evaluation_interval")] = own(
        MINUTE, "How often rules are evaluated that do not say it themselves."
    )
    enable_features: tuple[LanguageFeature, ...] = own(
        (), "What [queries](api.md#prometheus-api) may use beyond the stable PromQL, by the names of Prometheus' flags."
    )
    external_labels: Labels = own({}, "Labels that every alert of a rule gets which does not have them.")
    sources: dict[Text, SourceConfig] = own({}, "What rules can ask, by name.")
    default_source: Text | None = own(None, "The source of rules that name none; the only one, if there is one.")
    alerting: ForwardingConfig = own(
        ForwardingConfig(), "Alertmanagers that the alerts of rules are forwarded to, as in `prometheus.yml`."
    )
    auth: AuthConfig = own(AuthConfig(), "Who may speak to alertd.")
    retention: RetentionConfig = own(RetentionConfig(), "How long things are kept that are over.")
    acknowledgement: AcknowledgementConfig = own(AcknowledgementConfig(), "What an acknowledgement is worth.")
    delivery: DeliveryConfig = own(DeliveryConfig(), "How messages are brought to receivers.")
    compat: Literal["alertd", "alertmanager"] = own(
        "alertd",
        "`alertmanager` gives back what Alertmanager does where alertd does better: no word about the end of an alert"
        " that is held back at that moment, an answer 429 is final, an alert is not told again to an integration"
        " without `send_resolved`, sibling routes share their group keys, and a reload begins the timers of groups"
        " anew.",
    )

    @property
    def auth_required(self) -> bool:
        """Whether a request needs a token."""
        return not is_loopback(self.listen.host) if self.auth.required is None else self.auth.required

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if written.get("route") is None:
            yield "route", "no routes provided; add a route with a receiver"
        yield from ((key, sentence) for key, sentence in LATER.items() if key in written)
        database = written.get("database")
        if isinstance(database, str) and not is_database_url(database):
            yield "database", "the database must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        yield from _open_to_all(written)


def _open_to_all(written: Mapping[str, object]) -> Iterator[Complaint]:
    auth = written.get("auth")
    host = str(written.get("listen", "127.0.0.1:")).rpartition(":")[0].strip("[]")
    if not isinstance(auth, dict) or is_loopback(host):
        return
    if flag_of(auth.get("required")) is False and not flag_of(auth.get("allow_unauthenticated")):
        yield "auth", _OPEN


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    return host == "localhost" or host == "::1" or host.startswith("127.")
