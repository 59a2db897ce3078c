"""HTTP as alertd speaks it to others: the one module that knows which client library does the work.

`HttpClients` owns the connections: one pool for each distinct TLS and proxy configuration. `HttpClient` adds what one
integration or source has of its own: credentials, headers, redirect policy. Every failure is an `HttpError`, whose text
names a server but never a path, a query or a credential, because URLs are secrets at most providers.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from alertd import __version__
from alertd.clock import SECOND, from_datetime
from alertd.errors import AlertdError

USER_AGENT = f"alertd/{__version__}"
DEFAULT_TIME_LIMIT = 10 * SECOND

_CONNECT_LIMIT = 5 * SECOND
_MAX_BODY = 1 << 20
_MAX_REDIRECTS = 3
_MAX_CONNECTIONS = 200
_KEEPALIVE_SECONDS = 15.0
_TLS_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class HttpErrorKind(StrEnum):
    """What went wrong before there was an answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    URL = "url"
    CREDENTIALS = "credentials"


class HttpError(AlertdError):
    """A request got no answer. `maybe_delivered`: the server may have acted on it all the same."""

    def __init__(self, kind: HttpErrorKind, text: str, *, maybe_delivered: bool = False) -> None:
        super().__init__(text)
        self.kind = kind
        self.maybe_delivered = maybe_delivered


