"""A Pushgateway's API: `/metrics/job/JOB{/LABEL/VALUE}`, so that client libraries push to alertd unchanged."""

from __future__ import annotations

import base64
import binascii
import re
from email.message import Message
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from alertd.api.auth import CurrentService, Sender
from alertd.api.fields import ShortText
from alertd.api.ingest.answers import PlainRoute
from alertd.api.ingest.bodies import read_body
from alertd.api.problems import Refused
from alertd.sources.exposition.families import ExpositionError, Family
from alertd.sources.exposition.openmetrics import read_openmetrics
from alertd.sources.exposition.protobuf import read_protobuf
from alertd.sources.exposition.text import read_text

router = APIRouter(route_class=PlainRoute, include_in_schema=False)

_BASE64 = "@base64"
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_PATHS = ("/metrics/job/{rest:path}", "/metrics/job@base64/{rest:path}")
_METRIC_FAMILY = "io.prometheus.client.MetricFamily"

SourceName = Annotated[ShortText | None, Query(description="The source to push to; default: the only one.")]


async def push(
    rest: str, request: Request, service: CurrentService, identity: Sender, source: SourceName = None
) -> Response:
    """`PUT` puts the metrics in place of all that the group said, `POST` in place of those with the same names."""
    found = service.actions.snapshots(identity.organisation, source)
    group = grouping(rest, job_encoded=request.url.path.startswith("/metrics/job@base64/"))
    most = found.setup.sample_limits.samples
    families = read_families(await read_body(request), request.headers.get("content-type", ""), most)
    await found.push_group(group, families, service.clock.now(), replace_all=request.method == "PUT")
    service.metrics.snapshot(found.name)
    return Response(None, HTTPStatus.OK)


async def delete(
    rest: str, request: Request, service: CurrentService, identity: Sender, source: SourceName = None
) -> Response:
    """Delete a group; one that is not there is as good as deleted."""
    found = service.actions.snapshots(identity.organisation, source)
    group = grouping(rest, job_encoded=request.url.path.startswith("/metrics/job@base64/"))
    await found.remove_group(group, service.clock.now())
    return Response(None, HTTPStatus.ACCEPTED)


for path in _PATHS:
    router.add_api_route(path, push, methods=["PUT", "POST"])
    router.add_api_route(path, delete, methods=["DELETE"])


def grouping(rest: str, *, job_encoded: bool) -> dict[str, str]:
    """The labels of a group: of the rest of a path as `JOB/LABEL/VALUE`. Raises `Refused`."""
    job, slash, labels_part = rest.partition("/")
    components = labels_part.split("/") if labels_part else []
    if len(components) % 2:
        raise _bad(f'odd number of components in label string "{slash}{labels_part}"')
    labels = {}
    for name, value in zip(components[::2], components[1::2], strict=True):
        plain = name.removesuffix(_BASE64)
        if _LABEL_NAME.fullmatch(plain) is None or plain.startswith("__"):
            raise _bad(f'improper label name "{plain}"')
        labels[plain] = _decoded(value, f'for label {plain}="{value}"') if plain != name else value
    job = _decoded(job, f'in job name "{job}"') if job_encoded else job
    if not job:
        raise _bad("job name is required")
    return {**labels, "job": job}


def read_families(body: bytes, content_type: str, most: int) -> list[Family]:
    """The metrics of a body, in the form that its content type says. Raises `Refused`."""
    media = Message()
    media["content-type"] = content_type
    kind = media.get_content_type()
    try:
        if kind == "application/vnd.google.protobuf" and media.get_param("proto") == _METRIC_FAMILY:
            return read_protobuf(body, most)
        if kind == "application/openmetrics-text":
            return read_openmetrics(body, most)
        return read_text(body, most)
    except ExpositionError as error:
        raise _bad(
            f"text format parsing error in {error}" if error.line else f"cannot read the body: {error}"
        ) from error


def _decoded(value: str, where: str) -> str:
    """A text in base64 with the alphabet of URLs; `=` at its end means nothing."""
    stripped = value.rstrip("=")
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _bad(f"invalid base64 encoding {where}: {error}") from None


def _bad(detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, detail)
