"""Web addresses as Alertmanager takes them: what Go's `url.Parse` reads, with the scheme http or https and a host."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):(.*)", re.DOTALL)
_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
_NO_HOST_CHARACTER = re.compile(r"[\s\"<>^`{|}\\]")
_PORT = re.compile(r":[0-9]*", re.ASCII)
_REMEDY = "write the address in full, as in https://example.org/path"


class UrlError(ValueError):
    """A text is no address that can be asked; the message is Alertmanager's with a remedy and does not quote it."""


def check_http_url(text: str) -> None:
    """Raises `UrlError` for what is no web address."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise _error("net/url: invalid control character in URL")
    plain = text.partition("#")[0]
    found = _SCHEME.fullmatch(plain)
    if found is None and ":" in plain.partition("/")[0]:
        raise _error("first path segment in URL cannot contain colon")
    scheme, rest = (found[1].lower(), found[2]) if found else ("", plain)
    if rest.startswith("//"):
        authority = re.split(r"[/?]", rest[2:], maxsplit=1)[0]
        _check_host(authority.rpartition("@")[2])
        _check_escapes(rest[2 + len(authority) :].partition("?")[0])
    else:
        authority = ""
    if scheme not in {"http", "https"}:
        raise _error(f'unsupported scheme "{scheme}" for URL')
    if not authority:
        raise _error("missing host for URL")


def check_secret_url(text: str) -> None:
    """The same for an address that nobody may see, so that the message quotes nothing of it."""
    try:
        check_http_url(text)
    except UrlError as error:
        raise UrlError(re.sub(r'"[^"]+"', '"<secret>"', str(error))) from None


def _check_host(host: str) -> None:
    if host.startswith("["):
        if "]" not in host:
            raise _error("missing ']' in host")
        port = host.rpartition("]")[2]
    else:
        if (bad := _NO_HOST_CHARACTER.search(host)) is not None:
            raise _error(f'invalid character "{bad[0]}" in host name')
        port = host[host.rindex(":") :] if ":" in host else ""
    if port and not _PORT.fullmatch(port):
        raise _error(f'invalid port "{port}" after host')


def _check_escapes(path: str) -> None:
    if (bad := _ESCAPE.search(path)) is not None:
        raise _error(f'invalid URL escape "{bad[0]}"')


def _error(sentence: str) -> UrlError:
    return UrlError(f"{sentence}; {_REMEDY}")
