"""`/v1/status`: the running service and the configuration that it works by."""

from __future__ import annotations

from fastapi import APIRouter

from alertd import __version__
from alertd.api.auth import CurrentService, Viewer
from alertd.api.schemas import StatusAnswer
from alertd.config.redaction import redacted

router = APIRouter(prefix="/v1/status", tags=["status"])


@router.get("", summary="Get the status")
async def get_status(service: CurrentService, identity: Viewer) -> StatusAnswer:
    """Version, uptime, replica; and the configuration, for the organisation whose it is, without secrets."""
    owner = identity.organisation == service.runtime.organisation
    return StatusAnswer(
        version=__version__,
        replica=service.replica_id,
        started_at=service.started_at,
        uptime=service.clock.now() - service.started_at,
        organisation=identity.organisation,
        database=service.database.dialect,
        reload_error=service.reload_error if owner else "",
        config=redacted(service.runtime.config) if owner else "",
    )
