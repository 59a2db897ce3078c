"""What a request is answered that cannot be done: one shape for every error, RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from alertd.api.schemas import FieldProblem, ProblemDetails
from alertd.api.validation import field_problems
from alertd.errors import AlertdError
from alertd.response.acknowledgement import ResponseRejected
from alertd.routing.silences import SilenceRejected
from alertd.service.actions import AlertNotFound, ReceiverNotFound, SilenceNotFound, SourceNotFound
from alertd.sources.snapshots import SnapshotRejected
from alertd.store.requests import KeyBusy, KeyReused
from alertd.store.tokens import TokenRejected

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[AlertdError], HTTPStatus] = {
    AlertNotFound: HTTPStatus.NOT_FOUND,
    SilenceNotFound: HTTPStatus.NOT_FOUND,
    SourceNotFound: HTTPStatus.NOT_FOUND,
    ReceiverNotFound: HTTPStatus.NOT_FOUND,
    ResponseRejected: HTTPStatus.CONFLICT,
    KeyBusy: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    SilenceRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    SnapshotRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    TokenRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class Refused(AlertdError):
    """A request that is answered with an error of HTTP."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Iterable[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def not_found(what: str) -> Refused:
    """The refusal for something that is not there, as in `there is no notification abc`."""
    return Refused(HTTPStatus.NOT_FOUND, what)


def problem_response(
    status: HTTPStatus, detail: str, errors: Iterable[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer in the one shape."""
    problem = ProblemDetails(title=status.phrase, status=status.value, detail=detail, errors=list(errors))
    return JSONResponse(problem.model_dump(), status.value, headers, MEDIA_TYPE)


def error_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says about these errors of an operation."""
    return {
        status.value: {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Let every error of the app be answered in the one shape."""
    app.exception_handler(Refused)(_refused)
    app.exception_handler(AlertdError)(_rejected)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(OperationalError)(_database_failed)
    app.exception_handler(InterfaceError)(_database_failed)
    app.exception_handler(Exception)(_crashed)


async def _refused(_request: Request, error: Refused) -> Response:
    return problem_response(error.status, error.detail, error.errors, error.headers)


async def _rejected(_request: Request, error: AlertdError) -> Response:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.BAD_REQUEST)
    return problem_response(status, str(error))


async def _http_error(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {request.url.path}"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible at {request.url.path}"
    return problem_response(status, detail, headers=error.headers)


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    errors = field_problems(error)
    named = errors[0].message if len(errors) == 1 else f"the request has {len(errors)} mistakes"
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, named, errors)


async def _database_failed(_request: Request, _error: Exception) -> Response:
    detail = "the database does not answer; try again in a moment"
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


async def _crashed(_request: Request, _error: Exception) -> Response:
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "alertd failed to do this; its log says why")
