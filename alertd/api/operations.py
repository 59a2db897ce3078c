"""Signs of life, metrics and reload, where monitoring systems and orchestrators look for them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from alertd.api.auth import Admin, Anybody, CurrentService, require, require_owner
from alertd.api.problems import error_responses
from alertd.api.schemas import CheckAnswer, HealthAnswer
from alertd.errors import InvalidInput
from alertd.service.health import HealthStatus
from alertd.store.history import Event, record
from alertd.store.tokens import Role

router = APIRouter(tags=["operations"])

# For the OpenAPI document: a token may be given and need not be.
_TOKEN_OPTIONAL: dict[str, Any] = {"security": [{}]}


@router.get("/-/healthy", summary="Is it alive", response_class=PlainTextResponse)
@router.head("/-/healthy", summary="Is it alive, without a body", response_class=PlainTextResponse)
async def healthy() -> str:
    """200 while the process answers."""
    return "OK"


@router.get("/-/ready", summary="Can it work", response_class=PlainTextResponse, responses={503: {}})
@router.head("/-/ready", summary="Can it work, without a body", response_class=PlainTextResponse, responses={503: {}})
async def ready(service: CurrentService) -> Response:
    """200 when no check failed, else 503."""
    if (await service.health()).status is HealthStatus.FAILED:
        return PlainTextResponse("not ready; see /health", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("OK")


@router.get(
    "/health",
    summary="Each check",
    response_model=HealthAnswer,
    responses={503: {"model": HealthAnswer}},
    openapi_extra=_TOKEN_OPTIONAL,
)
async def health(service: CurrentService, identity: Anybody) -> Response:
    """Each check by name, 503 when one failed.

    What a check found is told to those of the configuration's organisation who may see alerts.
    """
    found = await service.health()
    told = (
        identity is not None
        and identity.organisation == service.runtime.organisation
        and identity.role.allows(Role.VIEWER)
    )
    answer = HealthAnswer(
        status=found.status,
        checks={
            name: CheckAnswer(status=check.status, message=check.message if told else None)
            for name, check in found.checks.items()
        },
    )
    failed = found.status is HealthStatus.FAILED
    return JSONResponse(answer.model_dump(mode="json"), HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK)


@router.get("/metrics", summary="alertd's own metrics", response_class=PlainTextResponse, openapi_extra=_TOKEN_OPTIONAL)
async def metrics(service: CurrentService, identity: Anybody) -> Response:
    """In Prometheus' text format. Open to everybody unless `auth.required` is true in the configuration."""
    if service.runtime.config.settings.auth.required:
        require_owner(await require(Role.VIEWER)(identity), service)
    return Response(await service.exposition(), media_type=CONTENT_TYPE_LATEST)


@router.post(
    "/-/reload",
    summary="Read the configuration anew",
    response_class=PlainTextResponse,
    responses={500: {"description": "What is wrong with the files"}, **error_responses(HTTPStatus.FORBIDDEN)},
)
async def reload(service: CurrentService, identity: Admin) -> Response:
    """200 when all of it is in force; 500 with every mistake when any is wrong, and then nothing has changed."""
    require_owner(identity, service)
    problem = ""
    try:
        await service.reload()
    except InvalidInput as error:
        problem = str(error)
    event = Event(service.clock.now(), "reload_refused" if problem else "reloaded", identity.actor)
    await service.database.run(record, identity.organisation, [event])
    if problem:
        return PlainTextResponse(f"failed to reload config: {problem}\n", HTTPStatus.INTERNAL_SERVER_ERROR)
    return PlainTextResponse("")
