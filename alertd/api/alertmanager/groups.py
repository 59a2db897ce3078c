"""`/api/v2/alerts/groups`: the alerts that fire, in the groups in which they are told."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from alertd.api.alertmanager.answers import answer
from alertd.api.alertmanager.decoding import filters, flag, wanted_receivers
from alertd.api.alertmanager.listing import Listed, Wanted, gettable, listing, status_of
from alertd.api.alertmanager.schemas import AlertGroup, Named
from alertd.api.auth import CurrentService, Viewer
from alertd.routing.groups import group_of

router = APIRouter(prefix="/alerts/groups")


@router.get("")
async def get_groups(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """Groups by their labels and receivers; an alert with several routes is in several of them."""
    wanted = Wanted(
        matchers=filters(request),
        receivers=wanted_receivers(request, service),
        active=flag(request, "active"),
        silenced=flag(request, "silenced"),
        inhibited=flag(request, "inhibited"),
        muted=flag(request, "muted"),
    )
    found = await listing(service, identity.organisation, wanted.matchers)
    return answer(_grouped(found, wanted))


def _grouped(found: Iterable[Listed], wanted: Wanted) -> list[AlertGroup]:
    """The groups that the route tree makes of these alerts: those that the intake puts them into."""
    groups: dict[str, AlertGroup] = {}
    for listed in found:
        for way in listed.ways:
            receiver = way.node.route.receiver
            status = status_of(listed, way.muted_by)
            if wanted.receiver(receiver) and wanted.shows(status):
                name = group_of(way.node, listed.alert.labels)
                group = groups.setdefault(
                    name.id, AlertGroup([], dict(name.labels), Named(receiver), dict(way.node.route.labels))
                )
                group.alerts.append(gettable(listed, status))
    return sorted(groups.values(), key=_order)


def _order(group: AlertGroup) -> tuple[int, list[tuple[str, str]], str]:
    return (len(group.labels), sorted(group.labels.items()), group.receiver.name)
