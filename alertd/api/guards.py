"""What every request passes before it reaches the application: the path's prefix, the user's password, headers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Mapping

import bcrypt
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.api.web import WebOptions

#: The key of the scope under which the name of a user stands whose password was right.
USER = "alertd.user"

# The hash of a password that nobody has: an unknown user must take as long to refuse as a known one.
_NOBODY = b"$2b$10$sKhON6dDWuDuU.UEqVrNGuO2.mOgSW.qBz.ls.dMWiBy526ZZZ4Cq"
_REMEMBERED = 100
# bcrypt itself looks no further.
_LONGEST = 72


def guarded(app: ASGIApp, web: WebOptions) -> ASGIApp:
    """The application behind all that the options ask for."""
    if web.config.basic_auth_users:
        users = {name: secret.get_secret_value() for name, secret in web.config.basic_auth_users.items()}
        app = BasicAuth(app, users)
    headers = {name: value for name, value in web.config.http_server_config.headers.items() if value}
    if headers:
        app = ExtraHeaders(app, headers)
    return Prefixed(app, web.prefix) if web.prefix else app


class Prefixed:
    """Serves an application under a path; whoever asks for the root is sent there."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            raw = scope.get("raw_path") or path.encode()
            inside = {
                **scope,
                "path": path.removeprefix(self._prefix) or "/",
                "raw_path": raw.removeprefix(self._prefix.encode()) or b"/",
            }
            await self._app(inside, receive, send)
        elif path == "/":
            await RedirectResponse(self._prefix, 302)(scope, receive, send)
        else:
            await PlainTextResponse("404 page not found\n", 404)(scope, receive, send)


class ExtraHeaders:
    """Adds headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, with_headers)


class BasicAuth:
    """Lets in who has a user's name and password, and hands the name on in the scope."""

    def __init__(self, app: ASGIApp, users: Mapping[str, str]) -> None:
        self._app = app
        self._users = {name: secret.encode() for name, secret in users.items()}
        # Hashing is slow on purpose; what was right once need not be hashed again.
        self._known: dict[bytes, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, password = _credentials(Headers(scope=scope).get("authorization", ""))
        if not await self._right(name, password):
            refusal = PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": "Basic"})
            await refusal(scope, receive, send)
            return
        headers = [(key, value) for key, value in scope["headers"] if key != b"authorization"]
        await self._app({**scope, "headers": headers, USER: name}, receive, send)

    async def _right(self, name: str, password: bytes) -> bool:
        secret = self._users.get(name, _NOBODY)
        key = hashlib.sha256(b"\0".join((name.encode(), secret, password))).digest()
        if key not in self._known:
            right = await asyncio.to_thread(_matches, password, secret) and name in self._users
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = right
        return self._known[key]


def _matches(password: bytes, secret: bytes) -> bool:
    return bcrypt.checkpw(password[:_LONGEST], secret)


def _credentials(header: str) -> tuple[str, bytes]:
    """Name and password of an `Authorization: Basic …`; both empty for anything else."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return "", b""
