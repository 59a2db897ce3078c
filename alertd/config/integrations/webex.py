"""`webex_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, SEND_RESOLVED, IntegrationConfig, has_authorization
from alertd.config.types import Complaint, Flag, HttpUrl, Template, is_given, required


class WebexConfig(IntegrationConfig):
    """Writes to a Webex room as a bot, whose token is the `authorization` of `http_config`."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description="How to speak HTTP; required for its `authorization`.")
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.webex_api_url`.")
    room_id: Template = required("The room.")
    message: Template | None = Field(None, description="The text; default: `webex.default.message`.")

    plain = ("api_url",)
    inherited = (HTTP, (("api_url", "webex_api_url"),))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not is_given(written, "room_id"):
            yield "room_id", "missing room_id on webex_config; add the id of the room"
        if not has_authorization(written.get("http_config")):
            yield (
                "http_config",
                "missing webex_configs.http_config.authorization; add it with the bot's token as credentials",
            )
