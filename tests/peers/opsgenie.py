"""Opsgenie's alert API: checks each request as Opsgenie does and keeps the alerts that come of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

API_KEY = "eb243592-faa2-4ba2-a551-1afdf565c889"

_PATH = re.compile(r"/v2/alerts(?:/(?P<alias>[^/]+)/(?P<what>close|acknowledge|unacknowledge|message|description))?")
_KEYS = {
    "alias",
    "message",
    "description",
    "responders",
    "actions",
    "tags",
    "details",
    "entity",
    "source",
    "priority",
    "note",
}
_LIMITS = {"alias": 512, "message": 130, "description": 15_000, "entity": 512, "note": 25_000}
_RESPONDERS = {"team", "user", "escalation", "schedule"}
_METHODS = {"message": "PUT", "description": "PUT"}


@dataclass
class OpsgenieAlert:
    """`open`, `acknowledged` or `closed`; `count` grows when it is created again while it is not closed."""

    message: str
    description: str
    state: str = "open"
    count: int = 1
    log: list[str] = field(default_factory=list)


@dataclass
class OpsgeniePeer(VendorPeer):
    """Takes requests at `url`."""

    alerts: dict[str, OpsgenieAlert] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"GenieKey {API_KEY}":
            return says(403, {"message": "Could not authenticate", "took": 0.001, "requestId": "r"})
        found = _PATH.fullmatch(call.path)
        if found is None or call.method != _METHODS.get(found["what"] or "", "POST"):
            return says(404, {"message": "not found"})
        alias, what = found["alias"], found["what"]
        problems = _problems(call.json) if what is None else []
        if what is not None and call.query != {"identifierType": "alias"}:
            problems.append("identifierType is not alias")
        if problems:
            self.problems += problems
            return says(
                422, {"message": "Request body is not processable. Please check the errors.", "errors": problems}
            )
        if what is None:
            self._create(call.json)
        elif alias in self.alerts:
            self._change(self.alerts[alias], what, call.json)
        # What is not there is found out later: the request was accepted all the same.
        return says(202, {"result": "Request will be processed", "took": 0.107, "requestId": "43a29c5c"})

    def _create(self, body: dict[str, Any]) -> None:
        known = self.alerts.get(body["alias"])
        if known is None or known.state == "closed":
            self.alerts[body["alias"]] = OpsgenieAlert(body["message"], body.get("description", ""), log=["create"])
        else:
            known.count += 1
            known.log.append("create")

    def _change(self, alert: OpsgenieAlert, what: str, body: dict[str, Any]) -> None:
        alert.log.append(what)
        if what in ("message", "description"):
            setattr(alert, what, body[what])
        else:
            alert.state = {"close": "closed", "acknowledge": "acknowledged", "unacknowledge": "open"}[what]


def _problems(body: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {key}" for key in body.keys() - _KEYS]
    if not body.get("message"):
        problems.append("message is missing")
    problems += [f"{key} is too long" for key, limit in _LIMITS.items() if len(str(body.get(key, ""))) > limit]
    if body.get("priority", "P3") not in {"P1", "P2", "P3", "P4", "P5"}:
        problems.append("priority is unknown")
    responders = body.get("responders", [])
    problems += [f"responder {entry} is unknown" for entry in responders if entry.get("type") not in _RESPONDERS]
    return problems
