"""The door to Alertmanager's API: who else may come in through a browser, how many at once, and for how long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.api.alertmanager.answers import ASKED
from alertd.api.web import WebOptions
from alertd.clock import monotonic
from alertd.promql.durations import format_duration
from alertd.service.alertmanager_metrics import AlertmanagerMetrics

_METHODS = ("GET", "POST", "HEAD")
_HEADERS = frozenset({"origin", "accept", "content-type", "x-requested-with"})
_UNAVAILABLE = 503
# Paths by which requests are counted; others could be of any number.
_HANDLER = re.compile(r"(?P<path>/api/v2/(?:status|receivers|silences|alerts|alerts/groups))|/api/v2/silence/[^/]+")


class Door:
    """An application behind the bounds of `web`; what comes and goes is counted."""

    def __init__(self, app: ASGIApp, web: WebOptions, metrics: AlertmanagerMetrics) -> None:
        self._app = app
        self._web = web
        self._metrics = metrics
        self._gets = 0
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        counted = _Counted(send)
        began = monotonic()
        method: str = scope["method"] if scope["method"] in {"GET", "POST", "DELETE"} else "OTHER"
        handler = _handler_of(scope["path"])
        self._metrics.begun(method)
        try:
            await self._foreign(_without_slash(scope), receive, counted)
        finally:
            seconds = (monotonic() - began) / 1000
            self._metrics.ended(method, handler, counted.status, seconds, counted.size)

    async def _foreign(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages of other sites: they are told that they may, or know nothing of it."""
        if not self._web.any_page:
            await self._bounded(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(None, 204, _preflight(headers))(scope, receive, send)
            return

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if "origin" in headers:
                    answer["Access-Control-Allow-Origin"] = "*"
            await send(message)

        await self._bounded(scope, receive, shared)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._web.get_concurrency
        if scope["method"] != "GET" or most <= 0:
            await self._timed(scope, receive, send)
            return
        if self._gets >= most:
            self._metrics.refused("GET")
            text = f"Limit of concurrent GET requests reached ({most}), try again later.\n\n"
            await PlainTextResponse(text, _UNAVAILABLE)(scope, receive, send)
            return
        self._gets += 1
        try:
            await self._timed(scope, receive, send)
        finally:
            self._gets -= 1

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._web.timeout <= 0:
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        work = asyncio.create_task(_run(self._app, scope, receive, keep))
        done, _ = await asyncio.wait([work], timeout=self._web.timeout / 1000)
        if done:
            await work
            for message in kept:
                await send(message)
            return
        # A transaction that has begun cannot be stopped; nobody waits for it any more.
        work.cancel()
        self._late.add(work)
        work.add_done_callback(self._late.discard)
        text = f"Exceeded configured timeout of {format_duration(self._web.timeout)}.\n"
        await PlainTextResponse(text, _UNAVAILABLE)(scope, receive, send)


class _Counted:
    """Sends on, and remembers the status and the size of the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.size += len(message.get("body", b""))
        await self._send(message)


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def _without_slash(scope: Scope) -> Scope:
    """A slash at the end of a path means nothing."""
    inside: str = scope["path"].removeprefix(scope.get("root_path", ""))
    if not inside.strip("/") or not inside.endswith("/"):
        return scope
    return {**scope, "path": scope["path"].rstrip("/"), ASKED: scope["path"]}


def _handler_of(path: str) -> str:
    found = _HANDLER.fullmatch(path)
    if found is None:
        return "other"
    return found["path"] or "/api/v2/silence/{silenceID}"


def _preflight(headers: Mapping[str, str]) -> dict[str, str]:
    """What a browser is told that asks before it asks; without the first header it goes no further."""
    vary = {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
    method = headers["access-control-request-method"].upper()
    names = [name.strip() for name in headers.get("access-control-request-headers", "").split(",") if name.strip()]
    if "origin" not in headers or method not in _METHODS or not {name.lower() for name in names} <= _HEADERS:
        return vary
    allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": method}
    if names:
        allowed["Access-Control-Allow-Headers"] = ", ".join(names)
    return vary | allowed
