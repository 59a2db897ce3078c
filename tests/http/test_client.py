"""The HTTP client: what it sends, how it fails, and what it never tells."""

from __future__ import annotations

import base64
import gzip
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from alertd.clock import SECOND, from_rfc3339
from alertd.http import (
    USER_AGENT,
    ClientSettings,
    HttpClients,
    HttpError,
    HttpErrorKind,
    OAuth2Settings,
    TlsSettings,
    origin,
    parse_retry_after,
    redact,
)
from alertd.http.pools import PoolKey
from tests.peers.serving import Answer, serving
from tests.peers.webhook import WebhookPeer, webhook_peer

NOW = from_rfc3339("2026-01-31T12:00:00Z")


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


async def test_post_carries_body_headers_and_the_name_of_the_program(clients: HttpClients, peer: WebhookPeer) -> None:
    """A POST arrives as it was meant, with alertd's own User-Agent."""
    peer.script(Answer(202, "taken", (("X-Seen", "yes"),)))
    response = await clients.client().post(peer.url, b"{}", {"Content-Type": "application/json"})
    assert (response.status, response.text, response.headers["x-seen"]) == (202, "taken", "yes")
    received = peer.requests[0]
    assert (received.method, received.path, received.body) == ("POST", "/hook", b"{}")
    assert received.headers["user-agent"] == USER_AGENT
    assert received.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (ClientSettings(basic_username="u", basic_password="p"), "authorization", _basic("u:p")),
        (ClientSettings(basic_username_file="{user}", basic_password_file="{pass}"), "authorization", _basic("me:s3")),
        (ClientSettings(credentials="tok"), "authorization", "Bearer tok"),
        (ClientSettings(authorization_type="Token", credentials_file="{pass}"), "authorization", "Token s3"),
        (ClientSettings(headers=(("X-Team", "a"),)), "x-team", "a"),
        (ClientSettings(header_files=(("X-Key", "{pass}"),)), "x-key", "s3"),
    ],
)
async def test_settings_become_headers(
    clients: HttpClients, peer: WebhookPeer, tmp_path: Path, settings: ClientSettings, name: str, value: str
) -> None:
    """Each way to authenticate, inline or from a file, gives the header that servers expect."""
    files = {"{user}": tmp_path / "user", "{pass}": tmp_path / "pass"}
    files["{user}"].write_text("me\n")
    files["{pass}"].write_text("s3\n")

    def real(path: str) -> str:
        return str(files[path]) if path else ""

    settings = ClientSettings(
        basic_username=settings.basic_username,
        basic_username_file=real(settings.basic_username_file),
        basic_password=settings.basic_password,
        basic_password_file=real(settings.basic_password_file),
        authorization_type=settings.authorization_type,
        credentials=settings.credentials,
        credentials_file=real(settings.credentials_file),
        headers=settings.headers,
        header_files=tuple((header, real(path)) for header, path in settings.header_files),
    )
    await clients.client(settings).request("GET", peer.url)
    assert peer.requests[0].headers[name] == value


async def test_header_takes_values_and_files_together(clients: HttpClients, peer: WebhookPeer, tmp_path: Path) -> None:
    """All values of a header arrive, also those beyond ASCII; a value over two lines is refused before it is sent."""
    file = tmp_path / "value"
    file.write_text("from the file\n", encoding="utf-8")
    settings = ClientSettings(headers=(("X-Team", "a"), ("x-team", "é")), header_files=(("X-Team", str(file)),))
    await clients.client(settings).request("GET", peer.url)
    assert peer.requests[0].headers["x-team"] == "a, é, from the file"
    file.write_text("two\nlines")
    with pytest.raises(HttpError, match="the value of the header X-Team must be one line of text") as caught:
        await clients.client(settings).request("GET", peer.url)
    assert caught.value.kind is HttpErrorKind.CREDENTIALS


