"""`rocketchat_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import Complaint, File, Flag, HttpUrl, Secret, Section, Template

COLOR = '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'


class RocketchatField(Section):
    """A table cell below the text."""

    title: Template = Field("", description="The cell's title.")
    value: Template = Field("", description="The cell's text.")
    short: Flag | None = Field(None, description="Whether two cells fit in a row; default: `short_fields`.")


class RocketchatAction(Section):
    """A button below the message. The names of its keys are Alertmanager's."""

    type: Template = Field("", description="`button`, the one type that Rocket.Chat knows; any other is one, too.")
    text: Template = Field("", description="What the button says.")
    url: Template = Field("", description="The page that it opens.")
    image_url: Template = Field("", alias="imageurl", description="A picture in place of the text.")
    is_webview: Flag = Field(False, alias="iswebview", description="Whether the page opens inside of Rocket.Chat.")
    webview_height_ratio: Template = Field(
        "", alias="webviewheightratio", description="How high such a page is: `compact`, `tall` or `full`."
    )
    msg: Template = Field("", description="The text that the button writes.")
    msg_in_chat_window: Flag = Field(
        False, alias="msginchatwindow", description="Whether the button writes into the channel."
    )
    msg_processing_type: Template = Field(
        "", alias="msgprocessingtype", description="`sendMessage` or `respondWithMessage`."
    )


class RocketchatConfig(IntegrationConfig):
    """Writes to a Rocket.Chat channel as a user with a personal access token."""

    send_resolved: Flag = Field(False, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_url: HttpUrl | None = Field(None, description="The server; default: `global.rocketchat_api_url`.")
    token: Secret | None = Field(None, description="The user's token; default: `global.rocketchat_token`.")
    token_file: File = Field("", description="A file with the token.")
    token_id: Secret | None = Field(None, description="The user's id; default: `global.rocketchat_token_id`.")
    token_id_file: File = Field("", description="A file with the user's id.")
    channel: Template = Field("", description="The channel, as `#alerts` or `@anna`.")
    color: Template = Field(COLOR, description="The bar beside the message.")
    title: Template | None = Field(None, description="The title; default: `rocketchat.default.title`.")
    title_link: Template | None = Field(
        None, description="Where the title leads; default: `rocketchat.default.titlelink`."
    )
    text: Template | None = Field(None, description="The text; default: `rocketchat.default.text`.")
    fields: tuple[RocketchatField, ...] = Field((), description="Table cells below the text.")
    short_fields: Flag = Field(False, description="Whether two cells fit in a row.")
    emoji: Template | None = Field(
        None, description="The picture beside the name, as `:bell:`; default: `rocketchat.default.emoji`."
    )
    icon_url: Template | None = Field(
        None, description="The picture beside the name; default: `rocketchat.default.iconurl`."
    )
    image_url: Template = Field("", description="A picture below the text.")
    thumb_url: Template = Field("", description="A small picture beside the text.")
    link_names: Flag = Field(
        False, description="Taken for the sake of Alertmanager's files: Rocket.Chat makes links of names by itself."
    )
    actions: tuple[RocketchatAction, ...] = Field((), description="Buttons.")

    plain = ("api_url",)
    inherited = (
        HTTP,
        (("api_url", "rocketchat_api_url"),),
        (("token", "rocketchat_token"), ("token_file", "rocketchat_token_file")),
        (("token_id", "rocketchat_token_id"), ("token_id_file", "rocketchat_token_id_file")),
    )
    exclusive = (("token", "token_file"), ("token_id", "token_id_file"))

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        for key, what in (("token_id", "TokenID"), ("token", "Token")):
            yield from cls.taken_from_nowhere(
                written,
                general,
                key,
                f"no global Rocketchat {what} set either inline or in a file;"
                f" add rocketchat_{key} to global, or {key} to this receiver",
            )
