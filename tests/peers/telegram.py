"""Telegram's Bot API: one bot that is in some chats, with Telegram's view of HTML and of what is too long."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = -1001234567890

_KEYS = {
    "chat_id",
    "message_thread_id",
    "text",
    "parse_mode",
    "disable_web_page_preview",
    "disable_notification",
}
_TAG = re.compile(r"<(/?)([^<>]*)>")
_KNOWN_TAGS = {"a", "b", "strong", "i", "em", "u", "s", "code", "pre", "blockquote", "tg-spoiler"}


@dataclass
class TelegramPeer(VendorPeer):
    """`chats` are those that the bot is in; `moved` are groups that became another one."""

    chats: set[int] = field(default_factory=lambda: {CHAT})
    moved: dict[int, int] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        if call.path != f"/bot{TOKEN}/sendMessage":
            return says(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        body = call.json
        self.problems += [f"unknown key {key}" for key in body.keys() - _KEYS]
        chat = int(body["chat_id"])
        if chat in self.moved:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            return _refuse(400, description, migrate_to_chat_id=self.moved[chat])
        if chat not in self.chats:
            return _refuse(400, "Bad Request: chat not found")
        text = body["text"]
        if len(text.encode()) > 1 << 15:
            return _refuse(400, "Bad Request: message is too long")
        if body.get("parse_mode") == "HTML":
            wrong = _wrong_html(text)
            if wrong:
                return _refuse(400, f"Bad Request: can't parse entities: {wrong}")
            text = unescape(_TAG.sub("", text))
        if not 0 < len(text.strip()) <= 4096:
            return _refuse(400, "Bad Request: message is too long" if text.strip() else "Bad Request: text is empty")
        return says(200, {"ok": True, "result": {"message_id": len(self.calls), "chat": {"id": chat}, "text": text}})


def _refuse(status: int, description: str, **parameters: Any) -> Answer:
    return says(status, {"ok": False, "error_code": status, "description": description, "parameters": parameters})


def _wrong_html(text: str) -> str:
    """What Telegram objects to: an unknown tag, or one that is closed wrongly or not at all."""
    is_open: list[str] = []
    for closing, inside in _TAG.findall(text):
        name = (inside.split() or [""])[0]
        if name not in _KNOWN_TAGS:
            return f'Unsupported start tag "{name}"'
        if not closing:
            is_open.append(name)
        elif not is_open or is_open.pop() != name:
            return f'Unexpected end tag "{name}"'
    rest = _TAG.sub("", text)
    return "Unclosed start tag" if is_open or "<" in rest else ""
