"""`mattermost_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig, missing_keys
from alertd.config.types import Complaint, File, Flag, SecretUrl, Section, Template, required


class MattermostField(Section):
    """A table cell below the text."""

    title: Template = required("The cell's title.")
    value: Template = required("The cell's text.")
    short: Flag | None = Field(None, description="Whether two cells fit in a row.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        return missing_keys(written, ("title", "value"), "Mattermost field configuration")


class MattermostAttachment(Section):
    """A part of the message with a bar beside it."""

    fallback: Template = Field("", description="The text for notifications.")
    color: Template = Field("", description="The bar.")
    pretext: Template = Field("", description="The text above.")
    text: Template = Field("", description="The text.")
    author_name: Template = Field("", description="The author.")
    author_link: Template = Field("", description="Where the author's name leads.")
    author_icon: Template = Field("", description="The picture beside the author's name.")
    title: Template = Field("", description="The title.")
    title_link: Template = Field("", description="Where the title leads.")
    fields: tuple[MattermostField, ...] = Field((), description="Table cells below the text.")
    thumb_url: Template = Field("", description="A small picture beside the text.")
    footer: Template = Field("", description="The small text at the end.")
    footer_icon: Template = Field("", description="The picture beside the small text.")
    image_url: Template = Field("", description="A picture below the text.")


class MattermostProps(Section):
    """What the message carries besides."""

    card: Template = Field("", description="The text of the side panel.")


class MattermostPriority(Section):
    """How urgent the message is."""

    priority: Template = Field("", description="`standard`, `important` or `urgent`.")
    requested_ack: Flag = Field(False, description="Whether readers are asked to say that they have read it.")
    persistent_notifications: Flag = Field(False, description="Whether who is named is told again and again.")


class MattermostConfig(IntegrationConfig):
    """Writes to a Mattermost channel by an incoming webhook."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    webhook_url: SecretUrl | None = Field(
        None, description="The incoming webhook; default: `global.mattermost_webhook_url`."
    )
    webhook_url_file: File = Field("", description="A file with the incoming webhook.")
    channel: Template = Field("", description="The channel, if not the webhook's own.")
    username: Template | None = Field(
        None, description="The name that messages carry; default: `mattermost.default.username`."
    )
    text: Template | None = Field(None, description="The text; default: `mattermost.default.text`.")
    fallback: Template | None = Field(
        None, description="The text for notifications; default: `mattermost.default.fallback`."
    )
    color: Template | None = Field(None, description="The bar beside the message; default: `mattermost.default.color`.")
    pretext: Template = Field("", description="The text above the bar.")
    author_name: Template = Field("", description="The author.")
    author_link: Template = Field("", description="Where the author's name leads.")
    author_icon: Template = Field("", description="The picture beside the author's name.")
    title: Template | None = Field(None, description="The title; default: `mattermost.default.title`.")
    title_link: Template | None = Field(
        None, description="Where the title leads; default: `mattermost.default.titlelink`."
    )
    fields: tuple[MattermostField, ...] = Field((), description="Table cells below the text.")
    thumb_url: Template = Field("", description="A small picture beside the text.")
    footer: Template = Field("", description="The small text at the end.")
    footer_icon: Template = Field("", description="The picture beside the small text.")
    image_url: Template = Field("", description="A picture below the text.")
    icon_url: Template = Field("", description="The picture beside the name.")
    icon_emoji: Template = Field("", description="The picture beside the name, as `:bell:`.")
    attachments: tuple[MattermostAttachment, ...] = Field((), description="Parts with a bar of their own.")
    type: Template = Field("", description="The message's type, `custom_…`, for plug-ins.")
    props: MattermostProps | None = Field(None, description="What the message carries besides.")
    priority: MattermostPriority | None = Field(None, description="How urgent the message is.")

    inherited = (
        HTTP,
        (("webhook_url", "mattermost_webhook_url"), ("webhook_url_file", "mattermost_webhook_url_file")),
    )
    exclusive = (("webhook_url", "webhook_url_file"),)

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        yield from cls.taken_from_nowhere(
            written,
            general,
            "webhook_url",
            "missing webhook_url or webhook_url_file on mattermost_config;"
            " add one here, or mattermost_webhook_url to global",
        )
