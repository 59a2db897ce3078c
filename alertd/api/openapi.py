"""The OpenAPI document: FastAPI's, with the one shape of errors in place of FastAPI's own."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from alertd.api.schemas import ProblemDetails

_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")


class DescribedApp(FastAPI):
    """An app whose OpenAPI document tells errors in the shape that they have here; it is made when it is asked for."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _document(self)
        return self.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPIS_OWN:
        schemas.pop(name, None)
    own = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.pop("$defs"))
    schemas["ProblemDetails"] = own
    for operations in document["paths"].values():
        for operation in operations.values():
            _only_problems(operation)
    return document


def _only_problems(operation: dict[str, Any]) -> None:
    invalid = operation["responses"].get("422")
    if invalid is not None and "application/json" in invalid.get("content", {}):
        operation["responses"]["422"] = {
            "description": "Unprocessable Content",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
