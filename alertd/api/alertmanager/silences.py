"""`/api/v2/silences` and `/api/v2/silence/ID`."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from fastapi import APIRouter, Request, Response

from alertd.api.alertmanager.answers import REQUIRED, Malformed, Rejected, answer, empty
from alertd.api.alertmanager.decoding import check_uuid, decode, filters, flag, instant_of, invalid_name, read_body
from alertd.api.alertmanager.schemas import (
    GettableMatcher,
    GettableSilence,
    PostableMatcher,
    PostableSilence,
    SilenceStatus,
)
from alertd.api.auth import CurrentService, Editor, Viewer
from alertd.clock import to_rfc3339
from alertd.promql.quoting import quote
from alertd.routing.matchers import Grammar, Matcher, MatcherError, Operator
from alertd.routing.silences import Silence, SilenceRejected, SilenceState
from alertd.service.actions import SilenceNotFound
from alertd.store import silences as silence_rows

router = APIRouter()

_SILENCE = msgspec.json.Decoder(PostableSilence | None)
_ORDER = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)
_OPERATORS = {(op.is_positive, op.is_regex): op for op in Operator}


@router.get("/silences")
async def get_silences(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """The silences that have every matcher that is asked for, as they are written and not by what they match."""
    wanted = set(filters(request))
    states = {state for state in SilenceState if flag(request, state.value)}
    now = service.clock.now()
    found = await service.database.run(silence_rows.listing, identity.organisation)
    shown = [silence for silence in found if silence.state(now) in states and wanted <= set(silence.matchers)]
    return answer([_gettable(silence, now) for silence in sorted(shown, key=lambda silence: _order(silence, now))])


@router.post("/silences")
async def post_silence(service: CurrentService, identity: Editor, request: Request) -> Response:
    """Make a silence, or change the one with its id; what would alter what is silenced already gets a new id."""
    body = await read_body(request)
    if not body:
        raise Malformed(REQUIRED, "silence in body is required")
    given = decode(body, _SILENCE, "silence") or PostableSilence()
    given.check()
    silence = _silence(given, service.options.grammar, service.clock.now())
    try:
        stored = await service.actions.put_silence(identity.organisation, silence, identity.actor)
    except SilenceNotFound as error:
        raise Rejected("silence not found", HTTPStatus.NOT_FOUND) from error
    except SilenceRejected as error:
        raise Rejected(f"invalid silence: {error}") from error
    return answer({"silenceID": stored.id})


@router.get("/silence/{silence_id}")
async def get_silence(service: CurrentService, identity: Viewer, silence_id: str) -> Response:
    """One silence."""
    found = await service.database.run(silence_rows.get, identity.organisation, check_uuid(silence_id))
    return empty(HTTPStatus.NOT_FOUND) if found is None else answer(_gettable(found, service.clock.now()))


@router.delete("/silence/{silence_id}")
async def delete_silence(service: CurrentService, identity: Editor, silence_id: str) -> Response:
    """End a silence; that it has ended already is no mistake."""
    try:
        await service.actions.end_silence(identity.organisation, check_uuid(silence_id), identity.actor)
    except SilenceNotFound:
        return empty(HTTPStatus.NOT_FOUND)
    return empty()


def _silence(given: PostableSilence, grammar: Grammar, now: int) -> Silence:
    """The silence that was asked for. Raises `Rejected`."""
    starts_at, ends_at = instant_of(given.starts_at) or 0, instant_of(given.ends_at) or 0
    if starts_at >= ends_at:
        raise Rejected("Failed to create silence: start time must be before end time")
    if ends_at < now:
        raise Rejected("Failed to create silence: end time can't be in the past")
    return Silence(
        id=given.id or "",
        matchers=tuple(_matcher(index, matcher, grammar) for index, matcher in enumerate(given.matchers or ())),
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=given.created_by or "",
        comment=given.comment or "",
        updated_at=0,
        annotations=given.annotations or {},
    )


def _matcher(index: int, given: PostableMatcher | None, grammar: Grammar) -> Matcher:
    """The matcher of its parts. Raises `Rejected`."""
    parts = given or PostableMatcher()
    if invalid_name([parts.name or ""], grammar) is not None:
        raise Rejected(f"invalid silence: invalid label matcher {index}: invalid label name {quote(parts.name or '')}")
    op = _OPERATORS[parts.is_equal is not False, parts.is_regex is True]
    try:
        return Matcher(parts.name or "", op, parts.value or "")
    except MatcherError as error:
        raise Rejected(f"invalid silence: invalid label matcher {index}: {error}") from error


def _order(silence: Silence, now: int) -> tuple[int, int, str]:
    """Active ones by the nearest end, then those to come by the nearest start, then the latest that are over."""
    state = silence.state(now)
    instant = {
        SilenceState.ACTIVE: silence.ends_at,
        SilenceState.PENDING: silence.starts_at,
        SilenceState.EXPIRED: -silence.ends_at,
    }[state]
    return (_ORDER.index(state), instant, silence.id)


def _gettable(silence: Silence, now: int) -> GettableSilence:
    shown = GettableSilence(
        id=silence.id,
        status=SilenceStatus(silence.state(now).value),
        updated_at=to_rfc3339(silence.updated_at),
        comment=silence.comment,
        created_by=silence.created_by,
        ends_at=to_rfc3339(silence.ends_at),
        matchers=[
            GettableMatcher(matcher.op.is_positive, matcher.op.is_regex, matcher.name, matcher.value)
            for matcher in silence.matchers
        ],
        starts_at=to_rfc3339(silence.starts_at),
    )
    if silence.annotations:
        shown.annotations = dict(silence.annotations)
    return shown
