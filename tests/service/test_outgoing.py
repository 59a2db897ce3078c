"""Series on their way to a Prometheus: what they are, and that the queue keeps them, in order, until they are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import cramjam
import pytest
from sqlalchemy import Connection

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.machine import Instance, State
from alertd.clock import HOUR, MINUTE, SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.promql import is_stale
from alertd.service.metrics import Metrics
from alertd.service.outgoing import Recordings, Sender, alert_series, enqueue
from alertd.service.runtime import Runtime
from alertd.sources.remotewrite.sender import RemoteWriter
from alertd.sources.remotewrite.version1 import Version1Reader
from alertd.sources.series import Identity, SeriesSamples, shown
from alertd.store import outgoing
from alertd.store.database import Database
from tests.peers.serving import Answer
from tests.peers.webhook import WebhookPeer, webhook_peer

START = 1_769_860_800_000


def report(fingerprint: str, state: State, **labels: str) -> Report:
    return Report(
        producer="rule",
        fingerprint=fingerprint,
        labels={"alertname": "Slow", **labels},
        annotations={},
        instance=Instance(state=state, active_at=START),
        updated_at=START,
    )


def plain(series: list[SeriesSamples]) -> dict[str, float | None]:
    """The value of each series, None for its end."""
    return {
        shown(one.identity.labels): None if is_stale(value) else value for one in series for _, value in one.samples
    }


def test_the_series_of_alerts() -> None:
    """All that is pending or fires has both series; a change of state or an end ends what is no more."""
    before = {
        "a": report("a", State.PENDING, x="1"),
        "b": report("b", State.FIRING, x="2"),
        "c": report("c", State.OK, x="3"),
        "d": report("d", State.RECOVERING, x="4"),
    }
    changes = [
        ReportChange("rule", "a", report("a", State.FIRING, x="1"), ()),
        ReportChange("rule", "b", None, ()),
        ReportChange("rule", "e", report("e", State.PENDING, x="5"), ()),
    ]
    since = START / 1000
    assert plain(alert_series(before, changes, START)) == {
        '{__name__="ALERTS", alertname="Slow", alertstate="firing", x="1"}': 1.0,
        '{__name__="ALERTS", alertname="Slow", alertstate="pending", x="1"}': None,
        '{__name__="ALERTS_FOR_STATE", alertname="Slow", x="1"}': since,
        '{__name__="ALERTS", alertname="Slow", alertstate="firing", x="2"}': None,
        '{__name__="ALERTS_FOR_STATE", alertname="Slow", x="2"}': None,
        '{__name__="ALERTS", alertname="Slow", alertstate="firing", x="4"}': 1.0,
        '{__name__="ALERTS_FOR_STATE", alertname="Slow", x="4"}': since,
        '{__name__="ALERTS", alertname="Slow", alertstate="pending", x="5"}': 1.0,
        '{__name__="ALERTS_FOR_STATE", alertname="Slow", x="5"}': since,
    }


def test_recorded_series_end() -> None:
    """What a rule gives no more ends, of each rule by itself."""
    recordings = Recordings()
    assert plain(recordings.series("r", [({"__name__": "a"}, 1.0), ({"__name__": "b"}, 2.0)], START)) == {
        '{__name__="a"}': 1.0,
        '{__name__="b"}': 2.0,
    }
    assert plain(recordings.series("s", [], START)) == {}
    assert plain(recordings.series("r", [({"__name__": "b"}, 3.0)], START)) == {
        '{__name__="a"}': None,
        '{__name__="b"}': 3.0,
    }
    assert plain(recordings.series("r", [({"__name__": "b"}, 3.0)], START)) == {'{__name__="b"}': 3.0}


@dataclass
class Desk:
    """A sender and whoever takes what it sends."""

    database: Database
    clock: VirtualClock
    sender: Sender
    hook: WebhookPeer
    metrics: Metrics

    def put(self, *names: str) -> None:
        """One evaluation's series, one of each name."""

        def work(connection: Connection) -> None:
            series = [SeriesSamples(Identity((("__name__", name),)), [(START, 1.0)]) for name in names]
            enqueue(connection, "default", "prom", series, self.clock.now())

        self.database.transaction(work)

    @property
    def sent(self) -> list[list[str]]:
        """The names in each request so far."""
        return [[one.identity.labels["__name__"] for one in read(request.body)] for request in self.hook.requests]

    def counted(self, outcome: str) -> float | None:
        labels = {"source": "prom", "outcome": outcome}
        return self.metrics.registry.get_sample_value("alertd_remote_write_samples_total", labels)


