"""`msteams_configs` and `msteamsv2_configs`."""

from __future__ import annotations

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP_CONFIG, SEND_RESOLVED, ByWebhookUrl
from alertd.config.types import Flag, Template


class MsteamsConfig(ByWebhookUrl):
    """Writes to a Microsoft Teams channel by an Office 365 connector, the older way."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    title: Template | None = Field(None, description="The card's title; default: `msteams.default.title`.")
    summary: Template | None = Field(None, description="The card in a line; default: `msteams.default.summary`.")
    text: Template | None = Field(None, description="The card's text; default: `msteams.default.text`.")


class Msteamsv2Config(ByWebhookUrl):
    """Writes to a Microsoft Teams channel by a workflow that takes adaptive cards."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    title: Template | None = Field(None, description="The card's title; default: `msteamsv2.default.title`.")
    text: Template | None = Field(None, description="The card's text; default: `msteamsv2.default.text`.")
