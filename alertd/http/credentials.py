"""The headers that an integration's own settings add to a request."""

from __future__ import annotations

import base64
from pathlib import Path

from alertd.http.errors import HttpError, HttpErrorKind
from alertd.http.settings import ClientSettings

_ENDS_A_HEADER = frozenset("\r\n\0")


def own_headers(settings: ClientSettings) -> dict[str, str]:
    """The headers by lower-case name, with what the files hold now; raises `HttpError` of kind `CREDENTIALS`."""
    headers: dict[str, str] = {}
    for name, value in settings.headers:
        _add(headers, name, value)
    for name, path in settings.header_files:
        _add(headers, name, read_secret(path))
    username = settings.basic_username or read_secret(settings.basic_username_file)
    password = settings.basic_password or read_secret(settings.basic_password_file)
    credentials = settings.credentials or read_secret(settings.credentials_file)
    if username or password:
        headers["authorization"] = basic(username, password)
    elif credentials:
        headers["authorization"] = one_line(f"{settings.authorization_type} {credentials}", "the credentials")
    return headers


def basic(username: str, password: str) -> str:
    """The value of an `Authorization` header for a user name and a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def read_secret(path: str) -> str:
    """What the file holds now, without the space around it; no path is an empty secret.

    Raises `HttpError` of kind `CREDENTIALS` when it cannot be read.
    """
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise HttpError(HttpErrorKind.CREDENTIALS, f"cannot read the secret in {path}: it is not text") from error
    except OSError as error:
        text = f"cannot read the secret in {path}: {error.strerror}"
        raise HttpError(HttpErrorKind.CREDENTIALS, text) from error


def one_line(value: str, what: str) -> str:
    """`value`, which must fit into a header; raises `HttpError` of kind `CREDENTIALS` that names it as `what`."""
    if _ENDS_A_HEADER.isdisjoint(value):
        return value
    raise HttpError(HttpErrorKind.CREDENTIALS, f"{what} must be one line of text, or no header can carry it")


def _add(headers: dict[str, str], name: str, value: str) -> None:
    given = headers.get(name.lower())
    value = one_line(value, f"the value of the header {name}")
    headers[name.lower()] = value if given is None else f"{given}, {value}"
