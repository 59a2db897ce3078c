"""Connections: one pool for each TLS and proxy configuration, renewed when a certificate's file changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from aiohttp_socks import ProxyConnector, ProxyType
from httpx_aiohttp import AiohttpTransport

from alertd.http.credentials import basic
from alertd.http.errors import HttpError, HttpErrorKind, origin
from alertd.http.settings import USER_AGENT, Pairs, TlsSettings
from alertd.http.tls import FileStamps, build_tls_context, file_stamps

_MAX_CONNECTIONS = 200
_KEEPALIVE_SECONDS = 15.0
_SOCKS = frozenset({"socks5", "socks5h"})
_SOCKS_PORT = 1080


@dataclass(frozen=True)
class PoolKey:
    """What connections must have in common to be shared; `proxy_url` is empty for a direct way."""

    tls: TlsSettings
    proxy_url: str = ""
    connect_headers: Pairs = ()


@dataclass
class _Pool:
    client: httpx.AsyncClient
    stamps: FileStamps
    users: int = 0
    replaced: bool = False


class Pools:
    """All pools of one process or one configuration."""

    def __init__(self) -> None:
        self._pools: dict[PoolKey, _Pool] = {}

    @asynccontextmanager
    async def use(self, key: PoolKey) -> AsyncIterator[httpx.AsyncClient]:
        """The pool of one configuration, made when it is first needed and again when its files have changed.

        One that was replaced is closed by its last user. Raises `HttpError` when a certificate cannot be read or the
        proxy's address is none.
        """
        pool = await self._current(key)
        pool.users += 1
        try:
            yield pool.client
        finally:
            pool.users -= 1
            if pool.replaced and not pool.users:
                await pool.client.aclose()

    async def aclose(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.client.aclose()

    async def _current(self, key: PoolKey) -> _Pool:
        stamps = file_stamps(key.tls)
        former = self._pools.get(key)
        if former is not None and former.stamps == stamps:
            return former
        pool = self._pools[key] = _Pool(_build(key), stamps)
        if former is not None:
            former.replaced = True
            if not former.users:
                await former.client.aclose()
        return pool


def _build(key: PoolKey) -> httpx.AsyncClient:
    context = build_tls_context(key.tls)
    socks = _socks(key)
    proxy = _proxy(key) if key.proxy_url and socks is None else None

    def session() -> aiohttp.ClientSession:
        limits: dict[str, Any] = {"limit": _MAX_CONNECTIONS, "keepalive_timeout": _KEEPALIVE_SECONDS}
        if socks is None:
            connector = aiohttp.TCPConnector(ssl=context, **limits)
        else:
            # The proxy looks up the names, as it does for Go's programs.
            connector = ProxyConnector(
                socks.host,
                socks.port or _SOCKS_PORT,
                ProxyType.SOCKS5,
                socks.username or None,
                socks.password or None,
                rdns=True,
                ssl=context,
                **limits,
            )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    transport = AiohttpTransport(verify=context, proxy=proxy, trust_env=False, client=session)
    return httpx.AsyncClient(transport=transport, cookies=no_cookies, trust_env=False)


def _socks(key: PoolKey) -> httpx.URL | None:
    """The proxy, if it is one that speaks SOCKS."""
    try:
        url = httpx.URL(key.proxy_url)
    except httpx.InvalidURL as error:
        raise _no_proxy(key) from error
    return url if url.scheme in _SOCKS and url.host else None


def _proxy(key: PoolKey) -> httpx.Proxy:
    headers = httpx.Headers(list(key.connect_headers), encoding="utf-8")
    headers.setdefault("User-Agent", USER_AGENT)
    try:
        url = httpx.URL(key.proxy_url)
        if authorization := proxy_authorization(key.proxy_url):
            headers["Proxy-Authorization"] = authorization
        proxy = httpx.Proxy(url.copy_with(userinfo=b""), headers=headers)
    except (httpx.InvalidURL, ValueError) as error:
        raise _no_proxy(key) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise _no_proxy(key)
    return proxy


def proxy_authorization(proxy_url: str) -> str:
    """The value of `Proxy-Authorization` for the credentials in a proxy's address; empty when it has none.

    Raises `httpx.InvalidURL` for an address that is none.
    """
    url = httpx.URL(proxy_url)
    return basic(url.username, url.password) if url.userinfo else ""


def _no_proxy(key: PoolKey) -> HttpError:
    text = f"{origin(key.proxy_url)} is not a proxy that can be asked; expected http://, https:// or socks5://host:port"
    return HttpError(HttpErrorKind.URL, text)
