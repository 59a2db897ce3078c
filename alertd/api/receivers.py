"""`/v1/receivers`: who can be told, how their channels do, and whether a test message gets through."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from sqlalchemy import Connection

from alertd.api.auth import CurrentService, Editor, Viewer
from alertd.api.problems import error_responses, not_found
from alertd.api.schemas import ChannelAnswer, ReceiverAnswer, ReceiverList, ReceiverTest, TestedIntegrationAnswer
from alertd.store import channels
from alertd.store.channels import Channel
from alertd.store.history import Event, record

router = APIRouter(prefix="/v1/receivers", tags=["receivers"])


@router.get("", summary="List receivers")
async def list_receivers(service: CurrentService, identity: Viewer) -> ReceiverList:
    """The receivers of your organisation's configuration, with each of their integrations."""
    runtime = service.runtime
    if identity.organisation != runtime.organisation:
        return ReceiverList(receivers=[])
    channels = await service.database.run(_channels, identity.organisation)
    return ReceiverList(
        receivers=[
            ReceiverAnswer(
                name=name,
                integrations=[
                    _channel_answer(
                        runtime.receivers[integration.id].kind,
                        channels.get(integration.id, Channel(identity.organisation, integration.id)),
                    )
                    for integration in runtime.integrations.get(name, ())
                ],
            )
            for name in runtime.config.receivers
        ]
    )


@router.post("/{name}/test", summary="Test a receiver", responses=error_responses(HTTPStatus.NOT_FOUND))
async def test_receiver(service: CurrentService, identity: Editor, name: str) -> ReceiverTest:
    """Send a test message to each of its integrations, and tell what they answered."""
    if identity.organisation != service.runtime.organisation:
        raise not_found(f"there is no receiver {name!r}")
    tested = await service.actions.test_receiver(name)
    results = [
        TestedIntegrationAnswer(integration=one.integration, delivered=one.delivered, answer=one.answer)
        for one in tested
    ]
    details = {"receiver": name, "delivered": {one.integration: one.delivered for one in tested}}
    event = Event(service.clock.now(), "receiver_tested", identity.actor, details=details)
    await service.database.run(record, identity.organisation, [event])
    return ReceiverTest(receiver=name, results=results)


def _channels(connection: Connection, organisation: str) -> dict[str, Channel]:
    return {
        channel.integration: channel for channel in channels.every(connection) if channel.organisation == organisation
    }


def _channel_answer(kind: str, channel: Channel) -> ChannelAnswer:
    return ChannelAnswer(
        integration=channel.integration,
        kind=kind,
        broken=channel.broken,
        failures=channel.failures,
        failing_since=channel.failing_since,
        last_success_at=channel.last_success_at,
        last_error=channel.last_error,
    )
