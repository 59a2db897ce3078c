"""Discord: one webhook, with Discord's limits on what it takes."""

from __future__ import annotations

from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

WEBHOOK_PATH = "/api/webhooks/1234567890/aBcD-eFgH"

_KEYS = {"content", "embeds", "username", "avatar_url"}
_EMBED_KEYS = {"title", "description", "color"}


class DiscordPeer(VendorPeer):
    """`webhook` is its address."""

    @property
    def webhook(self) -> str:
        return self.url + WEBHOOK_PATH

    def answer(self, call: Call) -> Answer:
        if call.path != WEBHOOK_PATH:
            return says(404, {"message": "Unknown Webhook", "code": 10015})
        problems = _problems(call.json)
        self.problems += problems
        return (
            says(400, {"code": 50035, "message": "Invalid Form Body", "errors": problems}) if problems else Answer(204)
        )


def _problems(body: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {key}" for key in body.keys() - _KEYS]
    if len(body.get("content", "")) > 2000:
        problems.append("content is longer than 2000")
    if "username" in body and not 1 <= len(body["username"]) <= 80:
        problems.append("username is not 1 to 80 characters")
    if len(body.get("embeds", [])) > 10:
        problems.append("more than 10 embeds")
    for embed in body.get("embeds", []):
        problems += [f"unknown key {key} of an embed" for key in embed.keys() - _EMBED_KEYS]
        if len(embed.get("title", "")) > 256 or len(embed.get("description", "")) > 4096:
            problems.append("an embed is too long")
    is_empty = not body.get("content") and not any(embed.get("description") for embed in body.get("embeds", []))
    return [*problems, "cannot send an empty message"] if is_empty else problems
