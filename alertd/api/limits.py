"""What is refused before anything is read: bodies that are too large, parameters that nobody knows, foreign media."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertd.api.problems import Refused
from alertd.api.schemas import FieldProblem
from alertd.yamlmodel import unknown_key

#: The largest body of a request, in bytes.
MAX_BODY = 16 * 1024 * 1024
_TOO_LARGE = f"a request may have {MAX_BODY // 1024 // 1024} MiB; send it in parts"


class BodyLimit:
    """Refuses a request whose body is larger than `MAX_BODY`, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        is_large = announced.isdecimal() and int(announced) > MAX_BODY
        received = 0

        # Whoever reads the body knows how those are answered who sent it.
        async def counted() -> Message:
            nonlocal received
            if is_large:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
            return message

        await self._app(scope, counted, send)


async def refuse_unknown_parameters(request: Request) -> None:
    """A parameter that means nothing is a mistake, most likely a misspelt filter. Raises `Refused`."""
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    errors = [
        FieldProblem(field=name, message=unknown_key(name, known).replace("key", "parameter", 1))
        for name in dict.fromkeys(request.query_params.keys())
        if name not in known
    ]
    if errors:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, errors[0].message, errors=errors)


async def refuse_foreign_media(request: Request) -> None:
    """A body is JSON and says so; other media could be sent by a form on a foreign page. Raises `Refused`."""
    empty = request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not empty and media != "application/json" and not media.endswith("+json"):
        detail = f"the body must be JSON with Content-Type: application/json, found {media or 'no type'}"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