def read(body: bytes) -> list[SeriesSamples]:
    return Version1Reader().read(bytes(cramjam.snappy.decompress_raw(body))).series


@asynccontextmanager
async def _desk(database: Database) -> AsyncIterator[Desk]:
    clients, clock, metrics = HttpClients(), VirtualClock(START), Metrics()
    async with webhook_peer() as hook:
        writer = RemoteWriter(clients.client(), hook.url, 5 * SECOND, 2 * HOUR)
        runtime = cast("Runtime", SimpleNamespace(organisation="default", writers={"prom": writer}))
        yield Desk(database, clock, Sender(database, clock, "one", lambda: runtime, metrics), hook, metrics)
    await clients.aclose()


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with _desk(database) as made:
        yield made


async def test_what_waits_is_sent_once(desk: Desk) -> None:
    """Several evaluations go in one request, in their order, as Prometheus sends them; then nothing waits."""
    assert await desk.sender.send() == 0
    desk.put("a", "b")
    desk.put("c")
    assert await desk.sender.send() == 3
    assert desk.sent == [["a", "b", "c"]]
    headers = desk.hook.requests[0].headers
    assert headers["content-encoding"] == "snappy"
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["x-prometheus-remote-write-version"] == "0.1.0"
    assert await desk.sender.send() == 0
    assert desk.counted("taken") == 3


async def test_a_failure_is_tried_again_later(desk: Desk) -> None:
    """The whole queue waits, longer each time or as long as it is asked for, and nothing is lost."""
    desk.hook.script(Answer(503), Answer(429, headers=(("Retry-After", "7"),)), Answer(500))
    desk.put("a")
    assert await desk.sender.send() == 0
    desk.put("b")
    assert await desk.sender.send() == 0
    assert len(desk.sent) == 1
    for pause in (1, 7, 4):
        desk.clock.advance_to(desk.clock.now() + pause * SECOND - 1)
        assert await desk.sender.send() == 0
        desk.clock.advance_to(desk.clock.now() + 1)
        await desk.sender.send()
    assert desk.sent == [["a"], ["a", "b"], ["a", "b"], ["a", "b"]]
    assert desk.counted("taken") == 2


async def test_what_is_refused_does_not_hold_up_the_rest(desk: Desk) -> None:
    """A request that is refused is sent row by row; only what is refused alone is dropped."""
    desk.hook.script(Answer(400, body="out of order sample"), Answer(200), Answer(400), Answer(200))
    for name in "abc":
        desk.put(name)
    assert await desk.sender.send() == 3
    assert desk.sent == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert (desk.counted("taken"), desk.counted("refused")) == (2, 1)


async def test_nothing_overtakes(desk: Desk) -> None:
    """If one of them is to be sent again, those behind it wait."""
    desk.hook.script(Answer(400), Answer(200), Answer(503))
    for name in "abc":
        desk.put(name)
    assert await desk.sender.send() == 1
    desk.clock.advance_to(START + SECOND)
    assert await desk.sender.send() == 2
    assert desk.sent == [["a", "b", "c"], ["a"], ["b"], ["b", "c"]]


async def test_what_is_too_old_is_given_up(desk: Desk) -> None:
    """After `max_age`; what came later is sent."""
    desk.put("a")
    desk.clock.advance_to(START + HOUR)
    desk.put("b")
    desk.clock.advance_to(START + 2 * HOUR + 1)
    assert await desk.sender.send() == 2
    assert desk.sent == [["b"]]
    assert desk.counted("expired") == 1


async def test_one_replica_sends(desk: Desk) -> None:
    """While one has the lease, another sends nothing."""
    async with _desk(desk.database) as other:
        other.sender._replica_id = "two"
        desk.put("a")
        desk.hook.script(Answer(503))
        await desk.sender.send()
        later = START + 2 * SECOND
        other.clock.advance_to(later)
        assert await other.sender.send() == 0
        other.clock.advance_to(START + MINUTE)
        assert await other.sender.send() == 1
        assert other.sent == [["a"]]
    assert desk.database.transaction(outgoing.head, "default", "prom", START + HOUR, 10) == []
