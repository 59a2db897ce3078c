"""`/v1/alerts/{fingerprint}/…`: what people do about an alert."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus

from fastapi import APIRouter

from alertd.alerts.alert import Alert
from alertd.api.alerts import shown_alert
from alertd.api.auth import CurrentService, Identity, Responder
from alertd.api.fields import Fingerprint
from alertd.api.problems import Refused, error_responses
from alertd.api.schemas import AcknowledgeGiven, AlertAnswer, FieldProblem, NoteGiven, SnoozeGiven
from alertd.response.acknowledgement import ResponseRejected
from alertd.service.actions import AlertNotFound
from alertd.service.service import Service

router = APIRouter(
    prefix="/v1/alerts/{fingerprint}",
    tags=["alerts"],
    responses=error_responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)


@router.post("/acknowledge", summary="Acknowledge an alert")
async def acknowledge(
    service: CurrentService, identity: Responder, fingerprint: Fingerprint, given: AcknowledgeGiven | None = None
) -> AlertAnswer:
    """Say that you have it: it repeats no more until the acknowledgement ends or the severity worsens."""
    asked = given or AcknowledgeGiven()
    work = service.actions.acknowledge(
        identity.organisation, fingerprint, identity.actor, duration=asked.duration, note=asked.note
    )
    return await _respond(service, identity, fingerprint, work)


@router.post("/unacknowledge", summary="Give an alert back")
async def unacknowledge(service: CurrentService, identity: Responder, fingerprint: Fingerprint) -> AlertAnswer:
    """Take the acknowledgement away: its receivers are told again."""
    work = service.actions.unacknowledge(identity.organisation, fingerprint, identity.actor)
    return await _respond(service, identity, fingerprint, work)


@router.post("/snooze", summary="Snooze an alert")
async def snooze(
    service: CurrentService, identity: Responder, fingerprint: Fingerprint, given: SnoozeGiven
) -> AlertAnswer:
    """Put it aside for a time; nobody answers for it meanwhile."""
    if (given.duration is None) is (given.until is None):
        message = "give either duration or until"
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[FieldProblem(field="duration", message=message)]
        )
    until = given.until if given.until is not None else service.clock.now() + (given.duration or 0)
    work = service.actions.snooze(identity.organisation, fingerprint, identity.actor, until=until)
    return await _respond(service, identity, fingerprint, work)


@router.post("/note", summary="Write a note")
async def note(service: CurrentService, identity: Responder, fingerprint: Fingerprint, given: NoteGiven) -> AlertAnswer:
    """Write something into the alert's history."""
    work = service.actions.note(identity.organisation, fingerprint, identity.actor, given.text)
    return await _respond(service, identity, fingerprint, work)


@router.post("/resolve", summary="Resolve an alert")
async def resolve(service: CurrentService, identity: Responder, fingerprint: Fingerprint) -> AlertAnswer:
    """End it by hand. What a rule still finds fires again with its next evaluation."""
    work = service.actions.resolve(identity.organisation, fingerprint, identity.actor)
    return await _respond(service, identity, fingerprint, work)


@router.put("/resolve", summary="Resolve an alert, again and again")
async def put_resolved(service: CurrentService, identity: Responder, fingerprint: Fingerprint) -> AlertAnswer:
    """As POST; that it is resolved already is no mistake here."""
    shown = await shown_alert(service, identity, fingerprint)
    return shown if shown.ends_at is not None else await resolve(service, identity, fingerprint)


async def _respond(service: Service, identity: Identity, fingerprint: str, work: Awaitable[Alert]) -> AlertAnswer:
    """Do it, and show the alert as it is then. Raises `AlertNotFound`, `ResponseRejected`."""
    try:
        await work
    except AlertNotFound:
        shown = await shown_alert(service, identity, fingerprint)
        raise ResponseRejected(f"the alert is {shown.state.value}; this can be done when it fires") from None
    return await shown_alert(service, identity, fingerprint)
