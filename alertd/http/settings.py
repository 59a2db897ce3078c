"""What one integration says of its HTTP client: the keys of Alertmanager's `http_config` as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from alertd import __version__

USER_AGENT = f"alertd/{__version__}"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TlsSettings:
    """Alertmanager's `tls_config`; the versions are `TLS10` to `TLS13`, empty for the library's own bounds.

    `ca`, `cert` and `key` are the PEM text itself, each in place of its file. Files that change are read again.
    """

    ca: str = ""
    ca_file: str = ""
    cert: str = ""
    cert_file: str = ""
    key: str = field(default="", repr=False)
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True)
class ProxySettings:
    """Which proxy is asked for which address.

    `url` for all but `no_proxy`, or what the environment says. `connect_headers` are pairs of a name and a value that
    are sent with CONNECT, which opens a way to an https server; a proxy that passes plain http on does not get them.
    """

    url: str = field(default="", repr=False)
    no_proxy: str = ""
    from_environment: bool = False
    connect_headers: Pairs = field(default=(), repr=False)


@dataclass(frozen=True)
class OAuth2Settings:
    """The client credentials grant of RFC 6749; TLS and proxy are those towards the token's server alone."""

    client_id: str
    token_url: str
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    scopes: tuple[str, ...] = ()
    endpoint_params: Pairs = ()
    tls: TlsSettings = field(default_factory=TlsSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)


@dataclass(frozen=True)
class ClientSettings:
    """What one integration says of its HTTP client; the keys of Alertmanager's `http_config`, flattened.

    At most one of the three ways to authenticate is set. Files are read again for each request, so that a rotated
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
    oauth2: OAuth2Settings | None = None
    tls: TlsSettings = field(default_factory=TlsSettings)
    proxy: ProxySettings = field(default_factory=ProxySettings)
    follow_redirects: bool = True
    headers: Pairs = ()
    header_files: Pairs = ()
