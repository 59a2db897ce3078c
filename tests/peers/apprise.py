"""What apprise's `json://` plug-in talks to: an endpoint that checks the plug-in's body."""

from __future__ import annotations

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer

PASSWORD = "s3cr3t-password"

_TYPES = {"info", "success", "warning", "failure"}


class ApprisePeer(VendorPeer):
    """`service` is its address in apprise's words, credentials and all."""

    @property
    def service(self) -> str:
        return f"{self.url.replace('http://', f'json://ops:{PASSWORD}@')}/alerts"

    def answer(self, call: Call) -> Answer:
        if call.path != "/alerts":
            return Answer(404)
        if not call.headers.get("authorization", "").startswith("Basic "):
            return Answer(401)
        if call.json.get("type") not in _TYPES or not call.json.get("message"):
            self.problems.append(f"type or message: {call.json}")
            return Answer(400)
        return Answer(200)
