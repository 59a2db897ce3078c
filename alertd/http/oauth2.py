"""OAuth 2 with the client credentials grant (RFC 6749, section 4.4), with the semantics of `golang.org/x/oauth2`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol
from urllib.parse import parse_qs, quote_plus, urlencode

from alertd.clock import SECOND, Clock
from alertd.http.credentials import basic, one_line, read_secret
from alertd.http.errors import HttpError, HttpErrorKind, origin, redact
from alertd.http.response import Response
from alertd.http.settings import OAuth2Settings

_EARLY = 10 * SECOND
_LONGEST_REASON = 200
_FORM = "application/x-www-form-urlencoded"
_USUAL_TYPES = {"bearer": "Bearer", "basic": "Basic", "mac": "MAC"}


class Post(Protocol):
    """Sends a form to the token's server; raises `HttpError` when there is no answer."""

    def __call__(
        self, url: str, content: bytes, headers: Mapping[str, str], *, time_limit: int
    ) -> Awaitable[Response]: ...


class _Style(Enum):
    """Where the server wants the client's name and secret: servers differ, and do not say."""

    IN_HEADER = auto()
    IN_BODY = auto()


@dataclass(frozen=True)
class Grant:
    """What the token's server gave: the value of an `Authorization` header and for how many milliseconds it is good."""

    authorization: str
    lifetime: int | None


@dataclass(frozen=True)
class _Held:
    authorization: str
    expires_at: int | None
    secret: str


class TokenSource:
    """The token of one client at one server: fetched when it is needed, kept until 10 s before it ends."""

    def __init__(self, settings: OAuth2Settings, post: Post, clock: Clock) -> None:
        self._settings = settings
        self._post = post
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: _Held | None = None
        self._style: _Style | None = None

    async def authorization(self, time_limit: int, *, rejected: str = "") -> str:
        """The value of the `Authorization` header, within `time_limit` milliseconds.

        Of those who ask at the same time one fetches it. `rejected` is a value that a server did not take: it is not
        given again. A secret that was changed in its file counts as another client. Raises `HttpError`.
        """
        settings = self._settings
        secret = settings.client_secret or read_secret(settings.client_secret_file)
        try:
            async with asyncio.timeout(time_limit / 1000), self._lock:
                if self._held is None or not self._is_good(self._held, secret, rejected):
                    self._held = await self._fetch(secret, time_limit)
                return self._held.authorization
        except TimeoutError as error:
            text = f"no OAuth 2 token from {origin(settings.token_url)} within {time_limit} ms"
            raise HttpError(HttpErrorKind.TIMEOUT, text) from error

    def _is_good(self, held: _Held, secret: str, rejected: str) -> bool:
        lasts = held.expires_at is None or self._clock.now() < held.expires_at - _EARLY
        return lasts and held.secret == secret and held.authorization != rejected

    async def _fetch(self, secret: str, time_limit: int) -> _Held:
        refusals = []
        for style in [self._style] if self._style else list(_Style):
            response = await self._ask(style, secret, time_limit)
            try:
                grant = read_grant(response)
            except ValueError as error:
                refusals.append(str(error))
                continue
            self._style = style
            expires_at = None if grant.lifetime is None else self._clock.now() + grant.lifetime
            return _Held(grant.authorization, expires_at, secret)
        reason = redact("; then ".join(dict.fromkeys(refusals)), secret, quote_plus(secret))
        raise HttpError(HttpErrorKind.CREDENTIALS, f"{self._failure()}: {reason}")

    async def _ask(self, style: _Style, secret: str, time_limit: int) -> Response:
        settings = self._settings
        form = {"grant_type": "client_credentials"}
        if settings.scopes:
            form["scope"] = " ".join(settings.scopes)
        form.update(settings.endpoint_params)
        headers = {"Content-Type": _FORM}
        if style is _Style.IN_HEADER:
            headers["Authorization"] = basic(quote_plus(settings.client_id), quote_plus(secret))
        else:
            form["client_id"] = settings.client_id
            if secret:
                form["client_secret"] = secret
        try:
            return await self._post(settings.token_url, urlencode(form).encode(), headers, time_limit=time_limit)
        except HttpError as error:
            # What was to be sent with the token was not sent.
            raise HttpError(error.kind, f"{self._failure()}: {error}") from error

    def _failure(self) -> str:
        return f"cannot fetch an OAuth 2 token from {origin(self._settings.token_url)}"


def read_grant(response: Response) -> Grant:
    """What the answer of a token's server grants; raises `ValueError` that says why it is nothing."""
    status = response.status
    try:
        answer = _fields(response)
    except ValueError:
        raise ValueError(f"it answered {status}, not in the form of OAuth 2") from None
    if not response.is_success or answer.get("error"):
        given = [str(answer[key]) for key in ("error", "error_description") if answer.get(key)]
        reason = ": ".join([f"it answered {status}", *given])
        raise ValueError(" ".join(reason.split())[:_LONGEST_REASON])
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise ValueError(f"it answered {status} without an access_token")
    kind = str(answer.get("token_type") or "Bearer")
    value = f"{_USUAL_TYPES.get(kind.lower(), kind)} {token}"
    return Grant(one_line(value, "the token of OAuth 2"), _lifetime(answer.get("expires_in")))


def _fields(response: Response) -> Mapping[str, object]:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in (_FORM, "text/plain"):
        return {key: values[0] for key, values in parse_qs(response.text).items()}
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError("no JSON object")
    return answer


def _lifetime(expires_in: object) -> int | None:
    """Milliseconds; None for a token that says nothing of its end. Some servers write the seconds as text."""
    try:
        seconds = int(float(str(expires_in or 0)))
    except (ValueError, OverflowError):
        raise ValueError("the expires_in of its token is no number of seconds") from None
    return seconds * SECOND or None
