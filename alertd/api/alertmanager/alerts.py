"""`/api/v2/alerts`: what senders send, and what fires."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from alertd.alerts.pushed import PushedAlert
from alertd.api.alertmanager.answers import REQUIRED, Malformed, Rejected, answer, empty
from alertd.api.alertmanager.decoding import (
    decode,
    filters,
    flag,
    instant_of,
    invalid_name,
    read_body,
    wanted_receivers,
)
from alertd.api.alertmanager.listing import Wanted, gettable, listing, status_of
from alertd.api.alertmanager.schemas import PostableAlert
from alertd.api.auth import CurrentService, Sender, Viewer
from alertd.promql.quoting import quote
from alertd.routing.matchers import Grammar

router = APIRouter(prefix="/alerts")

#: All who send here are one producer: several instances of Prometheus that find the same say it once.
PRODUCER = "alertmanager"
_BATCH = msgspec.json.Decoder(list[PostableAlert | None] | None)


@router.get("")
async def get_alerts(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """The alerts that fire, by fingerprint."""
    wanted = Wanted(
        matchers=filters(request),
        receivers=wanted_receivers(request, service),
        active=flag(request, "active"),
        silenced=flag(request, "silenced"),
        inhibited=flag(request, "inhibited"),
    )
    found = await listing(service, identity.organisation, wanted.matchers)
    shown = []
    for listed in found:
        status = status_of(listed, listed.muted_by)
        if any(map(wanted.receiver, listed.receivers)) and wanted.shows(status):
            shown.append(gettable(listed, status))
    return answer(shown)


@router.post("")
async def post_alerts(service: CurrentService, identity: Sender, request: Request) -> Response:
    """Take alerts. Those that are good are taken even if others are not."""
    body = await read_body(request)
    if not body:
        raise Malformed(REQUIRED, "alerts in body is required")
    good, refused = _read(body, service.options.grammar)
    _, more = await service.actions.push_alerts(
        identity.organisation, list(good.values()), producer=PRODUCER, actor=identity.actor
    )
    places = list(good)
    refused |= {places[index]: message for index, message in more}
    now = service.clock.now()
    resolved = sum(alert.ends_at is not None and alert.ends_at <= now for alert in good.values())
    service.metrics.alertmanager.received(len(good) - resolved, resolved, len(refused))
    if refused:
        raise Rejected("; ".join(refused[index] for index in sorted(refused)))
    return empty()


def _read(body: bytes, grammar: Grammar) -> tuple[dict[int, PushedAlert], dict[int, str]]:
    """The alerts by their places in the body, and what is wrong with others. Raises `Malformed`."""
    batch = [alert or PostableAlert() for alert in decode(body, _BATCH, "alerts") or ()]
    for index, alert in enumerate(batch):
        alert.check(index)
    good: dict[int, PushedAlert] = {}
    refused: dict[int, str] = {}
    for index, alert in enumerate(batch):
        labels, annotations = alert.labels or {}, alert.annotations or {}
        wrong = invalid_name(labels, grammar)
        if wrong is not None:
            refused[index] = f"invalid label set: invalid name {quote(wrong)}"
        elif (wrong := invalid_name(annotations, grammar)) is not None:
            refused[index] = f"invalid annotations: invalid name {quote(wrong)}"
        else:
            good[index] = PushedAlert(
                labels=labels,
                annotations=annotations,
                starts_at=instant_of(alert.starts_at),
                ends_at=instant_of(alert.ends_at),
                generator_url=alert.generator_url or "",
            )
    return good, refused
