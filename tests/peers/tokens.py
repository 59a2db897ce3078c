"""The server of an OAuth 2 provider that gives tokens, numbered, to one client."""

from __future__ import annotations

import base64
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from tests.peers.serving import Answer, serving

CLIENT_ID = "alertd"
CLIENT_SECRET = "s3cr3t/of+alertd"


@dataclass
class TokenServer:
    """Gives `token-1`, `token-2` and so on to who knows `secret`; `answers` come first, one a request.

    `style` says where it wants the client's name and secret: `header` or `body`.
    """

    url: str = ""
    secret: str = CLIENT_SECRET
    style: str = "header"
    expires_in: object = 3600
    token_type: str = "bearer"
    answers: deque[Answer] = field(default_factory=deque)
    forms: list[dict[str, str]] = field(default_factory=list)
    given: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl(await request.text()))
        self.forms.append(form)
        if self.answers:
            answer = self.answers.popleft()
            return web.Response(status=answer.status, text=answer.body, headers=dict(answer.headers))
        if self._client(request, form) != (CLIENT_ID, self.secret):
            refusal = {"error": "invalid_client", "error_description": f"{self.secret} is not what was sent"}
            return web.json_response(refusal, status=401)
        self.given += 1
        token = {"access_token": f"token-{self.given}", "token_type": self.token_type, "expires_in": self.expires_in}
        return web.json_response(token)

    def _client(self, request: web.Request, form: dict[str, str]) -> tuple[str, str]:
        if self.style == "body":
            return form.get("client_id", ""), form.get("client_secret", "")
        encoded = request.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)


@asynccontextmanager
async def token_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[TokenServer]:
    """A listening server of tokens; the URL to ask is `server.url`."""
    server = TokenServer()
    async with serving(server.handle, tls) as base:
        server.url = f"{base}/oauth2/token"
        yield server
