"""incident.io's alert source for Alertmanager: the webhook's body, up to 512 KiB, with the source's token."""

from __future__ import annotations

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "alert-source-token"
PATH = "/v2/alert_events/alertmanager/01GW2G3V0S59R238FAHPDS1R66"

_MAX_BYTES = 512 * 1024
_KEYS = {"receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "groupKey"}


class IncidentioPeer(VendorPeer):
    """`source` is the address of the alert source."""

    @property
    def source(self) -> str:
        return self.url + PATH

    def answer(self, call: Call) -> Answer:
        if call.path != PATH:
            return says(404, {"type": "not_found", "status": 404, "errors": []})
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return says(401, {"type": "authentication_error", "status": 401, "errors": []})
        if len(call.body) > _MAX_BYTES:
            self.problems.append("the body is larger than 512 KiB")
            return says(413, {"message": "payload too large"})
        missing = _KEYS - call.json.keys()
        if missing or call.json.get("version") != "1":
            self.problems.append(f"version or keys are missing: {sorted(missing)}")
            return says(422, {"message": self.problems[-1]})
        return says(202, {"status": "accepted", "message": "Event accepted for processing"})
