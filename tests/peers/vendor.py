"""What the vendors' peers share: calls are kept, scripted answers come first, the vendor's own check after them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

from tests.peers.serving import Answer, serving


@dataclass(frozen=True)
class Call:
    """One request: its path as it was written, without the query; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


@dataclass
class VendorPeer(ABC):
    """`url` is its address; an entry of `answers` replaces what the vendor would say, once.

    `problems` are what the vendor would not have taken.
    """

    url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    @abstractmethod
    def answer(self, call: Call) -> Answer:
        """What the vendor says to `call`."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.query)
        call = Call(request.method, request.rel_url.raw_path, query, headers, await request.read())
        self.calls.append(call)
        answer = self.answers.popleft() if self.answers else self.answer(call)
        if answer.close and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, text=answer.body, headers=dict(answer.headers))


def says(status: int, body: object, **headers: str) -> Answer:
    """An answer with a JSON body; the names of headers are written with `_` for `-`."""
    named = ((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, json.dumps(body), (("Content-Type", "application/json"), *named))


Peer = TypeVar("Peer", bound=VendorPeer)


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[Peer]:
    """`peer`, listening on loopback."""
    async with serving(peer.handle) as url:
        peer.url = url
        yield peer
