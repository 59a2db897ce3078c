"""OTLP metrics over HTTP, at Prometheus' path and at OTLP's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response

from alertd.api.auth import CurrentService, Sender
from alertd.api.fields import ShortText
from alertd.api.ingest.answers import JSON, PROTOBUF, StatusRoute, check_rate, media_of
from alertd.api.ingest.bodies import read_body
from alertd.api.ingest.remotewrite import told
from alertd.api.problems import Refused
from alertd.service.snapshots import StoredSnapshots
from alertd.sources import wire
from alertd.sources.otlp.messages import read_json
from alertd.sources.otlp.protobuf import read_protobuf
from alertd.sources.otlp.translation import DataPoint, Translated, infos_of, settle, size_of
from alertd.sources.series import count

router = APIRouter(route_class=StatusRoute, include_in_schema=False)

T = TypeVar("T")

_PATHS = ("/api/v1/otlp/v1/metrics", "/v1/metrics")
# Histograms have a sample for each bucket, and senders count their points.
_SAMPLES_PER_POINT = 32


@dataclass(slots=True)
class Stored:
    """What became of a request: samples that were stored and were not, points of which something was not, and why."""

    samples: int = 0
    refused: int = 0
    points: int = 0
    reasons: list[str] = field(default_factory=list)


async def export(
    request: Request,
    service: CurrentService,
    identity: Sender,
    source: Annotated[ShortText | None, Query(description="The source to write to; default: the only one.")] = None,
) -> Response:
    """Store what can be stored; what cannot is told as a partial success, and is not to be sent again."""
    found = service.actions.snapshots(identity.organisation, source)
    media = media_of(request)
    if media not in (JSON, PROTOBUF):
        detail = f"unsupported content type: {media or 'none'}, supported: [{JSON}, {PROTOBUF}]"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    translated = await asyncio.to_thread(_read, found, await read_body(request), media)
    check_rate(found, sum(len(point.series) for point in translated.points), service.clock.now())
    stored = await _store(found, translated.points, service.clock.now())
    await found.describe(translated.descriptions, service.clock.now())
    service.metrics.samples(found.name, stored.samples, stored.refused + translated.lost)
    return _success(media, stored.points + translated.lost, told([*translated.refused, *stored.reasons]))


for path in _PATHS:
    router.add_api_route(path, export, methods=["POST"])


def _read(source: StoredSnapshots, body: bytes, media: str) -> Translated:
    """What a request says. Raises `OtlpError`, and `Refused` where it is too much."""
    request = read_json(body) if media == JSON else read_protobuf(body)
    most = source.setup.sample_limits.samples
    points, samples = size_of(request)
    if points > most:
        raise _too_many(f"a request may have {most} data points, found {points}")
    if samples > most * _SAMPLES_PER_POINT:
        raise _too_many(f"a request's data points may be {most * _SAMPLES_PER_POINT} samples, found {samples}")
    return source.translate(request)


def _too_many(problem: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"{problem}; lower the batch size")


async def _store(source: StoredSnapshots, points: Sequence[DataPoint], now: int) -> Stored:
    """Store what may be stored of the points, and what is known of their resources while there are such."""
    stored = Stored()
    most = source.setup.sample_limits.samples
    settled: list[DataPoint] = []
    for some in _parts(points, lambda point: len(point.series), most):
        series = [one for point in some for one in point.series]
        admitted = await source.write(series, now)
        taken, refused = settle(some, admitted.series)
        settled += taken
        stored.points += refused
        stored.samples += admitted.samples + admitted.histograms
        stored.refused += count(series) - admitted.samples - admitted.histograms
        stored.reasons += admitted.refused
    # Of a resource that is known for a later time already there is nothing to say.
    for infos in _parts(infos_of(settled), len, most):
        stored.samples += (await source.write(infos, now)).samples
    return stored


def _parts(whole: Iterable[T], samples_of: Callable[[T], int], most: int) -> Iterator[Sequence[T]]:
    """The whole in parts of about so many samples: whatever else is to be done is done in between."""
    part: list[T] = []
    samples = 0
    for one in whole:
        part.append(one)
        samples += samples_of(one)
        if samples >= most:
            yield part
            part, samples = [], 0
    if part:
        yield part


def _success(media: str, refused: int, message: str) -> Response:
    """The answer `ExportMetricsServiceResponse`; without refusals it is empty."""
    if media == JSON:
        partial = {"partialSuccess": {"rejectedDataPoints": str(refused), "errorMessage": message}}
        return Response(json.dumps(partial if message else {}), media_type=JSON)
    content = wire.varint_field(1, refused) + wire.message(2, message.encode())
    return Response(wire.message(1, content) if message else b"", media_type=PROTOBUF)
