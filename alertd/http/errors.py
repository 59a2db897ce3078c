"""What can go wrong before there is an answer, in words that give no secret away."""

from __future__ import annotations

import ssl
from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from alertd.errors import AlertdError

SOCKS_ERRORS = (ProxyConnectionError, ProxyError, ProxyTimeoutError)


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


def explain(error: Exception, server: str, proxy: str) -> HttpError:
    """Sorts a failure by its root: the transport's own mapping calls a lost answer a failed connection.

    `server` and `proxy` are origins; `proxy` is empty where none was asked.
    """
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if isinstance(cause, SOCKS_ERRORS):
        # Nothing is sent before the proxy has opened the way.
        text = f"the proxy {proxy} opens no way to {server}: {cause}"
        return HttpError(HttpErrorKind.CONNECTION, text)
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        text = f"cannot connect to the proxy {proxy} on the way to {server}: {_reason(cause)}"
        return HttpError(HttpErrorKind.CONNECTION, text)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        text = f"cannot connect to {server}: the proxy {proxy} answered {cause.status}"
        return HttpError(HttpErrorKind.CONNECTION, text)
    if isinstance(cause, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError)):
        return HttpError(HttpErrorKind.TLS, f"TLS with {server} failed: {_reason(cause)}")
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return HttpError(HttpErrorKind.TIMEOUT, f"no connection to {server} in time")
    if isinstance(cause, aiohttp.ClientConnectorError):
        return HttpError(HttpErrorKind.CONNECTION, f"cannot connect to {server}: {_reason(cause)}")
    text = f"{server} closed the connection without a full answer"
    return HttpError(HttpErrorKind.CONNECTION, text, maybe_delivered=True)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = error.certificate_error
        return str(getattr(certificate, "verify_message", "")) or "its certificate was refused"
    root = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return str(getattr(root, "reason", None) or getattr(root, "strerror", None) or type(root).__name__)
