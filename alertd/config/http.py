"""`http_config`: how a receiver or a source is spoken to. The sentences are those of Prometheus' common library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from alertd.config.types import (
    Complaint,
    File,
    Flag,
    HttpUrl,
    Kind,
    Secret,
    Section,
    Text,
    at_most_one,
    flag_of,
    is_given,
    to_text,
)

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]

_RESERVED = {
    *("Authorization", "Host", "Content-Encoding", "Content-Length", "Content-Type", "User-Agent", "Connection"),
    *("Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate", "Accept-Encoding"),
    *("X-Prometheus-Remote-Write-Version", "X-Prometheus-Remote-Read-Version", "X-Prometheus-Scrape-Timeout-Seconds"),
    *("X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"),
}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


def _check_header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header's name; write letters, digits and hyphens, as in X-Team")
    return name


def _check_free_header_name(name: str) -> str:
    _check_header_name(name)
    canonical = "-".join(part.capitalize() for part in name.split("-"))
    if canonical in _RESERVED:
        raise ValueError(f'setting header "{canonical}" is not allowed; remove it')
    return name


_PROXIES = {"http", "https", "socks5", "socks5h"}


def _check_proxy_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        usable = not text or (parts.scheme in _PROXIES and parts.hostname and (parts.port or True))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("this is no proxy that can be asked; write it in full, as in http://proxy.example.org:3128")
    return url


HeaderName = Annotated[str, BeforeValidator(to_text), AfterValidator(_check_header_name), Kind("header name")]
FreeHeaderName = Annotated[str, BeforeValidator(to_text), AfterValidator(_check_free_header_name), Kind("header name")]
ProxyUrl = Annotated[SecretStr, BeforeValidator(to_text), AfterValidator(_check_proxy_url), Kind("secret URL")]


class TlsConfig(Section):
    """The client's side of TLS."""

    ca: Text = Field("", description="The authorities to trust, in PEM, in place of the system's.")
    ca_file: File = Field(
        "", description="A file with the authorities to trust, in PEM; it is read again when changed."
    )
    cert: Text = Field("", description="The client's certificate, in PEM.")
    cert_file: File = Field("", description="A file with the client's certificate; it is read again when changed.")
    key: Secret | None = Field(None, description="The key of the certificate, in PEM.")
    key_file: File = Field("", description="A file with the key of the certificate.")
    server_name: Text = Field("", description="The name that the server's certificate must have, if not the URL's.")
    insecure_skip_verify: Flag = Field(False, description="Whether any certificate is taken, also a wrong one.")
    min_version: TlsVersion | None = Field(None, description="The oldest TLS version to speak.")
    max_version: TlsVersion | None = Field(None, description="The newest TLS version to speak.")

    exclusive = (("ca", "ca_file"), ("cert", "cert_file"), ("key", "key_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        cert, key = (any(is_given(written, name) for name in names) for names in cls.exclusive[1:])
        if cert and not key:
            sentence = "exactly one of key or key_file must be configured when a client certificate is configured"
            yield "cert/cert_file", f"{sentence}; add the key"
        if key and not cert:
            sentence = "exactly one of cert or cert_file must be configured when a client key is configured"
            yield "key/key_file", f"{sentence}; add the certificate"
        oldest, newest = written.get("min_version"), written.get("max_version")
        if isinstance(oldest, str) and isinstance(newest, str) and newest < oldest:
            sentence = "must be greater than or equal to tls_config.min_version if both are specified"
            yield "max_version", f"tls_config.max_version {sentence}; swap them"


class BasicAuth(Section):
    """A user name and a password."""

    username: Text = Field("", description="The user's name.")
    username_file: File = Field("", description="A file with the user's name.")
    password: Secret | None = Field(None, description="The password.")
    password_file: File = Field("", description="A file with the password; it is read again for each request.")

    exclusive = (("username", "username_file"), ("password", "password_file"))
    exclusive_of = "basic_auth "


class Authorization(Section):
    """The `Authorization` header."""

    type: Text = Field("Bearer", description="The scheme, the header's first word.")
    credentials: Secret | None = Field(None, description="What follows the scheme.")
    credentials_file: File = Field("", description="A file with the credentials; it is read again for each request.")

    exclusive = (("credentials", "credentials_file"),)
    exclusive_of = "authorization "

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if str(written.get("type", "")).strip().lower() == "basic":
            yield "type", 'authorization type cannot be set to "basic", use "basic_auth" instead'


class HttpHeader(Section):
    """The values of one header, sent with commas between them."""

    values: tuple[Text, ...] = Field((), description="Values that anybody may read.")
    secrets: tuple[Secret, ...] = Field((), description="Values that are never shown.")
    files: tuple[File, ...] = Field((), description="Files with a value each; they are read again for each request.")


class ProxyConfig(Section):
    """Which proxy is asked."""

    proxy_url: ProxyUrl | None = Field(None, description="The proxy to go through, by http, https or socks5.")
    no_proxy: Text = Field(
        "", description="Where `proxy_url` is not asked: names, IP addresses and CIDR ranges, with commas between them."
    )
    proxy_from_environment: Flag = Field(
        False,
        description="Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment say which proxy to ask.",
    )
    proxy_connect_header: dict[HeaderName, tuple[Secret, ...]] = Field(
        {}, description="Headers for the proxy, sent when it is asked for the way to an https server."
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        has_url, from_environment = is_given(written, "proxy_url"), flag_of(written.get("proxy_from_environment"))
        if written.get("proxy_connect_header") and not (has_url or from_environment):
            sentence = "proxy_url or proxy_from_environment must also be configured"
            yield "proxy_connect_header", f"if proxy_connect_header is configured, {sentence}; add one, or remove it"
        if from_environment:
            for key in ("proxy_url", "no_proxy"):
                if is_given(written, key):
                    yield key, f"if proxy_from_environment is configured, {key} must not be configured; remove one"
        elif is_given(written, "no_proxy") and written.get("proxy_url") is None:
            yield "no_proxy", "if no_proxy is configured, proxy_url must also be configured; add it, or remove no_proxy"


class OAuth2(ProxyConfig):
    """OAuth 2 with the client credentials grant; TLS and proxy are those towards the server of the token."""

    client_id: Text = Field("", description="The client's name. It must be given.")
    client_secret: Secret | None = Field(None, description="The client's secret.")
    client_secret_file: File = Field("", description="A file with the secret; it is read again for each request.")
    scopes: tuple[Text, ...] = Field((), description="What the token is asked for.")
    token_url: HttpUrl | None = Field(None, description="Where the token is fetched. It must be given.")
    endpoint_params: dict[Text, Text] = Field({}, description="More fields of the request for a token.")
    tls_config: TlsConfig = Field(TlsConfig(), description="TLS.")

    exclusive = (("client_secret", "client_secret_file"),)
    exclusive_of = "oauth2 "

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        for key in ("client_id", "token_url"):
            if not is_given(written, key):
                yield "", f"oauth2 {key} must be configured; add it"
        params = written.get("endpoint_params")
        if written.get("scopes") and isinstance(params, dict) and "scope" in params:
            yield "endpoint_params", 'oauth2: cannot overwrite parameter "scope"; keep it or scopes'


class HttpConfig(ProxyConfig):
    """How to speak HTTP. At most one kind of authentication is given."""

    basic_auth: BasicAuth | None = Field(None, description="A user name and a password.")
    authorization: Authorization | None = Field(None, description="The `Authorization` header.")
    bearer_token: Secret | None = Field(None, description="A bearer token; the older form of `authorization`.")
    bearer_token_file: File = Field("", description="A file with the bearer token.")
    tls_config: TlsConfig = Field(TlsConfig(), description="TLS.")
    oauth2: OAuth2 | None = Field(None, description="A token that is fetched from a server of its own.")
    follow_redirects: Flag = Field(True, description="Whether a redirect that keeps the method is followed.")
    enable_http2: Flag = Field(
        True, description="Whether HTTP/2 may be spoken. alertd speaks HTTP/1.1, which both values allow."
    )
    http_headers: dict[FreeHeaderName, HttpHeader] = Field({}, description="Headers that are added to each request.")

    exclusive = (("bearer_token", "bearer_token_file"), ("basic_auth", "oauth2", "authorization"))

    @property
    def authenticates(self) -> bool:
        """Whether the HTTP client sends an `Authorization` header of its own."""
        ways = (self.authorization, self.basic_auth, self.oauth2, self.bearer_token, self.bearer_token_file)
        return any(ways)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not (is_given(written, "bearer_token") or is_given(written, "bearer_token_file")):
            return
        place = "bearer_token/bearer_token_file"
        if is_given(written, "basic_auth") or is_given(written, "oauth2"):
            yield place, at_most_one("basic_auth", "oauth2", "bearer_token", "bearer_token_file")
        if is_given(written, "authorization"):
            sentence = "authorization is not compatible with bearer_token & bearer_token_file"
            yield place, f"{sentence}; keep one of them"
