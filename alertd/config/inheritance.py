"""What a receiver takes from `global` where it says nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from alertd.config.http import HttpConfig
from alertd.config.models import GlobalConfig, Settings
from alertd.config.receivers import EmailConfig, PagerdutyConfig, Receiver, SlackConfig, WebhookConfig
from alertd.config.types import Complaint, Section, is_given

Keys = tuple[tuple[str, str], ...]
"""Fields of a receiver with the global ones that stand for them; all are taken, or none when one of them is given."""

_HTTP: Keys = (("http_config", "http_config"),)

INHERITED: Mapping[type[Section], tuple[Keys, ...]] = {
    WebhookConfig: (_HTTP,),
    EmailConfig: (
        (("from_", "smtp_from"),),
        (("hello", "smtp_hello"),),
        (("smarthost", "smtp_smarthost"),),
        (("auth_username", "smtp_auth_username"),),
        (("auth_password", "smtp_auth_password"), ("auth_password_file", "smtp_auth_password_file")),
        (("auth_secret", "smtp_auth_secret"), ("auth_secret_file", "smtp_auth_secret_file")),
        (("auth_identity", "smtp_auth_identity"),),
        (("require_tls", "smtp_require_tls"),),
        (("tls_config", "smtp_tls_config"),),
        (("force_implicit_tls", "smtp_force_implicit_tls"),),
    ),
    SlackConfig: (_HTTP, (("app_url", "slack_app_url"),)),
    PagerdutyConfig: (_HTTP, (("url", "pagerduty_url"),)),
}
_SLACK_TOKEN: Keys = (("app_token", "slack_app_token"), ("app_token_file", "slack_app_token_file"))
_SLACK_URL: Keys = (("api_url", "slack_api_url"), ("api_url_file", "slack_api_url_file"))

_NO_SLACK = (
    "no Slack API URL nor App token set either inline or in a file;"
    " add slack_app_token or slack_api_url to global, or app_token or api_url to this receiver"
)

Integration = TypeVar("Integration", WebhookConfig, EmailConfig, SlackConfig, PagerdutyConfig)


def with_inherited(settings: Settings) -> Settings:
    """The same settings with everything filled in that receivers and sources take from `global`."""
    general = settings.global_
    receivers = tuple(_receiver(receiver, general) for receiver in settings.receivers)
    sources = {
        name: source.model_copy(update={"http_config": source.http_config or general.http_config})
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"receivers": receivers, "sources": sources})


def _receiver(receiver: Receiver, general: GlobalConfig) -> Receiver:
    return receiver.model_copy(
        update={
            "webhook_configs": tuple(_filled(config, general) for config in receiver.webhook_configs),
            "email_configs": tuple(_filled(config, general) for config in receiver.email_configs),
            "slack_configs": tuple(_slack(config, general) for config in receiver.slack_configs),
            "pagerduty_configs": tuple(_filled(config, general) for config in receiver.pagerduty_configs),
        }
    )


def _filled(config: Integration, general: GlobalConfig, *more: Keys) -> Integration:
    taken: dict[str, object] = {}
    for keys in (*INHERITED[type(config)], *more):
        if all(getattr(config, key) in (None, "") for key, _ in keys):
            taken.update((key, getattr(general, source)) for key, source in keys)
    return config.model_copy(update=taken)


def _slack(config: SlackConfig, general: GlobalConfig) -> SlackConfig:
    """A receiver that names neither a webhook nor a token takes the token, unless it authenticates by itself."""
    if any(getattr(config, key) for key, _ in (*_SLACK_TOKEN, *_SLACK_URL)):
        return _filled(config, general)
    has_token = general.slack_app_token is not None or general.slack_app_token_file
    http = config.http_config or general.http_config
    way = _SLACK_TOKEN if has_token and not authenticates(http) else _SLACK_URL
    return _filled(config, general, way)


def authenticates(http: HttpConfig) -> bool:
    """Whether the HTTP client sends an `Authorization` header of its own."""
    return any((http.authorization, http.basic_auth, http.bearer_token, http.bearer_token_file))


def missing_email(written: Mapping[str, object], general: Mapping[str, object]) -> Iterator[Complaint]:
    """What a mail needs and neither the receiver nor `global` says."""
    if not is_given(written, "smarthost") and not is_given(general, "smtp_smarthost"):
        yield "", "no global SMTP smarthost set; add smtp_smarthost to global, or smarthost to this receiver"
    headers = written.get("headers")
    from_header = isinstance(headers, dict) and any(str(name).lower() == "from" for name in headers)
    if not is_given(written, "from") and not is_given(general, "smtp_from") and not from_header:
        yield "", "no global SMTP from set; add smtp_from to global, or from to this receiver"


def missing_slack(written: Mapping[str, object], general: Mapping[str, object]) -> Iterator[Complaint]:
    """What a Slack receiver needs, and a way to authenticate that does not go with its token."""
    url = any(is_given(written, key) for key, _ in _SLACK_URL)
    token = any(is_given(written, key) for key, _ in _SLACK_TOKEN)
    global_url = any(is_given(general, key) for _, key in _SLACK_URL)
    global_token = any(is_given(general, key) for _, key in _SLACK_TOKEN)
    http = written.get("http_config") or general.get("http_config")
    authorized = isinstance(http, dict) and is_given(http, "authorization")
    if token and authorized:
        sentence = "http authorization can't be set when using Slack App tokens; remove it or the token"
        yield ("http_config" if "http_config" in written else "app_token/app_token_file"), sentence
    if not (url or token or global_url or (global_token and not authorized)):
        yield "", _NO_SLACK
