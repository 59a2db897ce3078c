"""What requests pass before the application: the prefix, the password, headers."""

from __future__ import annotations

import base64

import bcrypt
import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from alertd.api.guards import USER, BasicAuth, ExtraHeaders, Prefixed


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what arrived of the request."""
    headers = {key.decode(): value.decode() for key, value in scope["headers"]}
    told = {"path": scope["path"], "user": scope.get(USER), "authorization": headers.get("authorization")}
    await JSONResponse(told)(scope, receive, send)


def client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alertd")  # type: ignore[arg-type]  # any ASGI application


@pytest.mark.parametrize(
    ("path", "status", "inside"),
    [
        ("/am/api/v2/alerts", 200, "/api/v2/alerts"),
        ("/am", 200, "/"),
        ("/am/", 200, "/"),
        ("/amx/api", 404, None),
        ("/api/v2/alerts", 404, None),
        ("/", 302, None),
    ],
)
async def test_prefix(path: str, status: int, inside: str | None) -> None:
    """What is under the prefix arrives without it; the rest is not there."""
    answer = await client(Prefixed(echo, "/am")).get(path)
    assert answer.status_code == status
    if inside is not None:
        assert answer.json()["path"] == inside


async def test_headers() -> None:
    """The headers are on every answer, in place of the application's own."""
    answer = await client(ExtraHeaders(echo, {"X-Frame-Options": "deny", "Content-Type": "x/y"})).get("/")
    assert (answer.headers["x-frame-options"], answer.headers["content-type"]) == ("deny", "x/y")


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "user"),
    [
        (basic("ann", "pass:word"), "ann"),
        (basic("ann", "pass"), None),
        (basic("bob", "pass:word"), None),
        (basic("", ""), None),
        (basic("long", "x" * 100), "long"),
        ("Bearer alertd_x", None),
        ("Basic !!!", None),
        ("", None),
    ],
)
async def test_users(header: str, user: str | None) -> None:
    """A right password lets in, and is not handed on; each answer is the same when it is asked for again."""
    users = {
        "ann": bcrypt.hashpw(b"pass:word", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$"),
        "long": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode(),
    }
    asked = client(BasicAuth(echo, users))
    for _ in range(2):
        answer = await asked.get("/", headers={"Authorization": header} if header else {})
        if user is None:
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
        else:
            assert answer.json() == {"path": "/", "user": user, "authorization": None}
