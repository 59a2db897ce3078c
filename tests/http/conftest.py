"""What the tests of the HTTP client share: clients with a clock that stands still, a peer, and an authority."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from alertd.clock import VirtualClock, from_rfc3339
from alertd.http import HttpClients
from tests.peers.webhook import WebhookPeer, webhook_peer


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(from_rfc3339("2026-01-31T12:00:00Z"))


@pytest.fixture
async def clients(clock: VirtualClock) -> AsyncIterator[HttpClients]:
    clients = HttpClients(clock, environment={})
    yield clients
    await clients.aclose()


@pytest.fixture
async def peer() -> AsyncIterator[WebhookPeer]:
    async with webhook_peer() as peer:
        yield peer


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """The side of a server that has a certificate of the authority for `hooks.example.com` and for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.com", "127.0.0.1").configure_cert(context)
    return context
