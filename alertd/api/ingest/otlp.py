"""OTLP metrics over HTTP, at Prometheus' path and at OTLP's own."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from alertd.api.auth import CurrentService, Sender
from alertd.api.fields import ShortText
from alertd.api.ingest.answers import PlainRoute, check_rate
from alertd.api.ingest.bodies import read_body
from alertd.api.ingest.remotewrite import told
from alertd.api.problems import Refused
from alertd.service.snapshots import StoredSnapshots
from alertd.sources import wire
from alertd.sources.otlp.messages import OtlpError, read_json
from alertd.sources.otlp.protobuf import read_protobuf
from alertd.sources.otlp.translation import Translated
from alertd.sources.series import count

router = APIRouter(route_class=PlainRoute, include_in_schema=False)

_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"
_PATHS = ("/api/v1/otlp/v1/metrics", "/v1/metrics")
# The code INVALID_ARGUMENT of gRPC, which OTLP's errors carry.
_INVALID_ARGUMENT = 3


async def export(
    request: Request,
    service: CurrentService,
    identity: Sender,
    source: Annotated[ShortText | None, Query(description="The source to write to; default: the only one.")] = None,
) -> Response:
    """Store what can be stored; what cannot is told as a partial success, and is not to be sent again."""
    found = service.actions.snapshots(identity.organisation, source)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in (_JSON, _PROTOBUF):
        detail = f"unsupported content type: {media or 'none'}, supported: [{_JSON}, {_PROTOBUF}]"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    body = await read_body(request)
    try:
        translated = await asyncio.to_thread(_read, found, body, media)
    except OtlpError as error:
        return _status(media, str(error))
    most = found.setup.sample_limits.samples
    number = count(translated.series)
    if number > most:
        return _status(media, f"a request may have {most} samples, found {number}; lower the batch size")
    check_rate(found, number, service.clock.now())
    admitted = await found.write(translated.series, service.clock.now())
    await found.describe(translated.descriptions, service.clock.now())
    refused = number - admitted.samples - admitted.histograms + translated.points
    service.metrics.samples(found.name, admitted.samples + admitted.histograms, refused)
    return _success(media, refused, told([*translated.refused, *admitted.refused]))


for path in _PATHS:
    router.add_api_route(path, export, methods=["POST"])


def _read(source: StoredSnapshots, body: bytes, media: str) -> Translated:
    return source.translate(read_json(body) if media == _JSON else read_protobuf(body))


def _success(media: str, refused: int, message: str) -> Response:
    """The answer `ExportMetricsServiceResponse`; without refusals it is empty."""
    if media == _JSON:
        partial = {"partialSuccess": {"rejectedDataPoints": str(refused), "errorMessage": message}}
        return Response(json.dumps(partial if message else {}), media_type=_JSON)
    content = wire.varint_field(1, refused) + wire.message(2, message.encode())
    return Response(wire.message(1, content) if message else b"", media_type=_PROTOBUF)


def _status(media: str, message: str) -> Response:
    """The answer `Status` to a request that cannot be read."""
    if media == _JSON:
        content = json.dumps({"code": _INVALID_ARGUMENT, "message": message}).encode()
    else:
        content = wire.varint_field(1, _INVALID_ARGUMENT) + wire.message(2, message.encode())
    return Response(content, HTTPStatus.BAD_REQUEST, media_type=media)
