"""`slack_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import BaseModel, Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import (
    HTTP,
    HTTP_CONFIG,
    SEND_RESOLVED,
    TIMEOUT,
    IntegrationConfig,
    Keys,
    has_authorization,
    missing_keys,
)
from alertd.config.types import (
    Complaint,
    File,
    Flag,
    HttpUrl,
    Secret,
    SecretUrl,
    Section,
    Template,
    Text,
    TimeOut,
    flag_of,
    is_given,
    required,
)

SLACK_POST_MESSAGE = "https://slack.com/api/chat.postMessage"

_ONLY_BOTS_UPDATE = "update_message can only be used with bot tokens. api_url must be set to"
_TOKEN: Keys = (("app_token", "slack_app_token"), ("app_token_file", "slack_app_token_file"))
_URL: Keys = (("api_url", "slack_api_url"), ("api_url_file", "slack_api_url_file"))
_APP_URL: Keys = (("app_url", "slack_app_url"),)
_NEITHER = (
    "no Slack API URL nor App token set either inline or in a file;"
    " add slack_app_token or slack_api_url to global, or app_token or api_url to this receiver"
)


class SlackField(Section):
    """A short table cell below the text."""

    title: Template = required("The cell's title.")
    value: Template = required("The cell's text.")
    short: Flag | None = Field(None, description="Whether two cells fit in a row; default: `short_fields`.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        return missing_keys(written, ("title", "value"), "Slack field configuration")


class SlackConfirm(Section):
    """The question that is asked before an action."""

    text: Template = required("The question.")
    title: Template = Field("", description="Its title.")
    ok_text: Template = Field("", description="The word for yes.")
    dismiss_text: Template = Field("", description="The word for no.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        return missing_keys(written, ("text",), "Slack confirmation configuration")


class SlackAction(Section):
    """A button below the message; it needs a `url` or a `name`."""

    type: Template = required("`button`.")
    text: Template = required("What the button says.")
    url: Template = Field("", description="The page that it opens.")
    style: Template = Field("", description="`primary` or `danger`.")
    name: Template = Field("", description="The name that Slack sends to the application.")
    value: Template = Field("", description="The value that Slack sends to the application.")
    confirm: SlackConfirm | None = Field(None, description="A question to ask first.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if not is_given(written, "url") and not is_given(written, "name"):
            yield "", "missing name or url in Slack action configuration; add the url to open"
        yield from missing_keys(written, ("type", "text"), "Slack action configuration")


class SlackConfig(IntegrationConfig):
    """Writes to a Slack channel: by an incoming webhook (`api_url`), or as a bot (`app_token`)."""

    send_resolved: Flag = Field(False, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
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
    timeout: TimeOut = Field(0, description=TIMEOUT)

    inherited = (HTTP, _APP_URL)
    exclusive = (
        ("api_url", "api_url_file"),
        ("app_token", "app_token_file"),
        ("api_url/api_url_file", "app_token/app_token_file"),
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

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        url = any(is_given(written, key) for key, _ in _URL)
        token = any(is_given(written, key) for key, _ in _TOKEN)
        global_url = any(is_given(general, key) for _, key in _URL)
        global_token = any(is_given(general, key) for _, key in _TOKEN)
        authorized = has_authorization(written.get("http_config") or general.get("http_config"))
        if token and authorized:
            sentence = "http authorization can't be set when using Slack App tokens; remove it or the token"
            yield ("http_config" if "http_config" in written else "app_token/app_token_file"), sentence
        if not (url or token or global_url or (global_token and not authorized)):
            yield "", _NEITHER

    def filled(self, general: BaseModel) -> Self:
        """One that names neither a webhook nor a token takes the token, unless it authenticates by itself."""
        filled = super().filled(general)
        if any(getattr(self, key) for key, _ in (*_TOKEN, *_URL)):
            return filled
        has_token = any(getattr(general, key) for _, key in _TOKEN)
        authenticates = filled.http_config is not None and filled.http_config.authenticates
        return filled.taking(general, (_TOKEN if has_token and not authenticates else _URL,))
