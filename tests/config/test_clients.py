"""HTTP settings: every key of `http_config` reaches the client."""

from __future__ import annotations

from alertd.config.clients import client_settings
from alertd.config.http import HttpConfig
from alertd.http import ClientSettings, TlsSettings


def test_every_key_is_passed_on() -> None:
    """Credentials, TLS, proxy, redirects and headers."""
    config = HttpConfig.model_validate(
        {
            "basic_auth": {"username": "u", "password_file": "/p"},
            "tls_config": {"ca_file": "/ca", "server_name": "s", "max_version": "TLS13"},
            "proxy_url": "http://proxy:3128",
            "follow_redirects": False,
            "http_headers": {"X-A": {"values": ["1"], "secrets": ["2"]}, "X-B": {"files": ["/b"]}},
        },
        context={},
    )
    assert client_settings(config) == ClientSettings(
        basic_username="u",
        basic_password_file="/p",
        tls=TlsSettings(ca_file="/ca", server_name="s", max_version="TLS13"),
        proxy_url="http://proxy:3128",
        follow_redirects=False,
        headers=(("X-A", "1, 2"),),
        header_files=(("X-B", "/b"),),
    )


def test_a_bearer_token_is_an_authorization() -> None:
    """The older form means the same as the newer one."""
    old = client_settings(HttpConfig.model_validate({"bearer_token": "t"}))
    new = client_settings(HttpConfig.model_validate({"authorization": {"credentials": "t"}}))
    assert old == new == ClientSettings(credentials="t")
    assert client_settings(HttpConfig.model_validate({"bearer_token_file": "/t"})).credentials_file == "/t"
    assert client_settings(HttpConfig()) == ClientSettings()
