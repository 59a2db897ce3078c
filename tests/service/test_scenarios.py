"""Whole stories on virtual time, from what is pushed to what a receiver on loopback gets."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from alertd.routing.matchers import parse_matchers
from alertd.routing.silences import Silence
from alertd.store.database import Database
from tests.peers.relay import relay
from tests.peers.serving import Answer
from tests.peers.webhook import WebhookPeer, webhook_peer
from tests.service.world import HOUR, MINUTE, SECOND, START, World, world

CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 1h
{extra}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
delivery: {{timeout: {timeout}}}
rule_files: [rules.yml]
"""


def config(peer: WebhookPeer, extra: str = "", timeout: str = "10s") -> str:
    return CONFIG.format(url=peer.url, extra=extra, timeout=timeout)


def told(peer: WebhookPeer) -> list[tuple[str, str, list[str]]]:
    """What the receiver got, in order: the status, the reason, and each alert as `name:status`."""
    return [_short(request.json) for request in peer.requests]


def _short(body: Any) -> tuple[str, str, list[str]]:
    alerts = [f"{alert['labels'].get('instance', '')}:{alert['status']}" for alert in body["alerts"]]
    return body["status"], body["notification_reason"], alerts


async def test_an_alert_is_paged_repeated_and_resolved(tmp_path: Path, database: Database) -> None:
    """group_wait, group_interval, repeat_interval and the resolve, each at its own time and once."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        await here.fire(alertname="Down", instance="a")
        await here.wait(9 * SECOND)
        assert told(peer) == []
        await here.fire(alertname="Down", instance="b")
        await here.wait(2 * SECOND)
        assert told(peer) == [("firing", "first notification", ["a:firing", "b:firing"])]

        await here.fire(alertname="Down", instance="c")
        await here.wait(30 * SECOND)
        assert len(peer.requests) == 1
        await here.wait(30 * SECOND)
        assert told(peer)[1:] == [("firing", "new alerts added", ["a:firing", "b:firing", "c:firing"])]

        await here.wait(HOUR + MINUTE)
        assert told(peer)[2:] == [("firing", "repeat interval elapsed", ["a:firing", "b:firing", "c:firing"])]

        await here.resolve(alertname="Down", instance="a")
        await here.wait(MINUTE)
        assert told(peer)[3:] == [("firing", "some alerts resolved", ["a:resolved", "b:firing", "c:firing"])]
        await here.resolve(alertname="Down", instance="b")
        await here.resolve(alertname="Down", instance="c")
        await here.wait(3 * HOUR)
        assert told(peer)[4:] == [("resolved", "all alerts resolved", ["b:resolved", "c:resolved"])]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Answer(429, headers=(("Retry-After", "30"),)), id="429 with Retry-After"),
        pytest.param(Answer(500), id="500"),
        pytest.param(Answer(hang=True), id="hangs"),
        pytest.param(Answer(close=True), id="closes the connection"),
    ],
)
async def test_a_receiver_in_trouble_is_told_the_current_state_later(
    tmp_path: Path, database: Database, trouble: Answer
) -> None:
    """Ten minutes of trouble lose nothing; when the receiver is back it hears what is true then."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer, timeout="300ms")) as here:
        peer.default = trouble
        await here.fire(alertname="Down", instance="a")
        await here.wait(5 * MINUTE)
        await here.fire(alertname="Down", instance="b")
        await here.resolve(alertname="Down", instance="a")
        await here.wait(5 * MINUTE)
        before = len(peer.requests)
        assert before > 5

        peer.default = Answer()
        await here.wait(3 * MINUTE)

        # On a slow machine the answer may come too late for the short time-out: the same handle is the same message.
        after = {request.headers["webhook-id"]: request.json for request in peer.requests[before:]}
        (body,) = [body for body in after.values() if body["groupLabels"]["alertname"] == "Down"]
        status, _, alerts = _short(body)
        assert status == "firing"
        assert "b:firing" in alerts
        assert "a:firing" not in alerts


