"""Errors as these doors' own programs answer them: a status and a line of text."""

from __future__ import annotations

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

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PlainRoute(APIRoute):
    """A route whose errors are answered in plain text."""

    def get_route_handler(self) -> Handler:
        """The handler, whose errors are answers."""
        handler = super().get_route_handler()

        async def plain(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as error:
                return refusal(error.status, error.detail, error.headers)
            except HTTPException as error:
                return refusal(error.status_code, error.detail, error.headers)
            except SourceNotFound as error:
                return refusal(HTTPStatus.NOT_FOUND, str(error))
            except AlertdError as error:
                return refusal(HTTPStatus.BAD_REQUEST, str(error))
            except RequestValidationError as error:
                return refusal(HTTPStatus.BAD_REQUEST, field_problems(error)[0].message)
            except (OperationalError, InterfaceError):
                detail = "the database does not answer; try again in a moment"
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"})

        return plain


def check_rate(source: StoredSnapshots, samples: int, now: int) -> None:
    """Raises `Refused` when the source has had too many samples of late; the answer says when to come again."""
    wait = source.wait(samples, now)
    if wait:
        detail = f"the source takes {source.setup.samples_per_second} samples a second; slow down"
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(math.ceil(wait / SECOND))})


def refusal(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a line of text."""
    return PlainTextResponse(f"{detail}\n", status, headers)
