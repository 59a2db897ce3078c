"""Speaks to a running service: one method a verb; what goes wrong becomes an error with an exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from alertd.cli.exits import CommandFailed, Exit
from alertd.clock import SECOND
from alertd.http import ClientSettings, HttpClients, HttpError, HttpErrorKind, Response

_TIME_LIMIT = 60 * SECOND
_MAX_BODY = 256 << 20
_PAGE = 1000

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Client:
    """The service at `url`; `token` may be empty. Every method raises `CommandFailed`."""

    url: str
    token: str = ""

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        return self._ask("GET", path, parameters)

    def post(self, path: str, body: object = None, parameters: Parameters | None = None) -> Any:
        return self._ask("POST", path, parameters, body)

    def each(self, path: str, key: str, parameters: Parameters, limit: int) -> Iterator[Any]:
        """The first `limit` entries of a listing, page by page; `key` names the list in the answers."""
        cursor: str | None = None
        while limit > 0:
            page = self.get(path, {**parameters, "limit": min(limit, _PAGE), "cursor": cursor})
            yield from page[key]
            limit -= len(page[key])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _ask(self, method: str, path: str, parameters: Parameters | None, body: object = None) -> Any:
        given = {name: value for name, value in (parameters or {}).items() if value not in (None, "", [], ())}
        query = f"?{urlencode(given, doseq=True)}" if given else ""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if body is not None else {}
        try:
            response = asyncio.run(self._send(method, f"{self.url.rstrip('/')}{path}{query}", content, headers))
        except HttpError as error:
            code = Exit.USAGE if error.kind is HttpErrorKind.URL else Exit.UNREACHABLE
            raise CommandFailed(code, f"{error}; --url or ALERTD_URL says where alertd is") from error
        return self._read(response)

    async def _send(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Response:
        clients = HttpClients()
        try:
            client = clients.client(ClientSettings(credentials=self.token))
            return await client.request(method, url, content, headers, time_limit=_TIME_LIMIT, max_body=_MAX_BODY)
        finally:
            await clients.aclose()

    def _read(self, response: Response) -> Any:
        try:
            answer = response.json()
        except ValueError as error:
            text = f"{self.url} answered with status {response.status} and no JSON; is this alertd's address?"
            raise CommandFailed(Exit.UNREACHABLE, text) from error
        if response.is_success:
            return answer
        codes = {401: Exit.REFUSED, 403: Exit.REFUSED, 404: Exit.NOT_FOUND, 503: Exit.UNREACHABLE}
        raise CommandFailed(codes.get(response.status, Exit.FAILED), _sentence(answer, response.status))


def segment(text: str) -> str:
    """`text` as one element of a path."""
    return quote(text, safe="")


def _sentence(answer: Any, status: int) -> str:
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if not isinstance(detail, str):
        return f"the service answered with status {status}"
    mistakes = [f"{mistake['field']}: {mistake['message']}" for mistake in answer.get("errors", [])]
    return "\n".join([detail, *mistakes]) if mistakes != [detail] else detail
