"""OAuth 2: when a token is fetched, what it is asked with, and how that fails."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from alertd.clock import SECOND, VirtualClock
from alertd.http import (
    ClientSettings,
    HttpClient,
    HttpClients,
    HttpError,
    HttpErrorKind,
    OAuth2Settings,
    Response,
    TlsSettings,
)
from alertd.http.oauth2 import Grant, read_grant
from tests.peers.serving import Answer, serving
from tests.peers.tokens import CLIENT_ID, CLIENT_SECRET, TokenServer, token_server
from tests.peers.webhook import WebhookPeer


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with token_server() as server:
        yield server


def settings_of(tokens: TokenServer) -> OAuth2Settings:
    return OAuth2Settings(CLIENT_ID, tokens.url, CLIENT_SECRET)


@pytest.fixture
def client(clients: HttpClients, tokens: TokenServer) -> HttpClient:
    return clients.client(ClientSettings(oauth2=settings_of(tokens)))


def _sent(peer: WebhookPeer) -> list[str]:
    return [request.headers["authorization"] for request in peer.requests]


async def test_token_is_kept_until_shortly_before_its_end(
    client: HttpClient, clock: VirtualClock, peer: WebhookPeer, tokens: TokenServer
) -> None:
    """One token serves until 10 s before it ends, then the next is fetched."""
    for wait in (0, 3589 * SECOND, 1 * SECOND):
        clock.advance(wait)
        assert (await client.post(peer.url, b"{}")).is_success
    assert _sent(peer) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert tokens.forms == [{"grant_type": "client_credentials"}] * 2


async def test_token_without_an_end_is_kept(
    client: HttpClient, clock: VirtualClock, peer: WebhookPeer, tokens: TokenServer
) -> None:
    """Without `expires_in` a token serves until it is refused."""
    tokens.expires_in = None
    for _ in range(2):
        clock.advance(10**9)
        await client.post(peer.url, b"")
    assert tokens.given == 1


async def test_scopes_and_parameters_are_sent(clients: HttpClients, peer: WebhookPeer, tokens: TokenServer) -> None:
    """Scopes are joined by spaces; more parameters are added, and may name another grant."""
    more = (("audience", "https://hooks"), ("grant_type", "custom"))
    oauth2 = replace(settings_of(tokens), scopes=("read", "write"), endpoint_params=more)
    await clients.client(ClientSettings(oauth2=oauth2)).post(peer.url, b"")
    assert tokens.forms == [{"grant_type": "custom", "scope": "read write", "audience": "https://hooks"}]


async def test_concurrent_requests_share_one_token(
    clients: HttpClients, peer: WebhookPeer, tokens: TokenServer
) -> None:
    """Of many requests at the same time, also of different clients with the same settings, one fetches."""
    alike = [clients.client(ClientSettings(oauth2=settings_of(tokens))) for _ in range(3)]
    await asyncio.gather(*(client.post(peer.url, b"") for client in alike for _ in range(4)))
    assert (_sent(peer), tokens.given) == (["Bearer token-1"] * 12, 1)


async def test_refused_token_is_fetched_again_once(client: HttpClient, peer: WebhookPeer, tokens: TokenServer) -> None:
    """A 401 fetches one new token and sends once more; a second 401 is the answer."""
    peer.script(Answer(200), Answer(401), Answer(200), Answer(401), Answer(401))
    statuses = [(await client.post(peer.url, b"body")).status for _ in range(3)]
    assert statuses == [200, 200, 401]
    assert _sent(peer) == [f"Bearer token-{number}" for number in (1, 1, 2, 2, 3)]
    assert {request.body for request in peer.requests} == {b"body"}


async def test_tokens_refused_together_are_fetched_once(
    client: HttpClient, peer: WebhookPeer, tokens: TokenServer
) -> None:
    """Many requests whose token is refused at the same time fetch one new token between them."""
    await client.post(peer.url, b"")
    arrived = asyncio.Barrier(5)

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] == "Bearer token-1":
            await arrived.wait()
            return web.Response(status=401)
        return web.Response()

    async with serving(handle) as base:
        answers = await asyncio.gather(*(client.post(base, b"") for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert tokens.given == 2


async def test_both_ways_to_show_the_client(clients: HttpClients, peer: WebhookPeer, tokens: TokenServer) -> None:
    """A server that wants name and secret in the body gets them there; what worked is remembered."""
    tokens.style, tokens.expires_in = "body", 1
    client = clients.client(ClientSettings(oauth2=settings_of(tokens)))
    for _ in range(2):
        await client.post(peer.url, b"")
    secrets = [form.get("client_secret") for form in tokens.forms]
    assert secrets == [None, CLIENT_SECRET, CLIENT_SECRET]
    assert _sent(peer) == ["Bearer token-1", "Bearer token-2"]


async def test_changed_secret_fetches_anew(
    clients: HttpClients, peer: WebhookPeer, tokens: TokenServer, tmp_path: Path
) -> None:
    """A rotated secret's file counts at once, and the token of the former secret is given up."""
    file = tmp_path / "secret"
    oauth2 = OAuth2Settings(CLIENT_ID, tokens.url, client_secret_file=str(file))
    client = clients.client(ClientSettings(oauth2=oauth2))
    for secret in ("first", "first", "second"):
        file.write_text(f"{secret}\n")
        tokens.secret = secret
        await client.post(peer.url, b"")
    assert _sent(peer) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_header_of_the_request_stands(client: HttpClient, peer: WebhookPeer, tokens: TokenServer) -> None:
    """A request that brings its own authorization needs no token."""
    await client.post(peer.url, b"", {"Authorization": "Bearer own"})
    assert (_sent(peer), tokens.given) == (["Bearer own"], 0)