@pytest.mark.parametrize(
    "settings",
    [
        ClientSettings(basic_username="u", basic_password_file="{file}"),
        ClientSettings(basic_username_file="{file}"),
        ClientSettings(credentials_file="{file}"),
        ClientSettings(header_files=(("X-Key", "{file}"),)),
        ClientSettings(oauth2=OAuth2Settings("id", "http://127.0.0.1:1/", client_secret_file="{file}")),
    ],
)
@pytest.mark.parametrize(("content", "reason"), [(None, "No such file or directory"), (b"\xff", "it is not text")])
async def test_file_that_cannot_be_read(
    clients: HttpClients,
    peer: WebhookPeer,
    tmp_path: Path,
    settings: ClientSettings,
    content: bytes | None,
    reason: str,
) -> None:
    """Whatever a secret is for, a file that cannot be read is named when something is to be sent, and nothing is."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HttpError) as caught:
        await clients.client(_with_file(settings, str(path))).post(peer.url, b"")
    assert str(caught.value) == f"cannot read the secret in {path}: {reason}"
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.CREDENTIALS, False)
    assert peer.requests == []


def _with_file(settings: ClientSettings, path: str) -> ClientSettings:
    if settings.oauth2 is not None:
        return replace(settings, oauth2=replace(settings.oauth2, client_secret_file=path))
    return replace(
        settings,
        basic_username_file=settings.basic_username_file and path,
        basic_password_file=settings.basic_password_file and path,
        credentials_file=settings.credentials_file and path,
        header_files=tuple((name, path) for name, _ in settings.header_files),
    )


async def test_secret_file_is_read_again(clients: HttpClients, peer: WebhookPeer, tmp_path: Path) -> None:
    """A rotated secret is used from the next request on; one that is gone is an error without the secret."""
    secret = tmp_path / "token"
    client = clients.client(ClientSettings(credentials_file=str(secret)))
    for value in ("old", "new"):
        secret.write_text(value)
        await client.request("GET", peer.url)
    assert [request.headers["authorization"] for request in peer.requests] == ["Bearer old", "Bearer new"]
    secret.unlink()
    with pytest.raises(HttpError) as caught:
        await client.request("GET", peer.url)
    assert caught.value.kind is HttpErrorKind.CREDENTIALS


async def test_same_tls_and_proxy_share_one_pool(clients: HttpClients) -> None:
    """Integrations that differ only in credentials share connections; another TLS configuration has its own."""
    key = PoolKey(TlsSettings())
    insecure = PoolKey(TlsSettings(insecure_skip_verify=True))
    async with clients.pool(key) as one, clients.pool(key) as same, clients.pool(insecure) as other:
        assert one is same
        assert one is not other


async def test_cookies_are_not_kept(clients: HttpClients, peer: WebhookPeer) -> None:
    """What one answer sets is not sent with the next request: integrations share a pool."""
    peer.default = Answer(200, "", (("Set-Cookie", "session=1; Path=/"),))
    for _ in range(2):
        await clients.client().request("GET", peer.url)
    assert all("cookie" not in request.headers for request in peer.requests)


@pytest.mark.parametrize(
    ("answer", "kind", "maybe_delivered"),
    [
        (Answer(hang=True), HttpErrorKind.TIMEOUT, True),
        (Answer(close=True), HttpErrorKind.CONNECTION, True),
    ],
)
async def test_lost_answer_may_have_been_delivered(
    clients: HttpClients, peer: WebhookPeer, answer: Answer, kind: HttpErrorKind, maybe_delivered: bool
) -> None:
    """Once the request was on its way, nobody knows what the server did with it."""
    peer.script(answer)
    with pytest.raises(HttpError) as caught:
        await clients.client().post(peer.url, b"{}", time_limit=200)
    assert (caught.value.kind, caught.value.maybe_delivered) == (kind, maybe_delivered)
    assert "/hook" not in str(caught.value)


async def test_refused_connection_was_not_delivered(clients: HttpClients) -> None:
    """Where nobody listens, nothing was delivered; the text names the server and hides the path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret"
        with pytest.raises(HttpError) as caught:
            await clients.client().post(url, b"")
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.CONNECTION, False)
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "hooks.example.com/x", "ftp://h/x", "http://", "http://[::1/x", "http://h:x/y"])
async def test_address_that_is_none(clients: HttpClients, url: str) -> None:
    """A URL that cannot be sent to is an error of its own, before anything is sent."""
    with pytest.raises(HttpError) as caught:
        await clients.client().post(url, b"")
    assert caught.value.kind is HttpErrorKind.URL


@pytest.mark.parametrize(("status", "followed"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
async def test_redirects_keep_the_method_or_are_not_followed(
    clients: HttpClients, peer: WebhookPeer, status: int, followed: bool
) -> None:
    """A POST never turns into a GET: such a redirect is the answer; 307 and 308 bring the body to the other place."""
    peer.script(Answer(status, "", (("Location", "/elsewhere"),)), Answer(200, "there"))
    response = await clients.client().post(peer.url, b"body")
    assert response.status == (200 if followed else status)
    assert [request.body for request in peer.requests] == [b"body"] * (2 if followed else 1)


async def test_redirects_can_be_forbidden_and_end(clients: HttpClients, peer: WebhookPeer) -> None:
    """`follow_redirects: false` leaves even a 307 alone; a circle of redirects is an error."""
    peer.default = Answer(307, "", (("Location", "/hook"),))
    response = await clients.client(ClientSettings(follow_redirects=False)).post(peer.url, b"")
    assert response.status == 307
    with pytest.raises(HttpError, match="redirected more than 3 times"):
        await clients.client().post(peer.url, b"")


async def test_credentials_do_not_follow_to_another_host(clients: HttpClients, peer: WebhookPeer) -> None:
    """A redirect to another origin arrives without the Authorization header."""
    async with webhook_peer() as other:
        peer.script(Answer(307, "", (("Location", other.url),)))
        await clients.client(ClientSettings(credentials="tok")).post(peer.url, b"x")
        assert "authorization" in peer.requests[0].headers
        assert "authorization" not in other.requests[0].headers


async def test_long_answer_is_cut(clients: HttpClients) -> None:
    """A body is read up to the bound, also when it arrives compressed."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"a" * 500_000), headers={"Content-Encoding": "gzip"})

    async with serving(handle) as base:
        response = await clients.client().request("GET", base, max_body=1000)
    assert (response.body, response.truncated) == (b"a" * 1000, True)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", 30 * SECOND),
        (" 0 ", 0),
        ("Sat, 31 Jan 2026 12:01:00 GMT", 60 * SECOND),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
    ],
)
def test_parse_retry_after(value: str, wait: int | None) -> None:
    """Seconds and dates are understood; a date that is past means now; anything else says nothing."""
    assert parse_retry_after(value, NOW) == wait


def test_redaction() -> None:
    """Of a secret URL only the server is seen."""
    url = "https://user:pw@hooks.example.com:8443/services/T0/B0/x?k=v"
    assert origin(url) == "https://hooks.example.com:8443"
    assert redact(f"failed: {url}", url) == "failed: https://hooks.example.com:8443/<redacted>"
    assert redact("bad token abc", "abc", "") == "bad token <redacted>"
