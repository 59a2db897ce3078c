"""Microsoft Teams: a connector that takes message cards, and a workflow that takes adaptive cards."""

from __future__ import annotations

from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

CONNECTOR_PATH = "/webhookb2/11aa/IncomingWebhook/22bb/33cc"
WORKFLOW_PATH = "/workflows/44dd/triggers/manual/paths/invoke"

_MAX_BYTES = 28 * 1024
_CARD_KEYS = {"@context", "type", "title", "summary", "text", "themeColor"}
_COLORS = {"Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"}


class TeamsPeer(VendorPeer):
    """`connector` and `workflow` are its two webhooks."""

    @property
    def connector(self) -> str:
        return self.url + CONNECTOR_PATH

    @property
    def workflow(self) -> str:
        return f"{self.url}{WORKFLOW_PATH}?sig=s3cr3t"

    def answer(self, call: Call) -> Answer:
        if call.path == CONNECTOR_PATH:
            problems = _check_message_card(call.json)
        elif call.path == WORKFLOW_PATH and call.query.get("sig") == "s3cr3t":
            problems = _check_adaptive_card(call.json)
        else:
            return says(404, {"error": {"code": "WorkflowNotFound"}})
        if "charset=utf-8" not in call.headers["content-type"]:
            problems.append("without a character set the size counts twice")
        self.problems += problems
        is_connector = call.path == CONNECTOR_PATH
        if len(call.body) > _MAX_BYTES:
            self.problems.append("too large")
            text = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413"
            return Answer(200, f"{text} with ContextId tcid=1") if is_connector else says(413, {})
        return Answer(200, "1") if is_connector else Answer(202)


def _check_message_card(card: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {key}" for key in card.keys() - _CARD_KEYS]
    if card.get("type") != "MessageCard":
        problems.append("no message card")
    if not card.get("summary") and not card.get("text"):
        problems.append("summary or text is required")
    return problems


def _check_adaptive_card(message: dict[str, Any]) -> list[str]:
    [attachment] = message["attachments"]
    content = attachment["content"]
    problems = [] if message["type"] == "message" else ["no message"]
    if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" or content["type"] != "AdaptiveCard":
        problems.append("no adaptive card")
    for block in content["body"]:
        if block["type"] != "TextBlock" or not isinstance(block["text"], str):
            problems.append("no text block")
        if block.get("color", "Default") not in _COLORS:
            problems.append("unknown color")
    return problems
