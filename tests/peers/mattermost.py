"""Mattermost: one incoming webhook, with its limits on what it takes."""

from __future__ import annotations

from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

HOOK = "/hooks/n9x6yqr5w3fpxk1z8mshq4o7te"

_KEYS = {"text", "channel", "username", "icon_url", "icon_emoji", "attachments", "type", "props", "priority"}
_PRIORITIES = {"standard", "important", "urgent"}
_MAX_TEXT = 16383


class MattermostPeer(VendorPeer):
    """`webhook` is its address; the channel `gone` does not exist."""

    @property
    def webhook(self) -> str:
        return self.url + HOOK

    def answer(self, call: Call) -> Answer:
        if call.path != HOOK:
            return _refusal(400, "web.incoming_webhook.invalid.app_error", "Invalid webhook.")
        post = call.json
        if post.get("channel") == "gone":
            return _refusal(404, "web.incoming_webhook.channel.app_error", "Couldn't find the channel.")
        problems = _problems(post)
        self.problems += problems
        if problems:
            return _refusal(400, "web.incoming_webhook.text.app_error", "; ".join(problems))
        return Answer(200, "ok")


def _problems(post: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {key}" for key in post.keys() - _KEYS]
    texts = [post.get("text", ""), *(attachment.get("text", "") for attachment in post.get("attachments", []))]
    problems += ["a text is too long" for text in texts if len(text) > _MAX_TEXT]
    if not post.get("text") and not post.get("attachments"):
        problems.append("no text specified")
    priority = post.get("priority")
    if priority is not None and priority.get("priority") not in _PRIORITIES:
        problems.append("unknown priority")
    if priority and priority.get("persistent_notifications") and priority["priority"] != "urgent":
        problems.append("only urgent posts can have persistent notifications")
    if post.get("type") and not post["type"].startswith("custom_"):
        problems.append("a type must begin with custom_")
    return problems


def _refusal(status: int, code: str, text: str) -> Answer:
    return says(status, {"id": code, "message": text, "request_id": "r", "status_code": status})
