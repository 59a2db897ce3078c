"""All doors for metrics, as one router."""

from __future__ import annotations

from fastapi import FastAPI

from alertd.api.ingest import otlp, pushgateway, remotewrite


def add_ingest(app: FastAPI) -> None:
    """Add the doors to an application."""
    for module in (pushgateway, remotewrite, otlp):
        app.include_router(module.router)
