"""Reading requests as Alertmanager reads them: bodies by its schema, parameters without complaint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar

import msgspec
from fastapi import Request

from alertd.api.alertmanager.answers import INVALID_FORMAT, Malformed, Rejected
from alertd.api.auth import service_of
from alertd.api.fields import LAST_INSTANT
from alertd.config.receivers import Receiver
from alertd.routing.matchers import Grammar, Matcher, MatcherError, matches_all, parse_matcher
from alertd.routing.patterns import LabelPattern, PatternError
from alertd.service.service import Service

T = TypeVar("T")

# What other programs send for a time that is not set.
_UNSET = datetime(1, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TRUE = frozenset({"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"})
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_CLASSIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_EMPTY_TIME = re.compile(rb'"(startsAt|endsAt)"\s*:\s*""')
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


async def read_body(request: Request) -> bytes:
    """The body of a request that says that it is JSON. Raises `Malformed`."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/octet-stream"
    if media != "application/json":
        message = f'unsupported media type "{media}", only [application/json] are allowed'
        raise Malformed(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    return await request.body()


def decode(body: bytes, decoder: msgspec.json.Decoder[T], name: str) -> T:
    """What the body says. Raises `Malformed`, which calls the body `name`."""
    try:
        # PostgreSQL cannot store this one character.
        if b"\\u0000" in body and _NUL.search(body):
            raise msgspec.ValidationError("text cannot contain the character U+0000")
        return _decoded(body, decoder)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f'parsing {name} body from "" failed, because {error}'
        raise Malformed(HTTPStatus.BAD_REQUEST, message) from error


def _decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What the body says, where an empty text in place of a time is the first of 1970, as Go's clients read it."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        without, found = _EMPTY_TIME.subn(rb'"\1":"1970-01-01T00:00:00Z"', body)
        if not found:
            raise
        return decoder.decode(without)


def instant_of(moment: datetime | None) -> int | None:
    """The instant of a time; None for one that is not set, which programs also write as the first of year 1.

    A time without a zone is UTC; one that is out of range is moved into it.
    """
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None if aware == _UNSET else min(max((aware - _EPOCH) // _MILLISECOND, 0), LAST_INSTANT)


def flag(request: Request, name: str, *, default: bool = True) -> bool:
    """A parameter that is yes or no; what is neither is no."""
    given = request.query_params.get(name, "")
    return given.lower() in _TRUE if given else default


def filters(request: Request, name: str = "filter") -> tuple[Matcher, ...]:
    """The matchers of a parameter that may be repeated. Raises `Rejected`."""
    try:
        grammar = service_of(request).options.grammar
        return tuple(parse_matcher(text, grammar) for text in request.query_params.getlist(name))
    except MatcherError as error:
        raise Rejected(str(error)) from error


def wanted_receivers(request: Request, service: Service) -> frozenset[str] | None:
    """The receivers that `receiver` and `receiver_matchers` ask for; None for any. Raises `Rejected`."""
    expression = request.query_params.get("receiver", "")
    matchers = filters(request, "receiver_matchers")
    if not expression and not matchers:
        return None
    try:
        pattern = LabelPattern(expression or ".*")
    except PatternError as error:
        raise Rejected(f"failed to parse receiver param: {error}") from error
    receivers = service.runtime.config.receivers.values()
    return frozenset(receiver.name for receiver in receivers if _fits(receiver, pattern, matchers))


def check_uuid(text: str) -> str:
    """The id of a silence. Raises `Malformed`."""
    if _UUID.fullmatch(text) is None:
        raise Malformed(INVALID_FORMAT, f'silenceID in path must be of type uuid: "{text}"')
    return text


def invalid_name(names: Iterable[str], grammar: Grammar) -> str | None:
    """The first of the label names that cannot be one; any text can but the empty one, unless the mode is classic."""
    for name in sorted(names):
        if not name or (grammar is Grammar.CLASSIC and _CLASSIC_NAME.fullmatch(name) is None):
            return name
    return None


def _fits(receiver: Receiver, pattern: LabelPattern, matchers: tuple[Matcher, ...]) -> bool:
    return pattern.matches(receiver.name) and matches_all(matchers, receiver.all_labels)
