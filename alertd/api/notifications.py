"""`/v1/notifications`: what was said to whom, what is on its way, and what every try was answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from alertd.api.auth import CurrentService, Viewer
from alertd.api.cursor import decode_pair, encode
from alertd.api.fields import Fingerprint, Text
from alertd.api.problems import error_responses, not_found
from alertd.api.schemas import NotificationDetails, NotificationList
from alertd.api.views import notification_answer, notification_details
from alertd.store import outbox

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

_LISTING = "notifications"


@router.get("", summary="List notifications", responses=error_responses(HTTPStatus.UNPROCESSABLE_ENTITY))
async def list_notifications(
    service: CurrentService,
    identity: Viewer,
    status: Annotated[
        tuple[Text, ...], Query(description="Any of pending, sending, sent, failed, superseded, withdrawn.")
    ] = (),
    receiver: Annotated[Text | None, Query(description="The receiver's name.")] = None,
    integration: Annotated[Text | None, Query(description="The integration's id, as `team/slack/0`.")] = None,
    fingerprint: Annotated[Fingerprint | None, Query(description="An alert that the message is about.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> NotificationList:
    """Notifications, the newest first."""
    found = await service.database.run(
        outbox.listing,
        identity.organisation,
        statuses=status,
        receiver=receiver,
        integration=integration,
        fingerprint=fingerprint,
        before=decode_pair(_LISTING, cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    return NotificationList(
        notifications=list(map(notification_answer, shown)),
        next_cursor=encode(_LISTING, shown[-1].created_at, shown[-1].id) if len(found) > limit else None,
    )


@router.get("/{notification_id}", summary="Get a notification", responses=error_responses(HTTPStatus.NOT_FOUND))
async def get_notification(
    service: CurrentService, identity: Viewer, notification_id: Annotated[str, Path(pattern="^[0-9a-f]{1,32}$")]
) -> NotificationDetails:
    """A notification with its alerts and every try to deliver it."""
    found = await service.database.run(_read, identity.organisation, notification_id)
    if found is None:
        raise not_found(f"there is no notification {notification_id}")
    return found


def _read(connection: Connection, organisation: str, notification_id: str) -> NotificationDetails | None:
    notification = outbox.get(connection, organisation, notification_id)
    if notification is None:
        return None
    return notification_details(notification, outbox.attempts_of(connection, organisation, notification_id))
