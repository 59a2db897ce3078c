"""Web addresses as Go reads them."""

from __future__ import annotations

import pytest

from alertd.config.urls import UrlError, check_http_url, check_secret_url


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "HTTPS://x/a?b=c#d",
        "http://u:p@x:8080/a%20b",
        "http://[::1]:9/",
        "http://:80/",
        "http://x/a b",
        "https://example.org/?q=%zz",
        "http://x:/",
    ],
)
def test_taken(url: str) -> None:
    """A scheme, a host, and what Go lets pass."""
    check_http_url(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", 'unsupported scheme "" for URL'),
        ("example.org", 'unsupported scheme "" for URL'),
        ("mailto:a@b", 'unsupported scheme "mailto" for URL'),
        ("http:x", "missing host for URL"),
        ("http://", "missing host for URL"),
        ("http:///x", "missing host for URL"),
        ("http://x:abc", 'invalid port ":abc" after host'),
        ("http://[::1]x", 'invalid port "x" after host'),
        ("http://[::1", "missing ']' in host"),
        ("http://a b/", 'invalid character " " in host name'),
        ("http://x/%zz", 'invalid URL escape "%zz"'),
        ("http://x/%a", 'invalid URL escape "%a"'),
        ("http://x/\x00", "net/url: invalid control character in URL"),
        (" http://x/", "first path segment in URL cannot contain colon"),
    ],
)
def test_refused(url: str, words: str) -> None:
    """What Go says, and how an address is written."""
    with pytest.raises(UrlError) as refused:
        check_http_url(url)
    assert str(refused.value).startswith(words)
    assert str(refused.value).endswith("write the address in full, as in https://example.org/path")


def test_a_secret_is_not_quoted() -> None:
    """A token in the place of an address does not come into the message."""
    with pytest.raises(UrlError) as refused:
        check_secret_url("xoxb-token:abc")
    assert str(refused.value).startswith('unsupported scheme "<secret>" for URL')
