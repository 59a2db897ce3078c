"""VictorOps' REST endpoint: checks each alert by its field glossary and keeps the incidents that come of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

KEY = "0a1b2c3d-key"
_TYPES = {"CRITICAL", "WARNING", "INFO", "ACKNOWLEDGEMENT", "RECOVERY"}
_MAX_STATE_MESSAGE = 20480


@dataclass
class VictoropsPeer(VendorPeer):
    """Takes alerts at `api_url`; `incidents` are message types by entity id, the newest last."""

    incidents: dict[str, list[str]] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        return f"{self.url}/integrations/generic/20131114/alert/"

    def answer(self, call: Call) -> Answer:
        parts = call.path.split("/")
        if parts[:5] != ["", "integrations", "generic", "20131114", "alert"] or len(parts) != 7:
            return says(404, {"result": "failure", "message": "no such endpoint"})
        if parts[5] != KEY:
            return says(403, {"result": "failure", "message": "unknown key"})
        alert = call.json
        kind = alert.get("message_type")
        if kind not in _TYPES:
            self.problems.append(f"message_type {kind!r}")
        if not 0 < len(alert.get("entity_id", "")) <= 512:
            self.problems.append("entity_id is empty or too long")
        if len(alert.get("state_message", "")) > _MAX_STATE_MESSAGE:
            self.problems.append("state_message is too long")
        if self.problems:
            return says(200, {"result": "failure", "messages": self.problems})
        self.incidents.setdefault(alert["entity_id"], []).append(kind)
        return says(200, {"result": "success", "entity_id": alert["entity_id"]})
