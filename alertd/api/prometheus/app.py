"""Prometheus' API: an app of its own, since it speaks of errors in its own way."""

from __future__ import annotations

from fastapi import FastAPI

from alertd.api.prometheus import expressions, queries, rules, status
from alertd.api.prometheus.answers import add_handlers
from alertd.service.service import Service

PREFIX = "/api/v1"


def add_prometheus(app: FastAPI, service: Service, *, listen: str) -> None:
    """Mount Prometheus' API; whatever else lives under its path must be there before."""
    app.mount(PREFIX, build_prometheus(service, listen=listen))


def build_prometheus(service: Service, *, listen: str) -> FastAPI:
    """The API over a service; `listen` is the address that it is served on."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.service = service
    app.state.listen = listen
    add_handlers(app)
    for module in (rules, queries, expressions, status):
        app.include_router(module.router)
    return app