@dataclass(frozen=True)
class TlsSettings:
    """Alertmanager's `tls_config`; the versions are `TLS10` to `TLS13`, empty for the library's own bounds."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True)
class ClientSettings:
    """What one integration says of its HTTP client; the keys of Alertmanager's `http_config`, flattened.

    At most one of the two ways to authenticate is set. Files are read again for each request, so that a rotated
    secret needs no reload. `headers` and `header_files` are pairs of a name and a value or a path; the values of a name
    that comes more than once are joined by a comma.
    """

    basic_username: str = ""
    basic_username_file: str = ""
    basic_password: str = ""
    basic_password_file: str = ""
    authorization_type: str = "Bearer"
    credentials: str = ""
    credentials_file: str = ""
    tls: TlsSettings = field(default_factory=TlsSettings)
    proxy_url: str = ""
    follow_redirects: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    header_files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Response:
    """An answer: header names are lower case; `truncated` when the body was longer than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The decoded body; raises `ValueError` when it is not JSON."""
        return json.loads(self.body)

    def retry_after(self, now: int) -> int | None:
        """The milliseconds that the server asked to be left alone, if it did."""
        return parse_retry_after(self.headers.get("retry-after", ""), now)


class HttpClients:
    """The connection pools of one process or one configuration; close it when nothing sends any more."""

    def __init__(self) -> None:
        self._pools: dict[tuple[TlsSettings, str], httpx.AsyncClient] = {}

    def client(self, settings: ClientSettings | None = None) -> HttpClient:
        """A client with these settings; it shares its connections with all others of the same TLS and proxy."""
        return HttpClient(self, settings or ClientSettings())

    def pool(self, tls: TlsSettings, proxy_url: str) -> httpx.AsyncClient:
        """The pool of one TLS and proxy configuration, made when it is first needed.

        Raises `HttpError` when a certificate cannot be read or the proxy's address is none.
        """
        key = (tls, proxy_url)
        if key not in self._pools:
            self._pools[key] = _build_pool(tls, proxy_url)
        return self._pools[key]

    async def aclose(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()


class HttpClient:
    """Sends requests with one integration's settings."""

    def __init__(self, clients: HttpClients, settings: ClientSettings) -> None:
        self._clients = clients
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
        server = origin(url)
        request = self._build(method, url, content, headers or {}, time_limit)
        pool = self._clients.pool(self.settings.tls, self.settings.proxy_url)
        try:
            async with asyncio.timeout(time_limit / 1000):
                return await self._follow(pool, request, max_body)
        except TimeoutError as error:
            text = f"no answer from {server} within {time_limit} ms"
            raise HttpError(HttpErrorKind.TIMEOUT, text, maybe_delivered=True) from error
        except (httpx.HTTPError, aiohttp.ClientError, ssl.SSLError, OSError) as error:
            raise _explain(error, server) from error

    def _build(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str], time_limit: int
    ) -> httpx.Request:
        own = _own_headers(self.settings)
        merged = {"user-agent": USER_AGENT, "accept-encoding": "gzip, deflate", **own}
        merged.update((name.lower(), value) for name, value in headers.items())
        # Less than the whole limit, so that running out of it means that the request was on its way.
        connect = min(_CONNECT_LIMIT, time_limit // 2) / 1000
        extensions: dict[str, Any] = {"timeout": {"connect": connect, "pool": connect, "read": None}}
        if self.settings.tls.server_name:
            extensions["sni_hostname"] = self.settings.tls.server_name
        try:
            request = httpx.Request(method, url, headers=merged, content=content, extensions=extensions)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise HttpError(HttpErrorKind.URL, f"{origin(url)} is not an address to send to") from error
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise HttpError(HttpErrorKind.URL, "the address must start with http:// or https:// and name a host")
        return request

    async def _follow(self, pool: httpx.AsyncClient, request: httpx.Request, max_body: int) -> Response:
        redirects = 0
        while True:
            response = await pool.send(request, stream=True, auth=None, follow_redirects=False)
            following = response.next_request
            if not self.settings.follow_redirects or following is None or not _may_follow(request, following):
                return await _read(response, max_body)
            await response.aclose()
            redirects += 1
            if redirects > _MAX_REDIRECTS:
                text = f"{origin(str(request.url))} redirected more than {_MAX_REDIRECTS} times"
                raise HttpError(HttpErrorKind.CONNECTION, text)
            request = following


def origin(url: str) -> str:
    """`https://host:port` of a URL, without its path and credentials, which are secrets at most providers."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "<redacted>"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.scheme and parts.hostname else "<redacted>"


def redact(text: str, *secrets: str) -> str:
    """`text` with each of `secrets` replaced by `<redacted>`; a URL leaves its origin to be seen."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        seen = f"{origin(secret)}/<redacted>" if "://" in secret else "<redacted>"
        text = text.replace(secret, seen)
    return text


def parse_retry_after(value: str, now: int) -> int | None:
    """Milliseconds of a `Retry-After` header, which counts seconds or names a date; None when it says neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return int(value) * SECOND
    try:
        moment = from_datetime(parsedate_to_datetime(value))
    except ValueError:
        return None
    return max(0, moment - now)


def build_tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """The client's side of TLS; raises `HttpError` of kind `CREDENTIALS` for a file or a version that is none.

    Without `ca_file` the system's authorities are trusted, and the bundle that ships with the HTTP library where the
    system has none.
    """
    try:
        context = _trusting(tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file or None)
    except OSError as error:
        files = ", ".join(filter(None, (tls.ca_file, tls.cert_file, tls.key_file)))
        raise HttpError(HttpErrorKind.CREDENTIALS, f"cannot use the TLS files {files}: {error.strerror}") from error
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.min_version:
        context.minimum_version = _tls_version(tls.min_version)
    if tls.max_version:
        context.maximum_version = _tls_version(tls.max_version)
    return context


def _trusting(ca_file: str) -> ssl.SSLContext:
    if ca_file:
        return ssl.create_default_context(cafile=ca_file)
    paths = ssl.get_default_verify_paths()
    return ssl.create_default_context() if paths.cafile or paths.capath else httpx.create_ssl_context()


def _tls_version(name: str) -> ssl.TLSVersion:
    if name not in _TLS_VERSIONS:
        known = ", ".join(_TLS_VERSIONS)
        raise HttpError(HttpErrorKind.CREDENTIALS, f"unknown TLS version {name!r}: expected one of {known}")
    return _TLS_VERSIONS[name]


def _build_pool(tls: TlsSettings, proxy_url: str) -> httpx.AsyncClient:
    context = build_tls_context(tls)
    try:
        proxy = httpx.Proxy(proxy_url) if proxy_url else None
    except (httpx.InvalidURL, ValueError) as error:
        raise HttpError(HttpErrorKind.URL, f"{origin(proxy_url)} is not a proxy's address") from error

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=context, limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEPALIVE_SECONDS)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    transport = AiohttpTransport(verify=context, proxy=proxy, trust_env=False, client=session)
    return httpx.AsyncClient(transport=transport, cookies=no_cookies, trust_env=False)


def _own_headers(settings: ClientSettings) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in (*settings.headers, *((name, _read_secret(path)) for name, path in settings.header_files)):
        given = headers.get(name.lower())
        headers[name.lower()] = value if given is None else f"{given}, {value}"
    username = settings.basic_username or _read_secret(settings.basic_username_file)
    password = settings.basic_password or _read_secret(settings.basic_password_file)
    credentials = settings.credentials or _read_secret(settings.credentials_file)
    if username or password:
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers["authorization"] = f"Basic {token}"
    elif credentials:
        headers["authorization"] = f"{settings.authorization_type} {credentials}"
    return headers


def _read_secret(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HttpError(HttpErrorKind.CREDENTIALS, f"cannot read the secret in {path}") from error


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


def _explain(error: Exception, server: str) -> HttpError:
    """Sorts a failure by its root: the transport's own mapping calls a lost answer a failed connection."""
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if isinstance(cause, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError)):
        return HttpError(HttpErrorKind.TLS, f"TLS with {server} failed: {_reason(cause)}")
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return HttpError(HttpErrorKind.TIMEOUT, f"no connection to {server} in time")
    if isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError)):
        return HttpError(HttpErrorKind.CONNECTION, f"cannot connect to {server}: {_reason(cause)}")
    text = f"{server} closed the connection without a full answer"
    return HttpError(HttpErrorKind.CONNECTION, text, maybe_delivered=True)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = error.certificate_error
        return str(getattr(certificate, "verify_message", "")) or "its certificate was refused"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    root = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return str(getattr(root, "reason", None) or getattr(root, "strerror", None) or type(root).__name__)
