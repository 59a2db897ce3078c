"""`telegram_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, TIMEOUT, IntegrationConfig
from alertd.config.types import Complaint, File, Flag, HttpUrl, Secret, Template, Text, TimeOut, Whole, at_most_one

_PARSE_MODES = ("Markdown", "MarkdownV2", "HTML", "")
_UNKNOWN_MODE = (
    "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string;"
    " write it with these capitals"
)


class TelegramConfig(IntegrationConfig):
    """Writes to a Telegram chat as a bot."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.telegram_api_url`.")
    bot_token: Secret | None = Field(None, description="The bot's token; default: `global.telegram_bot_token`.")
    bot_token_file: File = Field("", description="A file with the bot's token.")
    chat_id: Whole = Field(0, description="The chat; a group's is negative. This or `chat_id_file` is required.")
    chat_id_file: File = Field("", description="A file with the chat.")
    message_thread_id: Whole = Field(0, description="The topic in the chat; 0 is none.")
    message: Template | None = Field(None, description="The text; default: `telegram.default.message`.")
    disable_notifications: Flag = Field(False, description="Whether messages come without a sound.")
    parse_mode: Text = Field("HTML", description="`HTML`, `Markdown`, `MarkdownV2`, or empty for plain text.")
    timeout: TimeOut = Field(0, description=TIMEOUT)

    plain = ("api_url", "parse_mode")
    inherited = (
        HTTP,
        (("api_url", "telegram_api_url"),),
        (("bot_token", "telegram_bot_token"), ("bot_token_file", "telegram_bot_token_file")),
    )
    exclusive = (("bot_token", "bot_token_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        chat, file = written.get("chat_id"), written.get("chat_id_file")
        if not chat and not file:
            yield "chat_id", "missing chat_id or chat_id_file on telegram_config; add the number of the chat"
        if chat and file:
            yield "chat_id_file", at_most_one("chat_id", "chat_id_file")
        if (mode := written.get("parse_mode")) is not None and mode not in _PARSE_MODES:
            yield "parse_mode", _UNKNOWN_MODE

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        yield from cls.taken_from_nowhere(
            written,
            general,
            "bot_token",
            "missing bot_token or bot_token_file on telegram_config; add one here, or telegram_bot_token to global",
        )
