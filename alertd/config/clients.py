"""The settings of an HTTP client, made of an `http_config`."""

from __future__ import annotations

from pydantic import SecretStr

from alertd.config.http import Authorization, BasicAuth, HttpConfig, HttpHeader, TlsConfig
from alertd.http import ClientSettings, TlsSettings


def client_settings(config: HttpConfig) -> ClientSettings:
    """The client's settings; a bearer token is an `Authorization` like any other."""
    basic = config.basic_auth or BasicAuth()
    authorization = config.authorization or Authorization()
    headers = config.http_headers.items()
    return ClientSettings(
        basic_username=basic.username,
        basic_username_file=basic.username_file,
        basic_password=_plain(basic.password),
        basic_password_file=basic.password_file,
        authorization_type=authorization.type,
        credentials=_plain(authorization.credentials) or _plain(config.bearer_token),
        credentials_file=authorization.credentials_file or config.bearer_token_file,
        tls=tls_settings(config.tls_config),
        proxy_url=_plain(config.proxy_url),
        follow_redirects=config.follow_redirects,
        headers=tuple((name, _joined(header)) for name, header in headers if not header.files),
        header_files=tuple((name, path) for name, header in headers for path in header.files),
    )


def tls_settings(config: TlsConfig) -> TlsSettings:
    """TLS as the client and the mail sender take it."""
    return TlsSettings(
        ca_file=config.ca_file,
        cert_file=config.cert_file,
        key_file=config.key_file,
        server_name=config.server_name,
        insecure_skip_verify=config.insecure_skip_verify,
        min_version=config.min_version or "",
        max_version=config.max_version or "",
    )


def _joined(header: HttpHeader) -> str:
    return ", ".join([*header.values, *map(_plain, header.secrets)])


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
