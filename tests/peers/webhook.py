"""A webhook endpoint that remembers what it was sent and answers as it is told."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.peers.serving import Answer, serving


@dataclass(frozen=True)
class Received:
    """One request: when it came (monotonic seconds), its lower-case headers and its raw body.

    `taken`: it was answered, and well.
    """

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    taken: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class WebhookPeer:
    """`answers` are used up one a request; after them `default` is the answer. `answers_at` are those of a path, which
    go before them, and `default_at` the defaults of paths that hold a word."""

    url: str = ""
    default: Answer = field(default_factory=Answer)
    answers: deque[Answer] = field(default_factory=deque)
    answers_at: dict[str, deque[Answer]] = field(default_factory=dict)
    default_at: dict[str, Answer] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    def script_at(self, path: str, *answers: Answer) -> None:
        """The answers to the next requests of this path."""
        self.answers_at.setdefault(path, deque()).extend(answers)

    async def wait_for(self, count: int, timeout: float = 30) -> list[Received]:  # noqa: ASYNC109 the bound of a test
        """The requests, once there are at least `count`; raises `TimeoutError`."""
        async with asyncio.timeout(timeout), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    def _default(self, path: str) -> Answer:
        return next((answer for word, answer in self.default_at.items() if word in path.split("/")), self.default)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._arrived:
            answers = self.answers_at.get(request.path) or self.answers
            answer = answers.popleft() if answers else self._default(request.path)
            taken = answer.status < 300 and not (answer.hang or answer.close)
            self.requests.append(Received(time.monotonic(), request.method, request.path_qs, headers, body, taken))
            self._arrived.notify_all()
        if answer.hang:
            await self._closing.wait()
        if (answer.hang or answer.close) and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, text=answer.body, headers=dict(answer.headers))


@asynccontextmanager
async def webhook_peer(tls: ssl.SSLContext | None = None) -> AsyncIterator[WebhookPeer]:
    """A listening webhook endpoint; its URL is `peer.url`."""
    peer = WebhookPeer()
    async with serving(peer.handle, tls) as base:
        peer.url = f"{base}/hook"
        try:
            yield peer
        finally:
            peer._closing.set()