async def test_tls_of_the_token_server(
    clients: HttpClients, peer: WebhookPeer, authority: trustme.CA, server_tls: ssl.SSLContext
) -> None:
    """The server of tokens is checked with the TLS settings of `oauth2`, not with those of the client."""
    ca = TlsSettings(ca=authority.cert_pem.bytes().decode())
    async with token_server(server_tls) as tokens:
        oauth2 = settings_of(tokens)
        trusting = ClientSettings(oauth2=replace(oauth2, tls=ca))
        assert (await clients.client(trusting).post(peer.url, b"")).is_success
        with pytest.raises(HttpError) as caught:
            await clients.client(ClientSettings(oauth2=oauth2, tls=ca)).post(peer.url, b"")
    assert caught.value.kind is HttpErrorKind.TLS
    assert str(caught.value).startswith("cannot fetch an OAuth 2 token from https://127.0.0.1:")


async def test_wrong_secret_is_told_without_it(clients: HttpClients, peer: WebhookPeer, tokens: TokenServer) -> None:
    """The error names server, status and reason, hides a secret that the server repeats, and nothing is sent."""
    wrong = replace(settings_of(tokens), client_secret="wr+ng")
    refusal = json.dumps({"error": "bad", "error_description": "no wr+ng, wr%2Bng"})
    tokens.answers.extend([Answer(400, refusal, (("Content-Type", "application/json"),))] * 2)
    with pytest.raises(HttpError) as caught:
        await clients.client(ClientSettings(oauth2=wrong)).post(peer.url, b"")
    server = tokens.url.removesuffix("/oauth2/token")
    reason = "it answered 400: bad: no <redacted>, <redacted>"
    assert str(caught.value) == f"cannot fetch an OAuth 2 token from {server}: {reason}"
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.CREDENTIALS, False)
    assert peer.requests == []
    tokens.answers.clear()
    with pytest.raises(HttpError, match="it answered 401: invalid_client"):
        await clients.client(ClientSettings(oauth2=wrong)).post(peer.url, b"")


async def test_failed_fetch_is_tried_with_the_next_request(
    client: HttpClient, peer: WebhookPeer, tokens: TokenServer
) -> None:
    """A server of tokens that was down for a moment is asked again."""
    tokens.answers.extend([Answer(503, "down"), Answer(503, "down")])
    with pytest.raises(HttpError, match=r"it answered 503$"):
        await client.post(peer.url, b"")
    assert (await client.post(peer.url, b"")).is_success


async def test_silent_token_server_is_a_timeout(clients: HttpClients, peer: WebhookPeer) -> None:
    """A token that does not come in time is a time-out of the token's server, and nothing was delivered."""
    silent = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await silent.wait()
        return web.Response()

    async with serving(hang) as base:
        oauth2 = OAuth2Settings(CLIENT_ID, f"{base}/secret-path", CLIENT_SECRET)
        client = clients.client(ClientSettings(oauth2=oauth2))
        with pytest.raises(HttpError) as caught:
            await client.post(peer.url, b"", time_limit=200)
        silent.set()
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.TIMEOUT, False)
    assert base in str(caught.value)
    assert "secret-path" not in str(caught.value)
    assert peer.requests == []


def _answer(body: object, content_type: str = "application/json", status: int = 200) -> Response:
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(status, {"content-type": content_type}, text.encode())


@pytest.mark.parametrize(
    ("answer", "grant"),
    [
        (_answer({"access_token": "t"}), Grant("Bearer t", None)),
        (_answer({"access_token": "t", "token_type": "BEARER", "expires_in": 60}), Grant("Bearer t", 60 * SECOND)),
        (_answer({"access_token": "t", "expires_in": "60"}), Grant("Bearer t", 60 * SECOND)),
        (_answer({"access_token": "t", "expires_in": 60.5}), Grant("Bearer t", 60 * SECOND)),
        (_answer({"access_token": "t", "expires_in": 0}), Grant("Bearer t", None)),
        (_answer({"access_token": "t", "token_type": "mac"}), Grant("MAC t", None)),
        (_answer({"access_token": "t", "token_type": "Own"}), Grant("Own t", None)),
        (_answer("access_token=t&expires_in=5", "text/plain; charset=utf-8"), Grant("Bearer t", 5 * SECOND)),
        (_answer("access_token=t%2B", "application/x-www-form-urlencoded"), Grant("Bearer t+", None)),
    ],
)
def test_forms_of_an_answer(answer: Response, grant: Grant) -> None:
    """JSON and forms are read, with the end as number or text, and the usual types in their usual letters."""
    assert read_grant(answer) == grant


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_answer("<html>", "text/html"), "it answered 200, not in the form of OAuth 2"),
        (_answer(["t"]), "it answered 200, not in the form of OAuth 2"),
        (_answer({"token": "t"}), "it answered 200 without an access_token"),
        (_answer({"access_token": 1}), "it answered 200 without an access_token"),
        (_answer({"error": "no"}), "it answered 200: no"),
        (_answer({"access_token": "t"}, status=500), "it answered 500"),
        (_answer({"error": "e", "error_description": "a\nb"}, status=400), "it answered 400: e: a b"),
        (_answer({"access_token": "t", "expires_in": "soon"}), "the expires_in of its token is no number of seconds"),
        (
            _answer('{"access_token": "t", "expires_in": Infinity}'),
            "the expires_in of its token is no number of seconds",
        ),
    ],
)
def test_answers_that_grant_nothing(answer: Response, reason: str) -> None:
    """What is no token is said in a sentence, not guessed at."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        read_grant(answer)
