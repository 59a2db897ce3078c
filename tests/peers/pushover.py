"""Pushover's API: one application, one user, and the emergencies that ring."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
USER = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"

_LIMITS = {"title": 250, "message": 1024, "url": 512, "url_title": 100}
_KEYS = {
    *_LIMITS,
    "token",
    "user",
    "priority",
    "retry",
    "expire",
    "device",
    "sound",
    "ttl",
    "html",
    "monospace",
    "tags",
}


@dataclass
class PushoverPeer(VendorPeer):
    """`messages` takes messages; `ringing` are the tags of emergencies that nobody has stopped."""

    ringing: list[str] = field(default_factory=list)

    @property
    def messages(self) -> str:
        return f"{self.url}/1/messages.json"

    def answer(self, call: Call) -> Answer:
        form = call.form
        if form.get("token") != TOKEN:
            return _refuse("application token is invalid")
        if call.path.startswith("/1/receipts/cancel_by_tag/"):
            tag = call.path.rpartition("/")[2].removesuffix(".json")
            stopped = self.ringing.count(tag)
            self.ringing = [other for other in self.ringing if other != tag]
            return says(200, {"status": 1, "canceled": stopped, "request": "r"})
        if call.path != "/1/messages.json":
            return says(404, {"status": 0, "errors": ["not found"]})
        if form.get("user") != USER:
            return _refuse("user identifier is not a valid user, group, or subscribed user key")
        problems = _problems(form)
        if problems:
            self.problems += problems
            return _refuse(*problems)
        if form["priority"] == "2":
            self.ringing += [tag for tag in [form.get("tags", "")] if tag]
            return says(200, {"status": 1, "request": "r", "receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"})
        return says(200, {"status": 1, "request": "r"})


def _refuse(*errors: str) -> Answer:
    return says(400, {"status": 0, "errors": [*errors], "request": "r"})


def _problems(form: dict[str, str]) -> list[str]:
    problems = [f"unknown key {key}" for key in form.keys() - _KEYS]
    problems += [f"{key} is too long" for key, limit in _LIMITS.items() if len(form.get(key, "")) > limit]
    if not form.get("message"):
        problems.append("message cannot be blank")
    if form.get("priority") not in {"-2", "-1", "0", "1", "2"}:
        problems.append("priority is invalid")
    if form.get("priority") == "2":
        if int(form.get("retry", "0")) < 30:
            problems.append("retry must be at least 30 seconds")
        if not 0 < int(form.get("expire", "0")) <= 10_800:
            problems.append("expire must be at most 10800 seconds")
    if form.get("html") == "1" and form.get("monospace") == "1":
        problems.append("html and monospace exclude each other")
    return problems
