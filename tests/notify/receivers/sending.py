"""Tells a receiver messages, and what came of it: for the tests of those that are built from their configuration."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from alertd.clock import SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Receiver, Tools
from alertd.notify.templates import Renderer, load_renderer
from tests.notify.messages import NOW, make_message

Make = Callable[[Tools], Receiver]

# What is said of a failure: its reason, whether it is final, whether the channel is broken, how long to wait.
Outcome = tuple[FailureReason, bool, bool, int | None]


@cache
def shipped() -> Renderer:
    """The templates that ship with alertd."""
    return load_renderer()


async def told(make: Make, *messages: Message, clock: VirtualClock | None = None) -> list[Delivered]:
    """The answers to `messages`, sent one after the other by one receiver."""
    clients = HttpClients()
    try:
        receiver = make(Tools(clients, shipped(), (clock or VirtualClock(NOW)).now, 10 * SECOND))
        return [await receiver.send(message) for message in messages]
    finally:
        await clients.aclose()


async def failure(make: Make, message: Message | None = None) -> DeliveryFailed:
    """How telling one message failed."""
    with pytest.raises(DeliveryFailed) as caught:
        await told(make, message or make_message())
    return caught.value


def outcome(failed: DeliveryFailed) -> Outcome:
    return failed.reason, failed.permanent, failed.channel_broken, failed.retry_after
