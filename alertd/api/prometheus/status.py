"""What programs ask before they ask anything else: which Prometheus this is, and how it is set up."""

from __future__ import annotations

import socket

from fastapi import APIRouter, Request, Response

from alertd import __version__
from alertd.api.auth import CurrentService, Viewer, require_owner
from alertd.api.prometheus.answers import answer
from alertd.api.prometheus.shapes import moment
from alertd.config.redaction import redacted
from alertd.promql import format_duration

router = APIRouter()

#: The version of Prometheus whose API and language this is; Grafana chooses by it what it asks for.
SPOKEN = "3.14.0"


@router.get("/status/buildinfo")
async def get_buildinfo(_identity: Viewer) -> Response:
    """The Prometheus that alertd stands for; without this, Grafana lists no rules."""
    return answer(
        {
            "version": SPOKEN,
            "revision": f"alertd {__version__}",
            "branch": "alertd",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }
    )


@router.get("/status/config")
async def get_config(service: CurrentService, identity: Viewer) -> Response:
    """The configuration without its secrets."""
    require_owner(identity, service)
    return answer({"yaml": redacted(service.runtime.config)})


@router.get("/status/flags")
async def get_flags(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """Those of Prometheus' flags that alertd has a setting for."""
    require_owner(identity, service)
    runtime = service.runtime
    return answer(
        {
            "storage.tsdb.retention.time": format_duration(runtime.config.settings.retention.snapshots),
            "web.enable-lifecycle": "true",
            "web.external-url": runtime.external_url,
            "web.listen-address": str(request.app.state.listen),
        }
    )


@router.get("/status/runtimeinfo")
async def get_runtimeinfo(service: CurrentService, identity: Viewer) -> Response:
    """How this replica runs."""
    require_owner(identity, service)
    return answer(
        {
            "startTime": moment(service.started_at),
            "hostname": socket.gethostname(),
            "serverTime": moment(service.clock.now()),
            "reloadConfigSuccess": not service.reload_error,
            "storageRetention": format_duration(service.runtime.config.settings.retention.snapshots),
        }
    )


@router.get("/alertmanagers")
async def get_alertmanagers(service: CurrentService, identity: Viewer) -> Response:
    """The Alertmanagers that alerts are forwarded to."""
    require_owner(identity, service)
    active = [{"url": url} for url in service.runtime.forwarding.targets]
    return answer({"activeAlertmanagers": active, "droppedAlertmanagers": []})
