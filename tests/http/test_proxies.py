"""Proxies: which is asked for which address, and what it is told."""

from __future__ import annotations

import base64
import socket
import ssl

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from alertd.http import (
    USER_AGENT,
    ClientSettings,
    HttpClients,
    HttpError,
    HttpErrorKind,
    OAuth2Settings,
    ProxySettings,
    TlsSettings,
)
from alertd.http.proxies import NoProxy, ProxyChoice
from tests.peers.proxy import proxy
from tests.peers.serving import Answer
from tests.peers.socks import socks_proxy
from tests.peers.tokens import CLIENT_ID, CLIENT_SECRET, token_server
from tests.peers.webhook import WebhookPeer, webhook_peer


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "excluded"),
    [
        ("", "example.org", 80, False),
        ("", "localhost", 9093, True),
        ("", "127.0.0.1", 80, True),
        ("", "127.9.9.9", 80, True),
        ("", "::1", 80, True),
        ("", "::ffff:127.0.0.1", 80, True),
        ("", "sub.localhost", 80, False),
        ("*", "example.org", 443, True),
        ("other.org, *", "10.0.0.1", 443, True),
        ("example.org", "example.org", 80, True),
        ("example.org", "a.b.example.org", 80, True),
        ("example.org", "badexample.org", 80, False),
        ("EXAMPLE.org ", "example.org", 80, True),
        ("other.org, example.org", "example.org", 80, True),
        (".example.org", "example.org", 80, False),
        (".example.org", "a.example.org", 80, True),
        ("*.example.org", "example.org", 80, False),
        ("*.example.org", "a.example.org", 80, True),
        ("a*.example.org", "ab.example.org", 80, False),
        ("example.org:8080", "example.org", 8080, True),
        ("example.org:8080", "a.example.org", 8080, True),
        ("example.org:8080", "example.org", 80, False),
        (".example.org:8080", "a.example.org", 8080, True),
        ("example.org:", "example.org", 80, True),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1", "10.0.0.11", 80, False),
        ("10.0.0.1:81", "10.0.0.1", 81, True),
        ("10.0.0.1:81", "10.0.0.1", 80, False),
        ("10.0.0.0/8", "10.20.30.40", 80, True),
        ("10.1.2.3/8", "10.20.30.40", 80, True),
        ("10.0.0.0/8", "11.0.0.1", 80, False),
        ("10.0.0.0/8", "10.example.org", 80, False),
        ("10.0.0.0/8", "::ffff:10.1.1.1", 80, True),
        ("10.0.0.0/255.0.0.0", "10.1.1.1", 80, False),
        ("10.0.0.0/33", "10.0.0.0", 80, False),
        ("0.0.0.0/0", "2001:db8::1", 80, False),
        ("2001:db8::/32", "2001:db8::1", 80, True),
        ("2001:db8::1", "2001:db8::1", 80, True),
        ("2001:DB8::1", "2001:db8:0::1", 80, True),
        ("[2001:db8::1]:80", "2001:db8::1", 80, True),
        ("[2001:db8::1]:81", "2001:db8::1", 80, False),
        ("[2001:db8::1]", "2001:db8::1", 80, False),
        ("fe80::1%eth0", "fe80::1", 80, False),
        ("bücher.example", "xn--bcher-kva.example", 80, True),
        (":80, ,., a:b:c", "example.org", 80, False),
    ],
)
def test_no_proxy(no_proxy: str, host: str, port: int, excluded: bool) -> None:
    """Names with what is below them, addresses, ranges, ports and the star, as Go reads them."""
    assert NoProxy(no_proxy).excludes(host, port) is excluded


@given(st.lists(st.text(max_size=20)), st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,3}", fullmatch=True))
def test_no_proxy_of_any_text(entries: list[str], host: str) -> None:
    """Nothing in the list is an error, and a host that is in it is excluded whatever stands beside it."""
    assert NoProxy(",".join([*entries, host])).excludes(host, 80)


@pytest.mark.parametrize(
    ("environment", "scheme", "host", "chosen"),
    [
        ({}, "http", "example.org", ""),
        ({"HTTP_PROXY": "http://a:1"}, "http", "example.org", "http://a:1"),
        ({"HTTP_PROXY": "http://a:1"}, "https", "example.org", ""),
        ({"HTTPS_PROXY": "http://b:2"}, "https", "example.org", "http://b:2"),
        ({"https_proxy": "http://b:2"}, "https", "example.org", "http://b:2"),
        ({"HTTPS_PROXY": "http://b:2", "https_proxy": "http://c:3"}, "https", "example.org", "http://b:2"),
        ({"HTTPS_PROXY": "", "https_proxy": "http://c:3"}, "https", "example.org", "http://c:3"),
        ({"http_proxy": "proxy.example.org:3128"}, "http", "example.org", "http://proxy.example.org:3128"),
        ({"http_proxy": "10.0.0.1:3128"}, "http", "example.org", "http://10.0.0.1:3128"),
        ({"http_proxy": "http://a:1", "NO_PROXY": "example.org"}, "http", "example.org", ""),
        ({"http_proxy": "http://a:1", "no_proxy": "example.org"}, "http", "www.example.org", ""),
        ({"http_proxy": "http://a:1"}, "http", "localhost", ""),
        ({"http_proxy": "socks5://a:1"}, "http", "example.org", "socks5://a:1"),
        ({"http_proxy": "http://[a"}, "http", "example.org", "http://[a"),
        ({"ALL_PROXY": "http://a:1"}, "http", "example.org", ""),
    ],
)
def test_proxy_from_the_environment(environment: dict[str, str], scheme: str, host: str, chosen: str) -> None:
    """Upper case before lower case, https apart from http, and this machine never through a proxy."""
    choice = ProxyChoice(ProxySettings(from_environment=True), environment)
    assert choice.proxy_for(scheme, host, 80) == chosen