async def test_a_receiver_that_refuses_tls_is_told_the_current_state_later(tmp_path: Path, database: Database) -> None:
    """Ten minutes without a TLS handshake lose nothing either."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with webhook_peer(context) as peer, relay(int(peer.url.split(":")[2].split("/")[0])) as front:
        text = config(peer).replace(
            f'url: "{peer.url}"',
            f'url: "https://127.0.0.1:{front.port}/hook", http_config: {{tls_config: {{ca_file: ca.pem}}}}',
        )
        async with world(tmp_path, database, text) as here:
            front.refuses = True
            await here.fire(alertname="Down", instance="a")
            await here.wait(5 * MINUTE)
            await here.fire(alertname="Down", instance="b")
            await here.resolve(alertname="Down", instance="a")
            await here.wait(5 * MINUTE)
            assert front.refused > 5
            assert peer.requests == []

            front.refuses = False
            await here.wait(3 * MINUTE)

    assert told(peer) == [("firing", "first notification", ["a:resolved", "b:firing"])]


async def test_retry_after_is_obeyed(tmp_path: Path, database: Database) -> None:
    """A receiver that asks for 45 seconds of peace has them."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        peer.script(Answer(429, headers=(("Retry-After", "45"),)))
        await here.fire(alertname="Down")
        await here.wait(54 * SECOND)
        assert len(peer.requests) == 1
        await here.wait(2 * SECOND)
        assert len(peer.requests) == 2


async def test_one_handle_never_carries_two_contents(tmp_path: Path, database: Database) -> None:
    """Retries of the same content carry the same webhook-id; when the state moves on, the id is a new one."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        peer.default = Answer(close=True)
        await here.fire(alertname="Down", instance="a")
        await here.wait(40 * SECOND)
        await here.fire(alertname="Down", instance="b")
        await here.wait(3 * MINUTE)
        peer.default = Answer()
        await here.wait(MINUTE)
        await here.resolve(alertname="Down", instance="a")
        await here.resolve(alertname="Down", instance="b")
        await here.wait(5 * MINUTE)

    bodies: dict[str, set[bytes]] = {}
    for request in peer.requests:
        bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert all(len(contents) == 1 for contents in bodies.values())
    assert len(bodies) == 3
    assert told(peer)[-1][0] == "resolved"


async def test_an_end_that_nobody_may_have_missed_is_told(tmp_path: Path, database: Database) -> None:
    """When the only page may have arrived although its answer was lost, the resolve is sent, too."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer, timeout="300ms")) as here:
        peer.default = Answer(hang=True)
        await here.fire(alertname="Down", instance="a")
        await here.wait(30 * SECOND)
        await here.resolve(alertname="Down", instance="a")
        await here.wait(2 * MINUTE)
        peer.default = Answer()
        await here.wait(2 * MINUTE)

    assert told(peer)[-1] == ("resolved", "all alerts resolved", ["a:resolved"])


async def test_inhibited_silenced_and_muted_alerts_send_nothing(tmp_path: Path, database: Database) -> None:
    """Each gate holds its alert back, and `why` names it."""
    extra = """
  routes:
    - matchers: [team="night"]
      mute_time_intervals: [always]
inhibit_rules:
  - source_matchers: [alertname="Down"]
    target_matchers: [alertname="Slow"]
    equal: [instance]
time_intervals:
  - name: always
    time_intervals: [{times: [{start_time: "00:00", end_time: "24:00"}]}]
"""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer, extra)) as here:
        await _silence(here, 'alertname="Quiet"', HOUR)
        await here.fire(alertname="Down", instance="a")
        gates = {
            "inhibited": await here.fire(alertname="Slow", instance="a"),
            "silenced": await here.fire(alertname="Quiet"),
            "muted_by_time": await here.fire(alertname="Backup", team="night"),
        }
        await here.wait(5 * MINUTE)

        assert told(peer) == [("firing", "first notification", ["a:firing"])]
        for gate, fingerprint in gates.items():
            why = await here.simulation.actions.why("default", fingerprint)
            assert [view.gate for view in why.gates] == [gate]
            assert "gate_closed" in [event.event for event in why.history]


