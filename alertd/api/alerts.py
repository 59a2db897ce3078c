"""`/v1/alerts`: what fires, what is pending, what is over; alerts that programs send."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Discriminator, Field, Tag

from alertd.api import standing
from alertd.api.applications import pushed_alert
from alertd.api.auth import CurrentService, Identity, Sender, Viewer
from alertd.api.cursor import decode_pair, encode
from alertd.api.fields import Fingerprint, MatcherText, Text
from alertd.api.idempotency import IdempotencyKey, once
from alertd.api.problems import Refused, error_responses, not_found
from alertd.api.schemas import (
    AlertAnswer,
    AlertGiven,
    AlertList,
    AlertSummary,
    ApplicationAlertGiven,
    FieldProblem,
    RefusedAlert,
    TakenAlerts,
    WhyAnswer,
)
from alertd.api.views import alert_answer, why_answer
from alertd.routing.matchers import parse_matcher
from alertd.service.service import Service
from alertd.store.queries import AlertCounts, AlertFilter, AlertState, ListedAlert, Position

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

#: Who says what alerts sent here are: all senders of the native API are one producer.
PRODUCER = "api"
_LISTING = "alerts"
# How many alerts are looked at in one transaction: most pages are full after the first stretch, and where hardly any
# alert is wanted longer ones are cheaper, up to what a database may be held for.
_STRETCH, _LONGEST_STRETCH = 500, 4_000
_MOST_ALERTS = 10_000


def _form_of(value: object) -> str:
    application = isinstance(value, ApplicationAlertGiven) or (isinstance(value, dict) and "alertType" in value)
    return "application" if application else "alert"


AnyAlert = Annotated[
    Annotated[AlertGiven, Tag("alert")] | Annotated[ApplicationAlertGiven, Tag("application")],
    Discriminator(_form_of),
]
AlertBatch = Annotated[list[AnyAlert], Field(min_length=1, max_length=_MOST_ALERTS)]
AlertsGiven = Annotated[
    Annotated[AnyAlert, Tag("one")] | Annotated[AlertBatch, Tag("many")],
    Discriminator(lambda value: "many" if isinstance(value, list) else "one"),
]


@router.get("", summary="List alerts", responses=error_responses(HTTPStatus.UNPROCESSABLE_ENTITY))
async def list_alerts(
    service: CurrentService,
    identity: Viewer,
    matcher: Annotated[
        tuple[MatcherText, ...], Query(description="All of them must match; Alertmanager's matchers.")
    ] = (),
    state: Annotated[tuple[AlertState, ...], Query(description="Any of these states.")] = (),
    severity: Annotated[tuple[Text, ...], Query(description="Any of these severities.")] = (),
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> AlertList:
    """Alerts, the newest start first.

    Each alert is in exactly one state: pending, resolved, acknowledged, snoozed, suppressed (silenced, inhibited, muted
    by a time interval, or explained by an alert that it depends on), else firing.
    """
    after = decode_pair(_LISTING, cursor)
    wanted = AlertFilter(tuple(map(parse_matcher, matcher)), frozenset(state), frozenset(severity))
    found = await _find(service, identity, wanted, Position(*after) if after else None, limit + 1)
    shown = found[:limit]
    return AlertList(
        alerts=[alert_answer(listed, service.runtime.tree) for listed in shown],
        next_cursor=encode(_LISTING, *shown[-1].position) if len(found) > limit else None,
    )


@router.post(
    "",
    summary="Send alerts",
    status_code=HTTPStatus.CREATED,
    response_model=TakenAlerts,
    responses={
        HTTPStatus.MULTI_STATUS.value: {"model": TakenAlerts, "description": "Some of the alerts were not taken."},
        **error_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT),
    },
)
async def send_alerts(
    service: CurrentService, identity: Sender, request: Request, given: AlertsGiven, key: IdempotencyKey = None
) -> Response:
    """Take one alert or a list of them; one that is sent again is renewed, one with an end in the past is resolved.

    The form with `alertType` is for applications: such an alert fires until somebody resolves it.
    """

    async def work() -> tuple[HTTPStatus, TakenAlerts]:
        return await _take(service, identity, given if isinstance(given, list) else [given])

    return await once(request, identity, key, work)


@router.get("/summary", summary="Count alerts")
async def summarise_alerts(service: CurrentService, identity: Viewer) -> AlertSummary:
    """How many alerts there are, by state and severity."""
    return _summary(await _count(service, identity))


@router.head("/summary", summary="Count alerts, in headers", response_class=Response)
async def summarise_alerts_in_headers(service: CurrentService, identity: Viewer) -> Response:
    """`X-Alerts-Firing` and so on for each state, `X-Alerts-Resolved-24h`, and `X-Alerts-Severity-…` for the severities
    of those that fire.
    """
    summary = _summary(await _count(service, identity))
    headers = {f"X-Alerts-{state.value.title()}": str(number) for state, number in summary.states.items()}
    headers["X-Alerts-Resolved-24h"] = str(summary.resolved_24h)
    for severity, number in summary.severities.items():
        if severity.isascii() and severity.isalnum():
            headers[f"X-Alerts-Severity-{severity.title()}"] = str(number)
    return Response(headers=headers)


@router.get("/{fingerprint}", summary="Get an alert", responses=error_responses(HTTPStatus.NOT_FOUND))
async def get_alert(service: CurrentService, identity: Viewer, fingerprint: Fingerprint) -> AlertAnswer:
    """One alert: its current or its last episode."""
    return await shown_alert(service, identity, fingerprint)


@router.get("/{fingerprint}/why", summary="Why was it told, or not", responses=error_responses(HTTPStatus.NOT_FOUND))
async def get_why(service: CurrentService, identity: Viewer, fingerprint: Fingerprint) -> WhyAnswer:
    """What produced the alert, the gates that it met, who was told and what they answered."""
    why = await service.actions.why(identity.organisation, fingerprint)
    return why_answer(why, await _get(service, identity, fingerprint), service.runtime.tree)


async def shown_alert(service: Service, identity: Identity, fingerprint: str) -> AlertAnswer:
    """The alert as it stands now. Raises `Refused` for one that is not there."""
    listed = await _get(service, identity, fingerprint)
    if listed is None:
        raise not_found(f"there is no alert {fingerprint}")
    return alert_answer(listed, service.runtime.tree)


async def _get(service: Service, identity: Identity, fingerprint: str) -> ListedAlert | None:
    return await service.database.run(
        standing.one, identity.organisation, service.runtime.routing, fingerprint, service.clock.now()
    )


async def _find(
    service: Service, identity: Identity, wanted: AlertFilter, after: Position | None, number: int
) -> list[ListedAlert]:
    """The first `number` alerts behind `after` that are wanted, looked for in stretches of one transaction each."""
    found: list[ListedAlert] = []
    stretch = _STRETCH
    while True:
        page = await service.database.run(
            standing.page,
            identity.organisation,
            service.runtime.routing,
            wanted,
            after,
            stretch,
            service.clock.now(),
        )
        found += page.alerts
        after, stretch = page.resume, min(2 * stretch, _LONGEST_STRETCH)
        if after is None or len(found) >= number:
            return found[:number]


async def _take(
    service: Service, identity: Identity, given: list[AlertGiven | ApplicationAlertGiven]
) -> tuple[HTTPStatus, TakenAlerts]:
    now = service.clock.now()
    alerts = [pushed_alert(alert, now) for alert in given]
    fingerprints, refused = await service.actions.push_alerts(
        identity.organisation, alerts, producer=PRODUCER, actor=identity.actor
    )
    if not fingerprints:
        errors = [FieldProblem(field=str(index), message=message) for index, message in refused]
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "none of the alerts was taken", errors=errors)
    taken = TakenAlerts(
        fingerprints=fingerprints,
        refused=[RefusedAlert(index=index, message=message) for index, message in refused],
    )
    return HTTPStatus.MULTI_STATUS if refused else HTTPStatus.CREATED, taken


async def _count(service: Service, identity: Identity) -> AlertCounts:
    return await service.database.run(
        standing.counts, identity.organisation, service.runtime.routing, service.clock.now()
    )


def _summary(counts: AlertCounts) -> AlertSummary:
    by_state = {
        state: {severity or "none": number for severity, number in numbers.items()}
        for state, numbers in counts.numbers.items()
    }
    severities: dict[str, int] = {}
    for state, numbers in by_state.items():
        for severity, number in numbers.items():
            if state not in {AlertState.RESOLVED, AlertState.PENDING}:
                severities[severity] = severities.get(severity, 0) + number
    return AlertSummary(
        states={state: counts.of(state) for state in AlertState},
        severities=severities,
        by_state=by_state,
        resolved_24h=counts.resolved_last_day,
    )