@pytest.mark.parametrize(
    ("settings", "host", "chosen"),
    [
        (ProxySettings(), "example.org", ""),
        (ProxySettings(url="http://p:1"), "example.org", "http://p:1"),
        (ProxySettings(url="http://p:1"), "localhost", "http://p:1"),
        (ProxySettings(url="http://p:1", no_proxy="example.org"), "example.org", ""),
        (ProxySettings(url="http://p:1", no_proxy="example.org"), "example.com", "http://p:1"),
        (ProxySettings(url="http://p:1", no_proxy="example.org"), "localhost", ""),
    ],
)
def test_proxy_from_the_settings(settings: ProxySettings, host: str, chosen: str) -> None:
    """`proxy_url` is asked for all but the exceptions; the environment has no say."""
    environment = {"HTTP_PROXY": "http://environment:1", "NO_PROXY": "*"}
    assert ProxyChoice(settings, environment).proxy_for("http", host, 80) == chosen


def _through(url: str, ca: str = "") -> ClientSettings:
    return ClientSettings(tls=TlsSettings(ca=ca), proxy=ProxySettings(url))


async def test_plain_http_is_passed_on(clients: HttpClients, peer: WebhookPeer) -> None:
    """The proxy gets the whole address and its credentials, which the server behind it does not need."""
    wants = "Basic " + base64.b64encode("me:p@ss☃".encode()).decode()
    async with proxy(peer.url) as asked:
        asked.wants = wants
        settings = _through(asked.url.replace("://", "://me:p%40ss☃@"))
        assert (await clients.client(settings).post("http://hooks.invalid/path", b"{}")).is_success
        refused = await clients.client(_through(asked.url)).post("http://hooks.invalid/path", b"{}")
    assert refused.status == 407
    assert [(one.method, one.target) for one in asked.asked] == [("POST", "http://hooks.invalid/path")] * 2
    assert (peer.requests[0].path, peer.requests[0].body) == ("/path", b"{}")
    assert peer.requests[0].headers["host"] == "hooks.invalid"


@pytest.mark.parametrize("secure_proxy", [False, True], ids=["http", "https"])
async def test_https_goes_through_a_tunnel(
    clients: HttpClients, authority: trustme.CA, server_tls: ssl.SSLContext, secure_proxy: bool
) -> None:
    """CONNECT carries the proxy's headers and credentials, once a connection; the server sees neither."""
    async with (
        webhook_peer(server_tls) as peer,
        proxy(peer.url, server_tls if secure_proxy else None) as asked,
    ):
        asked.wants = "Basic " + base64.b64encode(b"me:pw").decode()
        headers = (("X-Team", "a"), ("X-Team", "b"))
        settings = ClientSettings(
            credentials="tok",
            tls=TlsSettings(ca=authority.cert_pem.bytes().decode()),
            proxy=ProxySettings(asked.url.replace("://", "://me:pw@"), connect_headers=headers),
        )
        client = clients.client(settings)
        for _ in range(2):
            assert (await client.post("https://hooks.example.com/path", b"{}")).is_success
    assert [one.target for one in asked.asked] == ["hooks.example.com:443"]
    first = asked.asked[0]
    assert (first.method, first.headers["x-team"], first.headers["user-agent"]) == ("CONNECT", "a, b", USER_AGENT)
    assert "authorization" not in first.headers
    assert [one.headers["authorization"] for one in peer.requests] == ["Bearer tok"] * 2
    assert not {"x-team", "proxy-authorization"} & set(peer.requests[0].headers)


async def test_tls_within_a_tunnel_is_verified(
    clients: HttpClients, authority: trustme.CA, server_tls: ssl.SSLContext
) -> None:
    """A certificate for another name is refused, and nothing reaches the server behind the proxy."""
    async with webhook_peer(server_tls) as peer, proxy(peer.url) as asked:
        client = clients.client(_through(asked.url, authority.cert_pem.bytes().decode()))
        with pytest.raises(HttpError) as caught:
            await client.post("https://other.example.com/path", b"{}")
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.TLS, False)
    assert str(caught.value).startswith("TLS with https://other.example.com failed: ")
    assert peer.requests == []