async def test_the_end_of_an_alert_that_was_silenced_meanwhile_is_told(tmp_path: Path, database: Database) -> None:
    """Who was paged hears of the end, silence or not; who was not paged hears nothing."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        await here.fire(alertname="Down", instance="a")
        await here.wait(15 * SECOND)
        await _silence(here, 'alertname="Down"', 2 * HOUR)
        await here.fire(alertname="Down", instance="b")
        await here.wait(5 * MINUTE)
        await here.resolve(alertname="Down", instance="a")
        await here.resolve(alertname="Down", instance="b")
        await here.wait(5 * MINUTE)

    assert told(peer) == [
        ("firing", "first notification", ["a:firing"]),
        ("resolved", "all alerts resolved", ["a:resolved"]),
    ]


async def test_acknowledged_alerts_do_not_repeat_and_come_back(tmp_path: Path, database: Database) -> None:
    """An acknowledgement stops repeats, not new alerts; when it ends, the page comes again at once."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        alert = await here.fire(alertname="Down", instance="a")
        await here.wait(15 * SECOND)
        await here.simulation.actions.acknowledge("default", alert, "ann", duration=3 * HOUR)
        await here.wait(2 * HOUR)
        assert len(peer.requests) == 1

        await here.fire(alertname="Down", instance="b")
        await here.wait(2 * MINUTE)
        assert told(peer)[1:] == [("firing", "new alerts added", ["a:firing", "b:firing"])]
        await here.resolve(alertname="Down", instance="b")
        await here.wait(2 * MINUTE)
        assert len(peer.requests) == 3

        await here.wait(56 * MINUTE)
        assert told(peer)[3:] == [("firing", "acknowledgement ended", ["a:firing"])]


async def test_cooldown_holds_back_a_refire_only(tmp_path: Path, database: Database) -> None:
    """The first page and the resolve come at once; a page within the cooldown comes when it is over."""
    rules = """
groups:
  - name: app
    interval: 10s
    rules:
      - {name: slow, condition: latency > 1000, severity: warning, cooldown_minutes: 10}
"""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer), rules) as here:
        for minute, latency in enumerate([5000, 5000, 5000, 1, 1, 1, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000]):
            await here.snapshot({"latency": latency})
            await here.wait(MINUTE)
            if minute == 9:
                assert [status for status, _, _ in told(peer)] == ["firing", "resolved"]

    assert [status for status, _, _ in told(peer)] == ["firing", "resolved", "firing"]


async def test_levels_are_one_alert_that_changes_its_severity(tmp_path: Path, database: Database) -> None:
    """A worse level pages at once, under the same fingerprint; a better one waits for the group's next tick."""
    rules = """
groups:
  - name: app
    interval: 10s
    rules:
      - alert: Slow
        expr: latency
        levels:
          warning: {above: 1000, for: 30s}
          critical: {above: 5000, for: 10s, clear_below: 4000}
        annotations: {summary: "{{ $value }} ms"}
"""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer), rules) as here:
        for latency in [2000, 2000, 6000, 4500, 3000, 10]:
            await here.snapshot({"latency": latency})
            await here.wait(MINUTE)
        await here.wait(2 * MINUTE)

    alerts = [request.json["alerts"][0] for request in peer.requests]
    assert [(alert["status"], alert["labels"]["severity"]) for alert in alerts] == [
        ("firing", "warning"),
        ("firing", "critical"),
        ("resolved", "warning"),
    ]
    assert len({alert["fingerprint"] for alert in alerts}) == 1


async def test_a_crash_with_a_message_in_the_air_repeats_it_under_its_handle(
    tmp_path: Path, database: Database
) -> None:
    """What was claimed by a replica that died is sent again by the next, with the same id and the same body."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        await here.fire(alertname="Down", instance="a")
        here.simulation.clock.advance(10 * SECOND)
        await here.simulation.engine.flush()
        peer.default = Answer(hang=True)
        await here.simulation.engine.deliver()
        await peer.wait_for(1)
        for task in here.simulation.engine._in_flight:
            task.cancel()
        peer.default = Answer()

        async with world(tmp_path, database, config(peer)) as after:
            after.simulation.clock.advance_to(START + 11 * SECOND)
            await after.wait(MINUTE)

    first, second = peer.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_pending_timers_survive_a_restart(tmp_path: Path, database: Database) -> None:
    """`for` goes on where it was: the time before the restart counts."""
    rules = """
groups:
  - name: app
    interval: 10s
    rules: [{alert: Slow, expr: latency > 1000, for: 4m}]
"""
    async with webhook_peer() as peer:
        async with world(tmp_path, database, config(peer), rules) as here:
            for _ in range(3):
                await here.snapshot({"latency": 5000})
                await here.wait(MINUTE)
            stopped = here.simulation.clock.now()
        async with world(tmp_path, database, config(peer), rules) as after:
            after.simulation.clock.advance_to(stopped)
            after.simulation._slots = after.simulation._first_slots()
            await after.snapshot({"latency": 5000})
            await after.wait(90 * SECOND)

    assert [status for status, _, _ in told(peer)] == ["firing"]


async def test_a_removed_rule_resolves_what_it_fired(tmp_path: Path, database: Database) -> None:
    """After a reload without the rule, its receivers hear that the alert is over."""
    rules = """
