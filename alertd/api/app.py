"""The HTTP application: every door, in one place."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Depends, FastAPI

from alertd import __version__
from alertd.api import (
    alerts,
    history,
    notifications,
    operations,
    receivers,
    responding,
    rules,
    silences,
    snapshots,
    status,
    tokens,
)
from alertd.api.alertmanager.app import add_alertmanager
from alertd.api.ingest.app import add_ingest
from alertd.api.limits import BodyLimit, refuse_foreign_media, refuse_unknown_parameters
from alertd.api.openapi import DescribedApp
from alertd.api.problems import add_handlers, error_responses
from alertd.api.prometheus.app import add_prometheus
from alertd.api.web import WebOptions
from alertd.service.service import Service

_V1 = (alerts, responding, silences, rules, notifications, history, snapshots, receivers, tokens, status)
_ERRORS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def build_app(service: Service, *, listen: str | None = None, web: WebOptions = WebOptions()) -> FastAPI:
    """The application over a service; `listen` is the address that it is served on, if not the configuration's.

    Of `web`, what concerns every request is the server's; see `guards.guarded`.
    """
    app = DescribedApp(
        title="alertd",
        version=__version__,
        summary="Alert rules, routing, response and history.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.listen = listen or str(service.runtime.config.settings.listen)
    app.add_middleware(BodyLimit)
    add_handlers(app)
    strict = [Depends(refuse_unknown_parameters), Depends(refuse_foreign_media)]
    for module in _V1:
        app.include_router(module.router, dependencies=strict, responses=error_responses(*_ERRORS))
    app.include_router(operations.router)
    add_ingest(app)
    add_alertmanager(app, service, listen=app.state.listen, web=web)
    # Last, as it takes whatever is left under its path.
    add_prometheus(app, service, listen=app.state.listen)
    return app
