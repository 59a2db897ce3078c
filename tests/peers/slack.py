"""Slack: the two Web API methods that alertd calls, incoming webhooks, and what a channel shows in the end."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.peers.serving import Answer, serving

TOKEN = "xoxb-test"
_CONTEXT_ELEMENTS = 10
_BLOCKS = 50
_ATTACHMENTS = 100


@dataclass
class Shown:
    """One message as the channel shows it now."""

    channel: str
    ts: str
    payload: dict[str, Any]
    thread_ts: str = ""
    edits: int = 0
    broadcast: bool = False

    @property
    def title(self) -> str:
        return str(self.payload["attachments"][0].get("title", ""))


@dataclass
class SlackPeer:
    """`post_url` is chat.postMessage, `webhook_url` an incoming webhook.

    `channels` maps what a sender may name to the channel's id. An entry of `answers` replaces what Slack would say,
    once; `errors` does so with `ok: false`.
    """

    post_url: str = ""
    webhook_url: str = ""
    channels: dict[str, str] = field(default_factory=lambda: {"#alerts": "C001", "C001": "C001"})
    answers: deque[Answer] = field(default_factory=deque)
    messages: list[Shown] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    def fail(self, *errors: str) -> None:
        """Answer the next requests with these words of Slack."""
        json_header = (("Content-Type", "application/json"),)
        self.script(*(Answer(200, json.dumps({"ok": False, "error": error}), json_header) for error in errors))

    @property
    def channel(self) -> list[Shown]:
        """The messages of the channel itself, oldest first, without what is only in a thread."""
        return [message for message in self.messages if not message.thread_ts]

    def replies(self, ts: str) -> list[Shown]:
        return [message for message in self.messages if message.thread_ts == ts]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        payload = json.loads(body)
        method = request.path.rpartition("/")[2]
        self.calls.append((method, payload))
        if self.answers:
            answer = self.answers.popleft()
            if answer.hang:
                await self._closing.wait()
            if answer.close and request.transport is not None:
                request.transport.abort()
            headers = {"Content-Type": "text/plain", **dict(answer.headers)}
            return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)
        if request.path.startswith("/services/"):
            return self._webhook(payload)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        error = check(payload)
        if error:
            return web.json_response({"ok": False, "error": error})
        return web.json_response(self._update(payload) if method == "chat.update" else self._post(payload))

    def _webhook(self, payload: dict[str, Any]) -> web.StreamResponse:
        if check(payload):
            return web.Response(status=400, text="invalid_payload")
        self.messages.append(Shown("webhook", f"{len(self.messages) + 1}.0", payload))
        return web.Response(text="ok")

    def _post(self, payload: dict[str, Any]) -> dict[str, Any]:
        channel = self.channels.get(payload.get("channel", ""))
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        ts = f"1700000000.{len(self.messages) + 1:06d}"
        thread = payload.get("thread_ts", "")
        self.messages.append(Shown(channel, ts, payload, thread, broadcast=payload.get("reply_broadcast", False)))
        return {"ok": True, "channel": channel, "ts": ts}

    def _update(self, payload: dict[str, Any]) -> dict[str, Any]:
        for message in self.messages:
            if (message.channel, message.ts) == (payload.get("channel"), payload.get("ts")):
                message.payload = payload
                message.edits += 1
                return {"ok": True, "channel": message.channel, "ts": message.ts}
        return {"ok": False, "error": "message_not_found"}


def check(payload: dict[str, Any]) -> str:
    """The error with which Slack refuses a message's content; empty for one that it takes."""
    attachments = payload.get("attachments", [])
    if not payload.get("text") and not attachments and not payload.get("blocks"):
        return "no_text"
    if len(payload.get("text", "")) > 40_000:
        return "msg_too_long"
    if len(attachments) > _ATTACHMENTS:
        return "too_many_attachments"
    if any(len(attachment.get("title", "")) > 1024 for attachment in attachments):
        return "invalid_attachments"
    if sum(len(attachment.get("text", "")) for attachment in attachments) > 13_200:
        return "msg_too_long"
    blocks = [*payload.get("blocks", []), *(block for each in attachments for block in each.get("blocks", []))]
    if len(blocks) > _BLOCKS or any(not _fits(block) for block in blocks):
        return "invalid_blocks"
    return "msg_blocks_too_long" if sum(len(text) for text in _texts(blocks)) > 13_200 else ""


def _fits(block: dict[str, Any]) -> bool:
    if block["type"] == "header":
        return len(block["text"]["text"]) <= 150
    if block["type"] == "section":
        fields = block.get("fields", [])
        short = all(len(entry["text"]) <= 2000 for entry in fields)
        return len(block.get("text", {}).get("text", "")) <= 3000 and len(fields) <= 10 and short
    return len(block.get("elements", [])) <= _CONTEXT_ELEMENTS if block["type"] == "context" else True


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for entry in node:
            yield from _texts(entry)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)


@asynccontextmanager
async def slack_peer() -> AsyncIterator[SlackPeer]:
    """A listening Slack, with the channel `#alerts` and the token `TOKEN`."""
    peer = SlackPeer()
    async with serving(peer.handle) as base:
        peer.post_url = f"{base}/api/chat.postMessage"
        peer.webhook_url = f"{base}/services/T0/B0/secret"
        try:
            yield peer
        finally:
            peer._closing.set()
