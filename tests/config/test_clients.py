"""HTTP settings: every key of `http_config` reaches the client."""

from __future__ import annotations

import pytest

from alertd.config.clients import client_settings
from alertd.config.http import HttpConfig
from alertd.http import ClientSettings, OAuth2Settings, ProxySettings, TlsSettings


def test_every_key_is_passed_on() -> None:
    """Credentials, TLS, proxy, redirects and headers."""
    config = HttpConfig.model_validate(
        {
            "basic_auth": {"username": "u", "password_file": "/p"},
            "tls_config": {"ca_file": "/ca", "cert": "c", "key": "k", "server_name": "s", "max_version": "TLS13"},
            "proxy_url": "http://proxy:3128",
            "no_proxy": "example.org,10.0.0.0/8",
            "proxy_connect_header": {"X-Proxy": ["1", "2"]},
            "follow_redirects": False,
            "http_headers": {"X-A": {"values": ["1"], "secrets": ["2"], "files": ["/a"]}, "X-B": {"files": ["/b"]}},
        },
        context={},
    )
    assert client_settings(config) == ClientSettings(
        basic_username="u",
        basic_password_file="/p",
        tls=TlsSettings(ca_file="/ca", cert="c", key="k", server_name="s", max_version="TLS13"),
        proxy=ProxySettings(
            url="http://proxy:3128",
            no_proxy="example.org,10.0.0.0/8",
            connect_headers=(("X-Proxy", "1"), ("X-Proxy", "2")),
        ),
        follow_redirects=False,
        headers=(("X-A", "1"), ("X-A", "2")),
        header_files=(("X-A", "/a"), ("X-B", "/b")),
    )


def test_every_key_of_oauth2_is_passed_on() -> None:
    """The client, what it asks for, and its own way to the server of the token."""
    config = HttpConfig.model_validate(
        {
            "oauth2": {
                "client_id": "i",
                "client_secret_file": "/s",
                "scopes": ["a", "b"],
                "token_url": "https://example.org/token",
                "endpoint_params": {"audience": "x"},
                "tls_config": {"ca": "c", "insecure_skip_verify": True},
                "proxy_from_environment": True,
            }
        },
        context={},
    )
    expected = OAuth2Settings(
        client_id="i",
        token_url="https://example.org/token",
        client_secret_file="/s",
        scopes=("a", "b"),
        endpoint_params=(("audience", "x"),),
        tls=TlsSettings(ca="c", insecure_skip_verify=True),
        proxy=ProxySettings(from_environment=True),
    )
    assert client_settings(config) == ClientSettings(oauth2=expected)
    inline = HttpConfig.model_validate(
        {"oauth2": {"client_id": "i", "client_secret": "s", "token_url": "http://t"}}, context={}
    )
    assert client_settings(inline) == ClientSettings(oauth2=OAuth2Settings("i", "http://t", "s"))


@pytest.mark.parametrize(
    ("written", "authenticates"),
    [
        ({}, False),
        ({"http_headers": {"X-A": {"values": ["1"]}}}, False),
        ({"bearer_token": ""}, False),
        ({"bearer_token": "t"}, True),
        ({"bearer_token_file": "/t"}, True),
        ({"authorization": {"credentials": "t"}}, True),
        ({"basic_auth": {"username": "u"}}, True),
        ({"oauth2": {"client_id": "i", "token_url": "http://t"}}, True),
    ],
)
def test_what_authenticates(written: dict[str, object], authenticates: bool) -> None:
    """Each way to authenticate counts; other headers do not."""
    assert HttpConfig.model_validate(written, context={}).authenticates is authenticates


def test_an_empty_proxy_is_none() -> None:
    """Files that are filled in by templates leave `proxy_url` empty where there is no proxy."""
    assert client_settings(HttpConfig.model_validate({"proxy_url": ""})) == ClientSettings()


def test_a_bearer_token_is_an_authorization() -> None:
    """The older form means the same as the newer one."""
    old = client_settings(HttpConfig.model_validate({"bearer_token": "t"}))
    new = client_settings(HttpConfig.model_validate({"authorization": {"credentials": "t"}}))
    assert old == new == ClientSettings(credentials="t")
    assert client_settings(HttpConfig.model_validate({"bearer_token_file": "/t"})).credentials_file == "/t"
    blank = HttpConfig.model_validate({"authorization": {"type": " ", "credentials": "t"}})
    assert client_settings(blank) == new
    assert client_settings(HttpConfig()) == ClientSettings()
