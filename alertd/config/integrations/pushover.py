"""`pushover_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.clock import HOUR, MINUTE
from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig, one_of
from alertd.config.types import Complaint, File, Flag, GoDuration, Secret, Template, at_most_one, flag_of

PRIORITY = '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'


class PushoverConfig(IntegrationConfig):
    """Sends to telephones by Pushover."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    user_key: Secret | None = Field(None, description="The key of the user or the group.")
    user_key_file: File = Field("", description="A file with the user's key.")
    token: Secret | None = Field(None, description="The token of the application.")
    token_file: File = Field("", description="A file with the application's token.")
    title: Template | None = Field(None, description="The title; default: `pushover.default.title`.")
    message: Template | None = Field(None, description="The text; default: `pushover.default.message`.")
    url: Template | None = Field(None, description="Where the message leads; default: `pushover.default.url`.")
    url_title: Template = Field("", description="The words for `url`.")
    device: Template = Field("", description="The devices, with commas; all of the user's without it.")
    sound: Template = Field("", description="The sound.")
    priority: Template = Field(PRIORITY, description="`-2` to `2`; 2 asks until somebody says yes.")
    retry: GoDuration = Field(MINUTE, description="How often a message of priority 2 asks.")
    expire: GoDuration = Field(HOUR, description="How long a message of priority 2 asks.")
    ttl: GoDuration = Field(0, description="After how long the message vanishes; 0 is never.")
    html: Flag = Field(False, description="Whether the text is HTML.")
    monospace: Flag = Field(False, description="Whether the text is set in a font of one width.")

    templated_secrets = ("user_key", "token")
    exclusive = (("user_key", "user_key_file"), ("token", "token_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        yield from one_of(written, "user_key", "user_key_file")
        yield from one_of(written, "token", "token_file")
        if flag_of(written.get("html")) and flag_of(written.get("monospace")):
            yield "monospace", at_most_one("monospace", "html")
