"""What the receivers on loopback heard, in short forms that a test can compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.peers.pagerduty import PagerDutyPeer
from tests.peers.slack import SlackPeer
from tests.peers.smtp import SmtpPeer
from tests.peers.webhook import WebhookPeer


def hooked(peer: WebhookPeer) -> list[tuple[str, str, list[str]]]:
    """Each webhook call: the status, the reason, and each alert as `name:status`."""
    return [_call(request.json) for request in peer.requests]


def paged(peer: PagerDutyPeer) -> list[tuple[str, str]]:
    """Each event of either version: what it does, and its summary (an acknowledge of version 2 has none)."""
    assert not peer.problems
    return [_event(event) for event in peer.events]


def mailed(peer: SmtpPeer) -> list[tuple[str, str]]:
    """Each mail: alertd's word for the state, and the subject."""
    return [(str(taken.mail["X-Alertd-Status"]), str(taken.mail["Subject"])) for taken in peer.mails]


def posted(peer: SlackPeer) -> list[tuple[str, str, str]]:
    """Each Slack message: the colour of its bar, its title, its text."""
    attachments = [shown.payload["attachments"][0] for shown in peer.messages]
    return [(found["color"], found.get("title", ""), found.get("text", "").strip()) for found in attachments]


def plain_text(peer: SmtpPeer, index: int = -1) -> str:
    """The text body of one mail."""
    part = peer.mails[index].mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


class Timeline:
    """What comes in between one look and the next, each with the mark that the look is given."""

    def __init__(self, *heard: Callable[[], Sequence[Any]]) -> None:
        self._heard = heard
        self._known = [0] * len(heard)
        self.entries: list[tuple[Any, list[Any]]] = []

    def look(self, mark: Any) -> None:
        """Note what is new; what arrives at one instant has no order."""
        fresh: list[Any] = []
        for index, heard in enumerate(self._heard):
            everything = heard()
            fresh += everything[self._known[index] :]
            self._known[index] = len(everything)
        if fresh:
            self.entries.append((mark, sorted(fresh)))


def _call(body: Any) -> tuple[str, str, list[str]]:
    alerts = [f"{alert['labels']['alertname']}:{alert['status']}" for alert in body["alerts"]]
    return body["status"], body["notification_reason"], alerts


def _event(event: dict[str, Any]) -> tuple[str, str]:
    if "service_key" in event:
        return event["event_type"], event["description"]
    return event["event_action"], event.get("payload", {}).get("summary", "")
