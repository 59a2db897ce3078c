"""The settings of an HTTP client, made of an `http_config`."""

from __future__ import annotations

from pydantic import SecretStr

from alertd.config.http import Authorization, BasicAuth, HttpConfig, HttpHeader, OAuth2, ProxyConfig, TlsConfig
from alertd.http import ClientSettings, OAuth2Settings, ProxySettings, TlsSettings


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
        authorization_type=authorization.type.strip() or "Bearer",
        credentials=_plain(authorization.credentials) or _plain(config.bearer_token),
        credentials_file=authorization.credentials_file or config.bearer_token_file,
        oauth2=_oauth2(config.oauth2) if config.oauth2 else None,
        tls=tls_settings(config.tls_config),
        proxy=_proxy(config),
        follow_redirects=config.follow_redirects,
        headers=tuple((name, value) for name, header in headers for value in _values(header)),
        header_files=tuple((name, path) for name, header in headers for path in header.files),
    )


def tls_settings(config: TlsConfig) -> TlsSettings:
    """TLS as the client and the mail sender take it."""
    return TlsSettings(
        ca=config.ca,
        ca_file=config.ca_file,
        cert=config.cert,
        cert_file=config.cert_file,
        key=_plain(config.key),
        key_file=config.key_file,
        server_name=config.server_name,
        insecure_skip_verify=config.insecure_skip_verify,
        min_version=config.min_version or "",
        max_version=config.max_version or "",
    )


def _oauth2(config: OAuth2) -> OAuth2Settings:
    return OAuth2Settings(
        client_id=config.client_id,
        token_url=config.token_url or "",
        client_secret=_plain(config.client_secret),
        client_secret_file=config.client_secret_file,
        scopes=config.scopes,
        endpoint_params=tuple(config.endpoint_params.items()),
        tls=tls_settings(config.tls_config),
        proxy=_proxy(config),
    )


def _proxy(config: ProxyConfig) -> ProxySettings:
    headers = config.proxy_connect_header.items()
    return ProxySettings(
        url=_plain(config.proxy_url),
        no_proxy=config.no_proxy,
        from_environment=config.proxy_from_environment,
        connect_headers=tuple((name, _plain(value)) for name, values in headers for value in values),
    )


def _values(header: HttpHeader) -> tuple[str, ...]:
    return (*header.values, *map(_plain, header.secrets))


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