async def test_refusing_proxy_is_named(clients: HttpClients, peer: WebhookPeer) -> None:
    """A proxy that refuses the way, or is not there, was asked for nothing that can have been delivered."""
    async with proxy(peer.url) as asked:
        asked.wants = "Basic secret"
        with pytest.raises(HttpError) as caught:
            await clients.client(_through(asked.url.replace("://", "://me:hidden@"))).post("https://h.invalid/x", b"")
    text = f"cannot connect to https://h.invalid: the proxy {asked.url} answered 407"
    assert (str(caught.value), caught.value.maybe_delivered) == (text, False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(HttpError) as caught:
            await clients.client(_through(nobody.replace("://", "://me:hidden@"))).post("http://h.invalid/x", b"")
    assert str(caught.value).startswith(f"cannot connect to the proxy {nobody} on the way to http://h.invalid: ")
    assert not caught.value.maybe_delivered


async def test_exceptions_go_straight(clients: HttpClients, peer: WebhookPeer) -> None:
    """An address in `no_proxy` is reached without the proxy; a redirect is judged by its own address."""
    async with proxy(peer.url) as asked:
        settings = ClientSettings(proxy=ProxySettings(asked.url, no_proxy="example.org"))
        peer.script(Answer(307, "", (("Location", "http://hooks.invalid/there"),)))
        assert (await clients.client(settings).post(peer.url, b"x")).is_success
    assert [one.target for one in asked.asked] == ["http://hooks.invalid/there"]
    assert [one.path for one in peer.requests] == ["/hook", "/there"]


async def test_credentials_of_the_proxy_stay_with_it(clients: HttpClients, peer: WebhookPeer) -> None:
    """A redirect that is followed without the proxy does not carry its credentials."""
    async with webhook_peer() as direct, proxy(peer.url) as asked:
        peer.script(Answer(307, "", (("Location", direct.url),)))
        url = asked.url.replace("://", "://me:pw@")
        settings = ClientSettings(proxy=ProxySettings(url, no_proxy="example.org"))
        assert (await clients.client(settings).post("http://hooks.invalid/x", b"")).is_success
        assert "proxy-authorization" in asked.asked[0].headers
        assert "proxy-authorization" not in direct.requests[0].headers


async def test_environment_of_the_clients_is_read(peer: WebhookPeer) -> None:
    """`proxy_from_environment` reaches the client: the proxy of the environment is asked, its exceptions are not."""
    async with proxy(peer.url) as asked:
        clients = HttpClients(environment={"http_proxy": asked.url, "no_proxy": "direct.invalid"})
        client = clients.client(ClientSettings(proxy=ProxySettings(from_environment=True)))
        assert (await client.post("http://hooks.invalid/x", b"")).is_success
        with pytest.raises(HttpError, match=r"cannot connect to http://direct\.invalid"):
            await client.post("http://direct.invalid/x", b"")
        await clients.aclose()
    assert len(asked.asked) == 1


async def test_token_has_a_way_of_its_own(clients: HttpClients, peer: WebhookPeer) -> None:
    """The proxy of `oauth2` is asked for the token alone, and that of the client not for it."""
    async with token_server() as tokens, proxy(tokens.url) as asked:
        oauth2 = OAuth2Settings(CLIENT_ID, "http://tokens.invalid/t", CLIENT_SECRET, proxy=ProxySettings(asked.url))
        assert (await clients.client(ClientSettings(oauth2=oauth2)).post(peer.url, b"")).is_success
    assert [one.target for one in asked.asked] == ["http://tokens.invalid/t"]
    assert peer.requests[0].headers["authorization"] == "Bearer token-1"


@pytest.mark.parametrize("url", ["socks4://127.0.0.1:1080", "ftp://p:1", "http://", "http://p:x"])
async def test_proxy_that_cannot_be_asked(clients: HttpClients, url: str) -> None:
    """A kind of proxy that is not spoken, and an address that is none, are errors before anything is sent."""
    with pytest.raises(HttpError) as caught:
        await clients.client(_through(url)).post("http://h.invalid/x", b"")
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.URL, False)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_socks_proxy(clients: HttpClients, peer: WebhookPeer, scheme: str) -> None:
    """A SOCKS proxy is asked for the way by name, and is told who asks."""
    async with socks_proxy(peer.url, login=("user", "p@ss")) as asked:
        way = f"{scheme}://user:p%40ss@{asked.address}"
        assert (await clients.client(_through(way)).post("http://peer.invalid:81/x", b"1")).is_success
        assert asked.asked == [("peer.invalid", 81)]
        refused = clients.client(_through(f"{scheme}://user:no@{asked.address}"))
        with pytest.raises(HttpError) as caught:
            await refused.post("http://peer.invalid:81/x", b"1")
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.CONNECTION, False)
    assert [request.body for request in peer.requests] == [b"1"]


async def test_socks_proxy_that_is_not_there(clients: HttpClients) -> None:
    """Nobody listens there: nothing can have been sent."""
    with pytest.raises(HttpError) as caught:
        await clients.client(_through("socks5://127.0.0.1:9")).post("http://peer.invalid/x", b"1")
    assert (caught.value.kind, caught.value.maybe_delivered) == (HttpErrorKind.CONNECTION, False)
