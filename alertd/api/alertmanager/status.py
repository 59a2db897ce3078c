"""`/api/v2/status` and `/api/v2/receivers`: what runs here, with which configuration."""

from __future__ import annotations

import platform

from fastapi import APIRouter, Request, Response

from alertd import __version__
from alertd.api.alertmanager.answers import answer
from alertd.api.alertmanager.decoding import wanted_receivers
from alertd.api.alertmanager.schemas import (
    ClusterStatus,
    LabelledReceiver,
    OriginalConfig,
    Peer,
    Status,
    VersionInfo,
)
from alertd.api.alertmanager.version import SPOKEN
from alertd.api.auth import CurrentService, Viewer, require_owner
from alertd.clock import to_rfc3339
from alertd.config.redaction import redacted
from alertd.service.service import Service

router = APIRouter()


@router.get("/status")
async def get_status(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """The cluster, and the configuration without its secrets, as far as `amtool` can read it."""
    require_owner(identity, service)
    python = f"Python {platform.python_version()}"
    return answer(
        Status(
            cluster=_cluster(service, request.app.state.listen),
            version_info=VersionInfo(SPOKEN, f"alertd {__version__}", "alertd", "", "", python),
            config=OriginalConfig(redacted(service.runtime.config, for_alertmanager=True)),
            uptime=to_rfc3339(service.started_at),
        )
    )


def _cluster(service: Service, listen: str) -> ClusterStatus:
    """The members of the cluster; replicas of one database speak for themselves alone."""
    if service.cluster is not None:
        peers = [Peer(member.name, member.address) for member in service.cluster.members]
        return ClusterStatus(service.cluster.name, service.cluster.status, peers)
    flags = service.options.cluster
    if flags is not None and not flags.listen_address:
        return ClusterStatus("", "disabled", [])
    return ClusterStatus(service.replica_id, "ready", [Peer(service.replica_id, listen)])


@router.get("/receivers")
async def get_receivers(service: CurrentService, identity: Viewer, request: Request) -> Response:
    """The receivers in the order of the configuration."""
    require_owner(identity, service)
    wanted = wanted_receivers(request, service)
    receivers = service.runtime.config.receivers.values()
    return answer(
        [
            LabelledReceiver(receiver.name, receiver.all_labels)
            for receiver in receivers
            if wanted is None or receiver.name in wanted
        ]
    )
