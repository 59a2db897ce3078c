"""The shapes of Alertmanager's answers: JSON that nobody keeps, and its two kinds of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from alertd.api.problems import Refused
from alertd.errors import AlertdError

_NOT_KEPT = {"Cache-Control": "no-store"}
# Codes from here on name a rule of the schema and are not of HTTP.
_FIRST_SCHEMA_CODE = 600

#: The key of the scope under which the path stands as it was asked for.
ASKED = "alertd.asked"

INVALID_FORMAT = 601
REQUIRED = 602
TOO_FEW = 612


class Rejected(AlertdError):
    """A request that its handler refuses; the answer is the text, as a JSON string."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


class Malformed(AlertdError):
    """A request that never reaches its handler; `code` is a status of HTTP or the number of a rule of the schema."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.code >= _FIRST_SCHEMA_CODE else self.code


class _Error(msgspec.Struct):
    code: int
    message: str


def answer(value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON."""
    body = msgspec.json.encode(value) + b"\n"
    return Response(body, status, {**_NOT_KEPT, **(headers or {})}, "application/json")


def empty(status: int = HTTPStatus.OK) -> Response:
    """An answer that is only a status."""
    return Response(None, status, _NOT_KEPT)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the app be answered as Alertmanager answers it."""
    app.exception_handler(Rejected)(_rejected)
    app.exception_handler(Malformed)(_malformed)
    app.exception_handler(Refused)(_refused)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(OperationalError)(_database_failed)
    app.exception_handler(InterfaceError)(_database_failed)
    app.exception_handler(Exception)(_crashed)


def _error(status: int, message: str, *, code: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    return answer(_Error(status if code is None else code, message), status, headers)


async def _rejected(_request: Request, error: Rejected) -> Response:
    return answer(str(error), error.status)


async def _malformed(_request: Request, error: Malformed) -> Response:
    return _error(error.status, str(error), code=error.code)


async def _refused(_request: Request, error: Refused) -> Response:
    return _error(error.status, error.detail, headers=error.headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    message, headers = error.detail, dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"path {request.scope.get(ASKED, request.url.path)} was not found"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = _methods(request)
        message = f"method {request.method} is not allowed, but [{','.join(methods)}] are"
        headers = {"Allow": ", ".join(methods)}
    return _error(error.status_code, message, headers=headers)


def _methods(request: Request) -> list[str]:
    """What is possible at the path of the request."""
    routes: Sequence[Route] = request.app.state.routes
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in here for method in route.methods or ()})


async def _database_failed(_request: Request, _failure: Exception) -> Response:
    message = "the database does not answer; try again in a moment"
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, message, headers={"Retry-After": "5"})


async def _crashed(_request: Request, _failure: Exception) -> Response:
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "alertd failed to do this; its log says why")
