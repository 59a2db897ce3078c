"""`discord_configs`."""

from __future__ import annotations

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP_CONFIG, SEND_RESOLVED, ByWebhookUrl
from alertd.config.types import Flag, Template


class DiscordConfig(ByWebhookUrl):
    """Writes to a Discord channel by its webhook."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    content: Template = Field("", description="The text above the coloured part.")
    title: Template | None = Field(None, description="The title; default: `discord.default.title`.")
    message: Template | None = Field(None, description="The text; default: `discord.default.message`.")
    username: Template = Field("", description="The name that messages carry.")
    avatar_url: Template = Field("", description="The picture beside the name.")
