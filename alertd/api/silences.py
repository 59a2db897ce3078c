"""`/v1/silences`: spans of time in which the alerts that match say nothing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from alertd.api.auth import CurrentService, Editor, Identity, Viewer
from alertd.api.fields import LAST_INSTANT
from alertd.api.idempotency import IdempotencyKey, once
from alertd.api.problems import Refused, error_responses, not_found
from alertd.api.schemas import FieldProblem, SilenceAnswer, SilenceGiven, SilenceList
from alertd.api.views import silence_answer
from alertd.routing.matchers import parse_matcher
from alertd.routing.silences import Silence, SilenceState
from alertd.store import silences as silence_rows

router = APIRouter(prefix="/v1/silences", tags=["silences"])

SilenceId = Annotated[str, Path(pattern="^[!-~]{1,36}$", description="The id of a silence.")]
_ORDER = (SilenceState.ACTIVE, SilenceState.PENDING, SilenceState.EXPIRED)


@router.get("", summary="List silences")
async def list_silences(
    service: CurrentService,
    identity: Viewer,
    state: Annotated[tuple[SilenceState, ...], Query(description="Any of these states.")] = (),
) -> SilenceList:
    """Silences: the active ones first, then those to come, then those that are over; each by its end."""
    now = service.clock.now()
    found = await service.database.run(silence_rows.listing, identity.organisation)
    wanted = [silence for silence in found if not state or silence.state(now) in state]
    ordered = sorted(wanted, key=lambda silence: (_ORDER.index(silence.state(now)), silence.ends_at, silence.id))
    return SilenceList(silences=[silence_answer(silence, now) for silence in ordered])


@router.post(
    "",
    summary="Create a silence",
    status_code=HTTPStatus.CREATED,
    response_model=SilenceAnswer,
    responses=error_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT),
)
async def create_silence(
    service: CurrentService, identity: Editor, request: Request, given: SilenceGiven, key: IdempotencyKey = None
) -> Response:
    """Keep the alerts that match quiet for a time."""

    async def work() -> tuple[HTTPStatus, SilenceAnswer]:
        now = service.clock.now()
        silence = _silence("", given, identity, now)
        stored = await service.actions.put_silence(identity.organisation, silence, identity.actor)
        return HTTPStatus.CREATED, silence_answer(stored, now)

    return await once(request, identity, key, work)


@router.get("/{silence_id}", summary="Get a silence", responses=error_responses(HTTPStatus.NOT_FOUND))
async def get_silence(service: CurrentService, identity: Viewer, silence_id: SilenceId) -> SilenceAnswer:
    """One silence."""
    found = await service.database.run(silence_rows.get, identity.organisation, silence_id)
    if found is None:
        raise not_found(f"there is no silence {silence_id}")
    return silence_answer(found, service.clock.now())


@router.put("/{silence_id}", summary="Change a silence", responses=error_responses(HTTPStatus.NOT_FOUND))
async def change_silence(
    service: CurrentService, identity: Editor, silence_id: SilenceId, given: SilenceGiven
) -> SilenceAnswer:
    """Change it. What would alter what is silenced already ends the old one and makes a new one with a new id."""
    found = await service.database.run(silence_rows.get, identity.organisation, silence_id)
    if found is None:
        raise not_found(f"there is no silence {silence_id}")
    now = service.clock.now()
    silence = _silence(silence_id, given, identity, found.starts_at)
    return silence_answer(await service.actions.put_silence(identity.organisation, silence, identity.actor), now)


@router.post("/{silence_id}/expire", summary="End a silence", responses=error_responses(HTTPStatus.NOT_FOUND))
async def expire_silence(service: CurrentService, identity: Editor, silence_id: SilenceId) -> SilenceAnswer:
    """End it now; that it has ended already is no mistake."""
    ended = await service.actions.end_silence(identity.organisation, silence_id, identity.actor)
    return silence_answer(ended, service.clock.now())


def _silence(silence_id: str, given: SilenceGiven, identity: Identity, default_start: int) -> Silence:
    """The silence that was asked for. Raises `Refused`."""
    if (given.ends_at is None) is (given.duration is None):
        message = "give either ends_at or duration"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[FieldProblem(field="ends_at", message=message)])
    starts_at = default_start if given.starts_at is None else given.starts_at
    ends_at = given.ends_at if given.ends_at is not None else starts_at + (given.duration or 0)
    return Silence(
        id=silence_id,
        matchers=tuple(map(parse_matcher, given.matchers)),
        starts_at=starts_at,
        ends_at=min(ends_at, LAST_INSTANT),
        created_by=given.created_by or identity.actor,
        comment=given.comment,
        updated_at=0,
        annotations=given.annotations,
    )
