"""Requests that may be repeated: with an Idempotency-Key the first answer is kept and given again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from alertd.api.auth import Identity, service_of
from alertd.store import requests
from alertd.store.requests import KeptAnswer

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern="^[!-~]+$",
        description="Any text that is new for each request. A request that is sent again with the same key within a"
        " day is not carried out again: it gets the first one's answer.",
    ),
]

Work = Callable[[], Awaitable[tuple[HTTPStatus, BaseModel]]]


async def once(request: Request, identity: Identity, key: str | None, work: Work) -> Response:
    """Carry `work` out, or give the answer that the same request had before.

    Only what succeeded is kept; a refused request gives its key back. Raises `KeyReused`, `KeyBusy`.
    """
    if key is None:
        return _response(await _answer(work))
    database, now = service_of(request).database, service_of(request).clock.now()
    own_key = f"{identity.key}:{key}"
    begun = await database.run(requests.begin, identity.organisation, own_key, await _digest(request), now)
    if isinstance(begun, KeptAnswer):
        return _response(begun, replayed=True)
    try:
        answer = await _answer(work)
    except BaseException:
        await database.run(requests.release, identity.organisation, own_key, begun)
        raise
    await database.run(requests.finish, identity.organisation, own_key, begun, answer)
    return _response(answer)


async def _answer(work: Work) -> KeptAnswer:
    status, body = await work()
    return KeptAnswer(status.value, body.model_dump_json())


def _response(answer: KeptAnswer, *, replayed: bool = False) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(answer.body, answer.status_code, headers, media_type="application/json")


async def _digest(request: Request) -> str:
    parts = (request.method.encode(), request.url.path.encode(), request.url.query.encode(), await request.body())
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()
