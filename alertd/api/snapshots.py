"""`/v1/snapshots`: applications push the metrics that they show of themselves, as the JSON that they have."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from alertd.api.auth import CurrentService, Sender, Viewer
from alertd.api.fields import InstantGiven, Json, ShortText, Text
from alertd.api.idempotency import IdempotencyKey, once
from alertd.api.problems import Refused, error_responses
from alertd.api.schemas import FieldProblem, SnapshotAnswer, SnapshotList, SnapshotTaken
from alertd.store import snapshots as snapshot_rows

router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"])


@router.post(
    "",
    summary="Push a snapshot",
    status_code=HTTPStatus.CREATED,
    response_model=SnapshotTaken,
    responses=error_responses(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT),
)
async def push_snapshot(
    service: CurrentService,
    identity: Sender,
    request: Request,
    document: Annotated[Json, Body(description="The metrics: any JSON object; numbers and texts are values.")],
    source: Annotated[ShortText | None, Query(description="The source to push to; default: the only one.")] = None,
    label: Annotated[tuple[Text, ...], Query(description="A label of the pusher, as `instance=app-1`.")] = (),
    timestamp: Annotated[InstantGiven | None, Query(description="When the values were true; default: now.")] = None,
    key: IdempotencyKey = None,
) -> Response:
    """The body is the document itself, as an application answers it to `GET /metrics`; all else is in the query.

    A number becomes a metric named by its path, `{"db": {"ms": 5}}` the metric `db_ms`; a text becomes a state, the
    value 1 with the label `state`. Pushes with the same labels are one pusher's.
    """
    labels = _labels(label)

    async def work() -> tuple[HTTPStatus, SnapshotTaken]:
        taken = await service.actions.push_snapshot(
            identity.organisation, source, document, labels=labels, at=timestamp, actor=identity.actor
        )
        return HTTPStatus.CREATED, SnapshotTaken(id=taken.id, source=taken.source, samples=taken.samples)

    return await once(request, identity, key, work)


@router.get("", summary="List the newest snapshots")
async def list_snapshots(service: CurrentService, identity: Viewer) -> SnapshotList:
    """The newest snapshot of each source."""
    found = await service.database.run(snapshot_rows.latest, identity.organisation)
    return SnapshotList(
        snapshots=[
            SnapshotAnswer(source=source, at=at, samples=samples, labels=dict(labels))
            for source, at, samples, labels in found
        ]
    )


def _labels(pairs: Iterable[str]) -> dict[str, str]:
    """The labels of `name=value` each. Raises `Refused`."""
    labels: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals or name in labels:
            message = f"expected labels as name=value, each name once, found {pair!r}"
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[FieldProblem(field="label", message=message)]
            )
        labels[name] = value
    return labels
