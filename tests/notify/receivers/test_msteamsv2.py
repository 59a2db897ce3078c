"""The adaptive card of the newer Microsoft Teams receiver; what both kinds share is in test_msteams.py."""

from __future__ import annotations

from alertd.config.integrations.msteams import Msteamsv2Config
from alertd.notify.receivers.base import Receiver, Tools
from alertd.notify.receivers.msteamsv2 import Msteamsv2Receiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import told
from tests.peers.msteams import TeamsPeer
from tests.peers.vendor import listening

TEXT = (
    "\n\n# Alerts {}:\n\nLabels:\n  - alertname = DiskFull\n  - instance = db1\n\n"
    "Annotations:\n  - summary = Disk is full\n\nSource: http://prometheus/graph\n\n\n"
)


async def test_adaptive_card() -> None:
    """What a workflow gets by default."""
    async with listening(TeamsPeer()) as peer:
        config = Msteamsv2Config.model_validate({"webhook_url": peer.workflow})

        def make(tools: Tools) -> Receiver:
            return Msteamsv2Receiver(config, tools)

        [delivered, _] = await told(make, make_message(make_alert(resolved=True)), make_message())
    assert (delivered.status_code, peer.problems) == (202, [])
    heading = {
        "type": "TextBlock",
        "text": "[RESOLVED] DiskFull (db1)",
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
        "style": "heading",
        "color": "Good",
    }
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [heading, {"type": "TextBlock", "text": "\n\n" + TEXT[1:].format("Resolved") + "\n", "wrap": True}],
        "msteams": {"width": "full"},
    }
    kind = "application/vnd.microsoft.card.adaptive"
    assert peer.calls[0].json == {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": content}],
    }
    assert peer.calls[1].json["attachments"][0]["content"]["body"][0]["color"] == "Attention"
