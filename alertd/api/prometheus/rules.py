"""`/api/v1/rules` and `/api/v1/alerts`: what Prometheus tells of rules, of those that alertd evaluates."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from alertd.api.auth import CurrentService, Viewer
from alertd.api.prometheus.answers import answer, invalid
from alertd.api.prometheus.listing import Page, Wanted, choose, discovery, read, shown_alerts
from alertd.api.prometheus.parameters import count, matcher_sets, truth
from alertd.api.prometheus.shapes import RuleDiscovery

router = APIRouter()


@router.get("/rules")
async def get_rules(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """The groups, by file and name, with their rules and alerts."""
    wanted, page = _wanted(request), _page(request)
    alerts = not truth(request.query_params.get("exclude_alerts", ""), "exclude_alerts")
    if identity.organisation != service.runtime.organisation:
        return answer(RuleDiscovery([]))
    chosen, token = choose(service.runtime.groups, wanted, page)
    known = await service.database.run(read, identity.organisation, chosen, alerts=alerts)
    return answer(discovery(chosen, token, known, alerts=alerts))


@router.get("/alerts")
async def get_alerts(service: CurrentService, identity: Viewer) -> Response:
    """The pending and firing alerts of all rules."""
    if identity.organisation != service.runtime.organisation:
        return answer({"alerts": []})
    chosen, _ = choose(service.runtime.groups, Wanted(kind="alert"), Page())
    known = await service.database.run(read, identity.organisation, chosen, alerts=True)
    return answer({"alerts": list(shown_alerts(chosen, known))})


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    kind = given.get("type", "").lower()
    if kind not in ("", "alert", "record"):
        raise invalid("type", f'not supported value "{kind}"')
    return Wanted(
        kind=kind,
        names=frozenset(given.getlist("rule_name[]")),
        groups=frozenset(given.getlist("rule_group[]")),
        files=frozenset(given.getlist("file[]")),
        labels=matcher_sets(given.getlist("match[]")),
    )


def _page(request: Request) -> Page:
    limit, token = request.query_params.get("group_limit", ""), request.query_params.get("group_next_token", "")
    if token and not limit:
        reason = "group_limit needs to be present in order to paginate over the groups"
        raise invalid("group_next_token", reason)
    return Page(count(limit, "group_limit"), token)
