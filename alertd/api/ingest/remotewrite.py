"""Prometheus' remote write at `/api/v1/write`, versions 1.0 and 2.0."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from email.message import Message
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from alertd.api.auth import CurrentService, Sender
from alertd.api.fields import ShortText
from alertd.api.ingest.answers import PlainRoute, check_rate, refusal
from alertd.api.ingest.bodies import unsnapped, unsnapped_length
from alertd.api.problems import Refused
from alertd.service.snapshots import StoredSnapshots
from alertd.sources.admission import Admitted
from alertd.sources.remotewrite.request import VERSION_1, VERSION_2, WriteRequest
from alertd.sources.series import count
from alertd.store.snapshots import Kind

router = APIRouter(route_class=PlainRoute, include_in_schema=False)

_MEDIA = "application/x-protobuf"
_KINDS = {VERSION_1: Kind.WRITE_1, VERSION_2: Kind.WRITE_2}
_MOST_TOLD = 10
# So many bytes, decompressed, are read sooner than a thread is found for it.
_SMALL = 256 * 1024
_WRITTEN = "X-Prometheus-Remote-Write-{}-Written"


@router.post("/api/v1/write")
async def write(
    request: Request,
    service: CurrentService,
    identity: Sender,
    source: Annotated[ShortText | None, Query(description="The source to write to; default: the only one.")] = None,
) -> Response:
    """Store the samples that may be stored, and say what is wrong with the others, which are not to be sent again."""
    found = service.actions.snapshots(identity.organisation, source)
    kind = message_kind(request.headers.get("content-type", ""))
    encoding = request.headers.get("content-encoding", "snappy")
    if encoding.strip().lower() != "snappy":
        detail = f"{encoding} encoding (compression) is not accepted by this server; only snappy is acceptable"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    body = await request.body()
    is_small = unsnapped_length(body) < _SMALL
    asked = _read(found, body, kind) if is_small else await asyncio.to_thread(_read, found, body, kind)
    check_rate(found, count(asked.series), service.clock.now())
    admitted = await found.write(asked.series, service.clock.now(), None if asked.refused else (kind, body))
    await found.describe(asked.descriptions, service.clock.now())
    refused = count(asked.series) - admitted.samples - admitted.histograms + len(asked.refused)
    service.metrics.samples(found.name, admitted.samples + admitted.histograms, refused)
    reasons = [*asked.refused, *admitted.refused]
    if reasons:
        return refusal(HTTPStatus.BAD_REQUEST, told(reasons), _written(kind, admitted))
    return Response(None, HTTPStatus.NO_CONTENT, _written(kind, admitted))


def message_kind(content_type: str) -> Kind:
    """Which message a body is; without a type, and without the parameter `proto`, that of version 1.0.

    Raises `Refused`.
    """
    media = Message()
    media["content-type"] = content_type or _MEDIA
    if media.get_content_type() != _MEDIA:
        detail = f"expected {_MEDIA} as the first (media) part, got {content_type} content-type"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    proto = str(media.get_param("proto") or VERSION_1)
    if proto not in _KINDS:
        detail = f"{proto} protobuf message is not accepted by this server; only accepts {', '.join(_KINDS)}"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    return _KINDS[proto]


def told(refused: Sequence[str]) -> str:
    """The first of the reasons, and how many more there are."""
    more = len(refused) - _MOST_TOLD
    return "\n".join([*refused[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _read(source: StoredSnapshots, body: bytes, kind: Kind) -> WriteRequest:
    return source.read_write(unsnapped(body), kind, source.setup.sample_limits.samples)


def _written(kind: Kind, admitted: Admitted) -> Mapping[str, str]:
    """How much of a request of version 2.0 was stored; alertd keeps no exemplars."""
    if kind is not Kind.WRITE_2:
        return {}
    numbers = {"Samples": admitted.samples, "Histograms": admitted.histograms, "Exemplars": 0}
    return {_WRITTEN.format(what): str(number) for what, number in numbers.items()}
