"""Errors as these doors' own programs answer them: a line of text, or OTLP's `Status`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from alertd.api.problems import Refused
from alertd.api.validation import field_problems
from alertd.clock import SECOND
from alertd.errors import AlertdError
from alertd.service.actions import SourceNotFound
from alertd.service.snapshots import StoredSnapshots
from alertd.sources import wire

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

#: The two forms of OTLP's messages.
JSON = "application/json"
PROTOBUF = "application/x-protobuf"

# The codes of gRPC that a `Status` has; all others are UNKNOWN.
_CODES = {
    HTTPStatus.BAD_REQUEST: 3,
    HTTPStatus.UNAUTHORIZED: 16,
    HTTPStatus.FORBIDDEN: 7,
    HTTPStatus.NOT_FOUND: 5,
    HTTPStatus.TOO_MANY_REQUESTS: 8,
    HTTPStatus.SERVICE_UNAVAILABLE: 14,
}
_UNKNOWN = 2


class PlainRoute(APIRoute):
    """A route whose errors are answered in plain text."""

    def get_route_handler(self) -> Handler:
        """The handler, whose errors are answers."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as error:
                return self.refusal(request, error.status, error.detail, error.headers)
            except HTTPException as error:
                return self.refusal(request, error.status_code, error.detail, error.headers)
            except SourceNotFound as error:
                return self.refusal(request, HTTPStatus.NOT_FOUND, str(error))
            except AlertdError as error:
                return self.refusal(request, HTTPStatus.BAD_REQUEST, str(error))
            except RequestValidationError as error:
                return self.refusal(request, HTTPStatus.BAD_REQUEST, field_problems(error)[0].message)
            except (OperationalError, InterfaceError):
                detail = "the database does not answer; try again in a moment"
                return self.refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"})

        return answered

    def refusal(
        self, _request: Request, /, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a request that is refused."""
        return refusal(status, detail, headers)


class StatusRoute(PlainRoute):
    """A route whose errors are answered with the message `Status`, in the form of the request."""

    def refusal(
        self, request: Request, /, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a request that is refused; in plain text where the request has neither form."""
        code = _CODES.get(HTTPStatus(status), _UNKNOWN)
        media = media_of(request)
        if media == JSON:
            return Response(json.dumps({"code": code, "message": detail}), status, headers, media)
        if media == PROTOBUF:
            content = wire.varint_field(1, code) + wire.message(2, detail.encode())
            return Response(content, status, headers, media)
        return super().refusal(request, status, detail, headers)


def media_of(request: Request) -> str:
    """The content type of a request, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_rate(source: StoredSnapshots, samples: int, now: int) -> None:
    """Raises `Refused` when the source has had too many samples of late; the answer says when to come again."""
    wait = source.wait(samples, now)
    if wait:
        detail = f"the source takes {source.setup.samples_per_second} samples a second; slow down"
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(math.ceil(wait / SECOND))})


def refusal(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a line of text."""
    return PlainTextResponse(f"{detail}\n", status, headers)