groups:
  - name: app
    interval: 10s
    rules: [{alert: Slow, expr: latency > 1000}]
"""
    from alertd.service.evaluating import removed_producers

    async with webhook_peer() as peer, world(tmp_path, database, config(peer), rules) as here:
        await here.snapshot({"latency": 5000})
        await here.wait(MINUTE)
        (tmp_path / "rules.yml").write_text("groups: []")
        await here.simulation.reload()
        await database.run(removed_producers, here.simulation.runtime, here.simulation.clock.now())
        await here.wait(2 * MINUTE)

    assert [status for status, _, _ in told(peer)] == ["firing", "resolved"]


async def test_an_alert_whose_route_is_gone_ends_where_it_was_told(tmp_path: Path, database: Database) -> None:
    """When a reload sends an alert elsewhere, the old group's receiver hears the end and the new one the page."""
    extra = """
  routes:
    - {{matchers: [team="{team}"], group_by: [team]}}
"""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer, extra.format(team="a"))) as here:
        await here.fire(alertname="Down", team="a", instance="x")
        await here.wait(30 * SECOND)
        here.config.write_text(config(peer, extra.format(team="b")))
        await here.simulation.reload()
        await here.wait(MINUTE)

    assert sorted(told(peer)) == [
        ("firing", "first notification", ["x:firing"]),
        ("firing", "first notification", ["x:firing"]),
        ("resolved", "all alerts resolved", ["x:resolved"]),
    ]


async def test_a_broken_channel_raises_an_alert_of_its_own(tmp_path: Path, database: Database) -> None:
    """A channel that says it is gone is reported through the channels that work, and resolved when it is back."""
    async with webhook_peer() as peer, webhook_peer() as other:
        extra = """
  routes:
    - {matchers: [alertname="AlertdChannelBroken"], receiver: other}
"""
        added = f'receivers:\n  - {{name: other, webhook_configs: [{{url: "{other.url}"}}]}}\n'
        text = config(peer, extra).replace("receivers:\n", added)
        async with world(tmp_path, database, text) as here:
            peer.default = Answer(410)
            await here.fire(alertname="Down", instance="a")
            await here.wait(2 * MINUTE)
            assert [(status, body) for status, _, body in told(other)] == [("firing", [":firing"])]
            assert other.requests[0].json["commonLabels"]["alertname"] == "AlertdChannelBroken"

            peer.default = Answer()
            await here.wait(3 * MINUTE)
            assert told(other)[-1][0] == "resolved"
            assert told(peer)[-1][0] == "firing"


async def _silence(here: World, matchers: str, duration: int) -> None:
    now = here.simulation.clock.now()
    silence = Silence("", parse_matchers(matchers), now, now + duration, "ann", "known", now)
    await here.simulation.actions.put_silence("default", silence, "ann")


async def test_a_sender_that_pauses_ends_nothing_too_early(tmp_path: Path, database: Database) -> None:
    """An alert that was merely sent again lives as long as its sender said last, and no longer."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        await here.push(alertname="Down", instance="a")
        await here.wait(2 * MINUTE)
        await here.push(alertname="Down", instance="a")
        await here.wait(4 * MINUTE + 59 * SECOND)
        assert told(peer) == [("firing", "first notification", ["a:firing"])]
        await here.wait(MINUTE + SECOND)
        assert told(peer)[1:] == [("resolved", "all alerts resolved", ["a:resolved"])]


async def test_an_end_goes_before_an_earlier_renewal(tmp_path: Path, database: Database) -> None:
    """A renewal that was kept in memory does not bring an alert back that its sender ended."""
    async with webhook_peer() as peer, world(tmp_path, database, config(peer)) as here:
        await here.push(alertname="Down", instance="a")
        await here.wait(MINUTE)
        await here.push(alertname="Down", instance="a")
        await here.resolve(alertname="Down", instance="a")
        await here.push(alertname="Down", instance="b", ends_in=30 * SECOND)
        await here.wait(10 * MINUTE)
        assert [request.json["status"] for request in peer.requests] == ["firing", "firing", "resolved"]
