"""Rocket.Chat's `chat.postMessage`, with its schema and its own way to refuse."""

from __future__ import annotations

from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "s3cr3t-token"
USER = "aobEdbYhXfu5hkeqG"
TOO_MANY = (
    "Error, too many requests. Please slow down. You must wait 42 seconds before trying this endpoint again."
    " [error-too-many-requests]"
)

_KEYS = {"channel", "text", "alias", "emoji", "avatar", "attachments", "parseUrls", "roomId", "tmid"}
_ATTACHMENT_KEYS = {"title", "title_link", "text", "image_url", "thumb_url", "color", "fields", "actions"}
_MAX_TITLE = 1024


class RocketchatPeer(VendorPeer):
    """Takes messages for every channel but `#gone`."""

    def answer(self, call: Call) -> Answer:
        if call.path != "/api/v1/chat.postMessage":
            return says(404, {"success": False, "error": "API endpoint not found"})
        if (call.headers.get("x-auth-token"), call.headers.get("x-user-id")) != (TOKEN, USER):
            return says(401, {"status": "error", "message": "You must be logged in to do this."})
        message = call.json
        if message.get("channel") == "#gone":
            return says(400, {"success": False, "error": "[invalid-channel]", "errorType": "invalid-channel"})
        self.problems += _problems(message)
        if self.problems:
            return says(400, {"success": False, "error": "; ".join(self.problems), "errorType": "invalid-params"})
        return says(200, {"success": True, "ts": 1481748965123, "channel": message.get("channel", "")})


def _problems(message: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {key}" for key in message.keys() - _KEYS]
    for attachment in message.get("attachments", []):
        problems += [f"unknown key {key} of an attachment" for key in attachment.keys() - _ATTACHMENT_KEYS]
        if len(attachment.get("title", "")) > _MAX_TITLE:
            problems.append("a title is too long")
    return problems
