"""Clients: what owns connections and tokens, and what sends requests with one integration's settings."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import httpx

from alertd.clock import SECOND, Clock, SystemClock
from alertd.http.credentials import own_headers
from alertd.http.errors import SOCKS_ERRORS, HttpError, HttpErrorKind, explain, origin
from alertd.http.oauth2 import TokenSource
from alertd.http.pools import PoolKey, Pools, proxy_authorization
from alertd.http.proxies import ProxyChoice
from alertd.http.response import Response
from alertd.http.settings import USER_AGENT, ClientSettings, OAuth2Settings

DEFAULT_TIME_LIMIT = 10 * SECOND

_CONNECT_LIMIT = 5 * SECOND
_MAX_BODY = 1 << 20
_MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}


class HttpClients:
    """The connections and tokens of one process or one configuration; close it when nothing sends any more.

    `environment` is what `proxy_from_environment` reads, by default the process' own.
    """

    def __init__(self, clock: Clock | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.environment = os.environ if environment is None else environment
        self._clock = clock or SystemClock()
        self._pools = Pools()
        self._tokens: dict[OAuth2Settings, TokenSource] = {}

    def client(self, settings: ClientSettings | None = None) -> HttpClient:
        """A client with these settings; it shares its connections with all others of the same TLS and proxy."""
        return HttpClient(self, settings or ClientSettings())

    def pool(self, key: PoolKey) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """The connections of one TLS and proxy configuration, for one exchange; see `Pools.use`."""
        return self._pools.use(key)

    def tokens(self, settings: OAuth2Settings) -> TokenSource:
        """The token of these settings; all clients that have the same share it."""
        if settings not in self._tokens:
            client = self.client(ClientSettings(tls=settings.tls, proxy=settings.proxy))
            self._tokens[settings] = TokenSource(settings, client.post, self._clock)
        return self._tokens[settings]

    async def aclose(self) -> None:
        await self._pools.aclose()


class HttpClient:
    """Sends requests with one integration's settings."""

    def __init__(self, clients: HttpClients, settings: ClientSettings) -> None:
        self._clients = clients
        self._proxies = ProxyChoice(settings.proxy, clients.environment)
        self.settings = settings

    async def post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        time_limit: int = DEFAULT_TIME_LIMIT,
        max_body: int = _MAX_BODY,
    ) -> Response:
        return await self.request("POST", url, content, headers, time_limit=time_limit, max_body=max_body)

    async def request(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        time_limit: int = DEFAULT_TIME_LIMIT,
        max_body: int = _MAX_BODY,
    ) -> Response:
        """One request and the first `max_body` bytes of its answer, all within `time_limit` milliseconds.

        A redirect is followed only where it keeps the method and does not leave TLS: what was meant as a POST must
        not turn into a GET that somebody answers with 200. Raises `HttpError`; an answer of any status is none.
        """
        # Less than the whole limit, so that running out of it means that the request was on its way.
        prelude = min(_CONNECT_LIMIT, time_limit // 2)
        request = self._build(method, url, content, headers or {}, prelude)
        try:
            # The connections come before the clock starts: to read the authorities takes long, once.
            async with self._clients.pool(self._way_to(request.url)), asyncio.timeout(time_limit / 1000):
                return await self._authorized(request, prelude, max_body)
        except TimeoutError as error:
            text = f"no answer from {origin(url)} within {time_limit} ms"
            raise HttpError(HttpErrorKind.TIMEOUT, text, maybe_delivered=True) from error

    def _build(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str], connect_limit: int
    ) -> httpx.Request:
        own = own_headers(self.settings)
        merged = {"user-agent": USER_AGENT, "accept-encoding": "gzip, deflate", **own}
        merged.update((name.lower(), value) for name, value in headers.items())
        connect = connect_limit / 1000
        extensions: dict[str, Any] = {"timeout": {"connect": connect, "pool": connect, "read": None}}
        if self.settings.tls.server_name:
            extensions["sni_hostname"] = self.settings.tls.server_name
        try:
            encoded = httpx.Headers(merged, encoding="utf-8")
            request = httpx.Request(method, url, headers=encoded, content=content, extensions=extensions)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise HttpError(HttpErrorKind.URL, f"{origin(url)} is not an address to send to") from error
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise HttpError(HttpErrorKind.URL, "the address must start with http:// or https:// and name a host")
        return request

    async def _authorized(self, request: httpx.Request, token_limit: int, max_body: int) -> Response:
        """The answer to the request with its OAuth 2 token, if it has one; a token that is refused is fetched anew."""
        if self.settings.oauth2 is None or "authorization" in request.headers:
            return await self._follow(request, max_body)
        tokens = self._clients.tokens(self.settings.oauth2)
        authorization = await tokens.authorization(token_limit)
        request.headers["authorization"] = authorization
        response = await self._follow(request, max_body)
        if response.status != 401:
            return response
        request.headers["authorization"] = await tokens.authorization(token_limit, rejected=authorization)
        return await self._follow(request, max_body)

    async def _follow(self, request: httpx.Request, max_body: int) -> Response:
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._exchange(request, max_body)
            if isinstance(answer, Response):
                return answer
            former, request = request, answer
        text = f"{origin(str(former.url))} redirected more than {_MAX_REDIRECTS} times"
        raise HttpError(HttpErrorKind.CONNECTION, text)

    async def _exchange(self, request: httpx.Request, max_body: int) -> Response | httpx.Request:
        """The answer, or the request that it redirects to."""
        way = self._way_to(request.url)
        try:
            async with self._clients.pool(way) as pool:
                _authorize_at(way.proxy_url, request)
                response = await pool.send(request, stream=True, auth=None, follow_redirects=False)
                following = response.next_request
                if self.settings.follow_redirects and following is not None and _may_follow(request, following):
                    await response.aclose()
                    return following
                return await _read(response, max_body)
        except (httpx.HTTPError, aiohttp.ClientError, *SOCKS_ERRORS, ssl.SSLError, OSError) as error:
            raise explain(error, origin(str(request.url)), origin(way.proxy_url)) from error

    def _way_to(self, url: httpx.URL) -> PoolKey:
        host = url.raw_host.decode("ascii").strip("[]")
        proxy = self._proxies.proxy_for(url.scheme, host, url.port or _PORTS[url.scheme])
        return PoolKey(self.settings.tls, proxy, self.settings.proxy.connect_headers if proxy else ())


def _authorize_at(proxy: str, request: httpx.Request) -> None:
    """The proxy's credentials: with the request where the proxy reads it, otherwise not, also after a redirect."""
    request.headers.pop("proxy-authorization", None)
    if proxy and request.url.scheme == "http" and (authorization := proxy_authorization(proxy)):
        request.headers["proxy-authorization"] = authorization


def _may_follow(request: httpx.Request, following: httpx.Request) -> bool:
    leaves_tls = request.url.scheme == "https" and following.url.scheme != "https"
    return following.method == request.method and following.url.scheme in ("http", "https") and not leaves_tls


async def _read(response: httpx.Response, max_body: int) -> Response:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_body:
                break
    finally:
        await response.aclose()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, bytes(body[:max_body]), truncated=len(body) > max_body)
