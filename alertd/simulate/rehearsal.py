"""Receivers that render everything and send nothing: what would have gone out is kept instead."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from alertd.http import ClientSettings, HttpClient, HttpClients, Response, origin
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, Receiver
from alertd.notify.receivers.email import EmailReceiver


@dataclass(frozen=True)
class Rehearsed:
    """One message that would have been sent: to whom, why, and its text. `at` is the instant in milliseconds."""

    at: int
    receiver: str
    integration: str
    reason: str
    target: str
    text: str


class Rehearsal:
    """Keeps what would have been sent, in order."""

    def __init__(self) -> None:
        self.messages: list[Rehearsed] = []
        self._speaking: Message | None = None

    def wrap(self, receiver: Receiver) -> Receiver:
        """The same integration, with this rehearsal in place of the world."""
        return RehearsingReceiver(receiver, self)

    async def send(self, receiver: Receiver, message: Message) -> Delivered:
        self._speaking = message
        if isinstance(receiver, EmailReceiver):
            mail = receiver.build(message)
            self.keep(", ".join(mail.recipients), mail.content.decode(errors="replace"))
            return Delivered()
        return await receiver.send(message)

    def keep(self, target: str, text: str) -> None:
        message = self._speaking
        if message is not None:
            kept = Rehearsed(message.now, message.receiver, message.integration, message.reason.value, target, text)
            self.messages.append(kept)


class RehearsingReceiver:
    """One integration that renders its messages and sends none."""

    def __init__(self, receiver: Receiver, rehearsal: Rehearsal) -> None:
        self.kind = receiver.kind
        self.wants_acknowledged = receiver.wants_acknowledged
        self.interval = 0
        self._receiver = receiver
        self._rehearsal = rehearsal

    async def send(self, message: Message) -> Delivered:
        return await self._rehearsal.send(self._receiver, message)


class RehearsalClients(HttpClients):
    """HTTP without a network: every request is kept, and answered as the vendors answer what they take."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self._rehearsal = rehearsal

    def client(self, settings: ClientSettings | None = None) -> HttpClient:
        return _RehearsalClient(self, settings or ClientSettings(), self._rehearsal)


class _RehearsalClient(HttpClient):
    def __init__(self, clients: HttpClients, settings: ClientSettings, rehearsal: Rehearsal) -> None:
        super().__init__(clients, settings)
        self._rehearsal = rehearsal

    async def request(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the client's own form
        *,
        time_limit: int = 0,  # noqa: ARG002 - the client's own form
        max_body: int = 0,  # noqa: ARG002 - the client's own form
    ) -> Response:
        self._rehearsal.keep(f"{method} {origin(url)}", content.decode(errors="replace"))
        if "/api/chat." in url:
            answer = json.dumps({"ok": True, "channel": "C0", "ts": "1.0"})
            return Response(200, {"content-type": "application/json"}, answer.encode())
        return Response(202 if "enqueue" in url else 200, {}, b"ok")
