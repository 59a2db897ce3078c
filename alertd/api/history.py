"""`/v1/history`: what happened, and who did it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from alertd.api.auth import CurrentService, Viewer
from alertd.api.cursor import decode_number, encode
from alertd.api.fields import Fingerprint, InstantGiven, Text
from alertd.api.problems import error_responses
from alertd.api.schemas import EventList
from alertd.api.views import event_answer
from alertd.store import queries

router = APIRouter(prefix="/v1/history", tags=["history"])

_LISTING = "history"


@router.get("", summary="List events", responses=error_responses(HTTPStatus.UNPROCESSABLE_ENTITY))
async def list_events(
    service: CurrentService,
    identity: Viewer,
    event: Annotated[tuple[Text, ...], Query(description="Any of these events, as `acknowledged`.")] = (),
    actor: Annotated[Text | None, Query(description="Who did it.")] = None,
    rule: Annotated[Text | None, Query(description="The id of a rule.")] = None,
    fingerprint: Annotated[Fingerprint | None, Query(description="An alert.")] = None,
    notification: Annotated[Text | None, Query(description="The id of a notification.")] = None,
    since: Annotated[InstantGiven | None, Query(description="From this time on.")] = None,
    until: Annotated[InstantGiven | None, Query(description="Before this time.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> EventList:
    """Events, the newest first: transitions, gates, messages, and everything that people did."""
    found = await service.database.run(
        queries.history_page,
        identity.organisation,
        events=event,
        actor=actor,
        rule=rule,
        fingerprint=fingerprint,
        notification=notification,
        since=since,
        until=until,
        before_id=decode_number(_LISTING, cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    return EventList(
        events=list(map(event_answer, shown)),
        next_cursor=encode(_LISTING, shown[-1].id or 0) if len(found) > limit else None,
    )
