"""HTTP as alertd speaks it to others: the one package that knows which client library does the work.

`HttpClients` owns the connections: one pool for each distinct TLS and proxy configuration, and the OAuth 2 tokens.
`HttpClient` adds what one integration or source has of its own: credentials, headers, proxy, redirect policy. Every
failure is an `HttpError`, whose text names a server but never a path, a query or a credential, because URLs are secrets
at most providers.
"""

from __future__ import annotations

from alertd.http.client import DEFAULT_TIME_LIMIT, HttpClient, HttpClients
from alertd.http.errors import HttpError, HttpErrorKind, origin, redact
from alertd.http.response import Response, parse_retry_after
from alertd.http.settings import USER_AGENT, ClientSettings, OAuth2Settings, ProxySettings, TlsSettings
from alertd.http.tls import build_tls_context

__all__ = [
    "DEFAULT_TIME_LIMIT",
    "USER_AGENT",
    "ClientSettings",
    "HttpClient",
    "HttpClients",
    "HttpError",
    "HttpErrorKind",
    "OAuth2Settings",
    "ProxySettings",
    "Response",
    "TlsSettings",
    "build_tls_context",
    "origin",
    "parse_retry_after",
    "redact",
]
