"""The shape of Prometheus' answers: one envelope for data and for errors, whose kind says the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from alertd.api.problems import Refused
from alertd.errors import AlertdError

_JSON = "application/json"
_MOST_NOTES = 10


class ErrorType(Enum):
    """The kinds of errors, each with its status; the last two are alertd's own."""

    BAD_DATA = ("bad_data", 400)
    EXECUTION = ("execution", 422)
    TIMEOUT = ("timeout", 503)
    INTERNAL = ("internal", 500)
    UNAVAILABLE = ("unavailable", 503)
    UNAUTHORIZED = ("unauthorized", 401)
    FORBIDDEN = ("forbidden", 403)

    @property
    def word(self) -> str:
        return self.value[0]

    @property
    def status(self) -> int:
        return self.value[1]


class Failed(AlertdError):
    """A request that is answered with an error of Prometheus' kind."""

    def __init__(self, message: str, kind: ErrorType = ErrorType.BAD_DATA) -> None:
        super().__init__(message)
        self.kind = kind


def invalid(name: str, reason: object) -> Failed:
    """The error for a parameter that cannot be read."""
    return Failed(f'invalid parameter "{name}": {reason}')


class _Success(msgspec.Struct, omit_defaults=True):
    status: str
    data: object
    warnings: list[str] = []
    infos: list[str] = []

    def __post_init__(self) -> None:
        self.warnings = _cut(self.warnings, "warning")
        self.infos = _cut(self.infos, "info")


class _Error(msgspec.Struct, rename="camel"):
    status: str
    error_type: str
    error: str


def answer(data: object, warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> Response:
    """`data` in the envelope, with what the evaluation noticed."""
    return Response(msgspec.json.encode(_Success("success", data, list(warnings), list(infos))), media_type=_JSON)


def refuse(message: str, kind: ErrorType, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the envelope."""
    return Response(msgspec.json.encode(_Error("error", kind.word, message)), kind.status, headers, _JSON)


def add_handlers(app: FastAPI) -> None:
    """Let every error of the app be answered as Prometheus answers it."""
    app.exception_handler(Failed)(_failed)
    app.exception_handler(Refused)(_refused)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(OperationalError)(_database_failed)
    app.exception_handler(InterfaceError)(_database_failed)
    app.exception_handler(Exception)(_crashed)


def _cut(notes: Sequence[str], word: str) -> list[str]:
    """At most ten notes, as in Prometheus, and how many more there are."""
    left_out = len(notes) - _MOST_NOTES
    if left_out <= 0:
        return list(notes)
    return [*notes[:_MOST_NOTES], f"{left_out} more {word} annotations omitted"]


async def _failed(_request: Request, error: Failed) -> Response:
    return refuse(str(error), error.kind)


async def _refused(_request: Request, error: Refused) -> Response:
    kinds = {HTTPStatus.UNAUTHORIZED: ErrorType.UNAUTHORIZED, HTTPStatus.FORBIDDEN: ErrorType.FORBIDDEN}
    return refuse(error.detail, kinds.get(error.status, ErrorType.BAD_DATA), error.headers)


async def _http_error(_request: Request, error: HTTPException) -> Response:
    # Grafana tells a Prometheus from servers that keep rules by the words of this 404.
    text = "404 page not found\n" if error.status_code == HTTPStatus.NOT_FOUND else f"{error.detail}\n"
    return PlainTextResponse(text, error.status_code, error.headers)


async def _database_failed(_request: Request, _failure: Exception) -> Response:
    message = "the database does not answer; try again in a moment"
    return refuse(message, ErrorType.UNAVAILABLE, {"Retry-After": "5"})


async def _crashed(_request: Request, _failure: Exception) -> Response:
    return refuse("alertd failed to do this; its log says why", ErrorType.INTERNAL)
