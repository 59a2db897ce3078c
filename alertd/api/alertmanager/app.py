"""Alertmanager's API: an app of its own, since it speaks of errors in its own way."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from alertd.api.alertmanager import alerts, groups, silences, status, swagger
from alertd.api.alertmanager.answers import add_handlers, answer
from alertd.api.alertmanager.door import Door
from alertd.api.web import WebOptions
from alertd.service.service import Service

PREFIX = "/api/v2"
# Only paths of Alertmanager's first API that mean nothing to a reader of Prometheus' API.
_GONE = {
    "/api/v1/alerts": "POST",
    "/api/v1/alerts/groups": "GET",
    "/api/v1/receivers": "GET",
    "/api/v1/silences": "GET POST",
    "/api/v1/silence/{silence_id}": "GET DELETE",
}


def add_alertmanager(app: FastAPI, service: Service, *, listen: str, web: WebOptions) -> None:
    """Mount Alertmanager's API, and say of the version before it that it is gone."""
    inside = build_alertmanager(service, listen=listen, any_page=web.any_page)
    app.mount(PREFIX, Door(inside, web, service.metrics.alertmanager))
    for path, methods in _GONE.items():
        app.add_route(path, _gone, methods=methods.split(), include_in_schema=False)


def build_alertmanager(service: Service, *, listen: str, any_page: bool = False) -> FastAPI:
    """The API over a service; `listen` is the address that it is served on."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.service = service
    app.state.listen = listen
    app.state.any_page = any_page
    add_handlers(app)
    routers = [module.router for module in (groups, alerts, silences, status, swagger)]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    return app


async def _gone(_request: Request) -> Response:
    told = {"status": "deprecated", "error": f"API v1 of Alertmanager is gone; the same is under {PREFIX}"}
    return answer(told, HTTPStatus.GONE)
