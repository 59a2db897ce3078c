"""Intake, flush and delivery under every order of events: nothing is lost, nothing contradicts itself."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alertd.alerts.alert import Policy
from alertd.clock import MINUTE, SECOND
from alertd.notify.deliver import Claimed
from alertd.notify.message import Message
from alertd.notify.plan import Integration
from alertd.routing.tree import Route
from tests.notify.world import PERMANENT, REFUSED, UNCERTAIN, key_of, open_statuses, open_world

HOSTS = ("a", "b")
CHATTY = "team/webhook/0"
MARKS = "team/pagerduty/0"
QUIET = "team/email/0"

host = st.sampled_from(HOSTS)

#: How a try ends, and whether the message arrived.
OUTCOMES = ((None, True), (None, True), (REFUSED, False), (PERMANENT, False), (UNCERTAIN, True), (UNCERTAIN, False))


class DeliveryMachine(RuleBasedStateMachine):
    """Two alerts of one group, three integrations, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = open_world(
            route=Route(
                receiver="team",
                group_by=("alertname",),
                group_wait=10 * SECOND,
                group_interval=MINUTE,
                repeat_interval=600 * MINUTE,
            ),
            integrations={
                "team": (
                    Integration(CHATTY, send_resolved=True),
                    Integration(MARKS, send_resolved=True, wants_acknowledged=True),
                    Integration(QUIET, send_resolved=False),
                )
            },
        )
        self.firing: dict[str, str] = {}
        self.silenced: dict[str, str] = {}
        self.air: list[Claimed] = []
        self.said: dict[str, tuple[tuple[str, str, str], ...]] = {}
        self.believed: dict[str, set[str]] = {CHATTY: set(), MARKS: set(), QUIET: set()}

    def teardown(self) -> None:
        self.calm_down()
        self.world.database.close()

    @rule(host=host, severity=st.sampled_from(("warning", "critical")), cooldown=st.sampled_from((0, 5 * MINUTE)))
    def fire(self, host: str, severity: str, cooldown: int) -> None:
        self.world.fire(host=host, severity=severity, policy=Policy(cooldown=cooldown))
        self.firing[host] = severity

    @rule(host=host)
    def resolve(self, host: str) -> None:
        if host in self.firing:
            self.world.resolve(host=host)
            del self.firing[host]

    @rule(host=host)
    def silence(self, host: str) -> None:
        if host not in self.silenced:
            self.silenced[host] = self.world.silence(host=host)

    @rule(host=host)
    def unsilence(self, host: str) -> None:
        if host in self.silenced:
            self.world.unsilence(self.silenced.pop(host))

    @rule(host=host, minutes=st.integers(1, 30))
    def acknowledge(self, host: str, minutes: int) -> None:
        if host in self.firing:
            self.world.acknowledge(host=host, duration=minutes * MINUTE)

    @rule(duration=st.sampled_from((SECOND, 10 * SECOND, MINUTE, 5 * MINUTE)))
    def time_passes(self, duration: int) -> None:
        """Whoever is still sending when the time is up gives up without an answer."""
        for claimed in self.air:
            self.world.land(claimed, UNCERTAIN)
        self.air.clear()
        self.world.later(duration)
        self.world.expire_answers()

    @rule(data=st.data(), duration=st.sampled_from((10 * SECOND, MINUTE)))
    def round(self, data: st.DataObject, duration: int) -> None:
        """A flush and a delivery, each message with an end of its own."""
        self.time_passes(duration)
        self.world.flush()
        for claimed in data.draw(st.permutations(self.world.claim())):
            outcome, came_through = data.draw(st.sampled_from(OUTCOMES))
            if came_through:
                self.arrive(claimed.message)
            self.world.land(claimed, outcome)

    @rule()
    def flush(self) -> None:
        self.world.flush()

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule(count=st.integers(1, 3))
    def claim(self, count: int) -> None:
        self.air += self.world.claim(count=count)

    @precondition(lambda self: self.air)
    @rule(data=st.data())
    def delivered(self, data: st.DataObject) -> None:
        claimed = self.take(data)
        self.arrive(claimed.message)
        self.world.land(claimed)

    @precondition(lambda self: self.air)
    @rule(data=st.data(), permanent=st.booleans())
    def refused(self, data: st.DataObject, permanent: bool) -> None:
        self.world.land(self.take(data), PERMANENT if permanent else REFUSED)

    @precondition(lambda self: self.air)
    @rule(data=st.data(), came_through=st.booleans())
    def lost_the_answer(self, data: st.DataObject, came_through: bool) -> None:
        claimed = self.take(data)
        if came_through:
            self.arrive(claimed.message)
        self.world.land(claimed, UNCERTAIN)

    @precondition(lambda self: self.air)
    @rule(data=st.data(), came_through=st.booleans())
    def crash_in_the_air(self, data: st.DataObject, came_through: bool) -> None:
        """The process dies after it sent, or before; the lease runs out."""
        claimed = self.take(data)
        if came_through:
            self.arrive(claimed.message)
        self.time_passes(self.world.settings.lease)
        self.world.restart()

    def take(self, data: st.DataObject) -> Claimed:
        """One of those in the air."""
        return self.air.pop(data.draw(st.integers(0, len(self.air) - 1)))

    def arrive(self, message: Message) -> None:
        """A receiver that keeps what it was told: the same id again changes nothing."""
        said = tuple(
            sorted((alert.fingerprint, alert.status.value, alert.labels["severity"]) for alert in message.alerts)
        )
        assert self.said.setdefault(message.id, said) == said, "one id with two contents"
        believed = self.believed[message.integration]
        believed |= {alert.fingerprint for alert in message.firing}
        believed -= {alert.fingerprint for alert in message.resolved}

    @invariant()
    def one_open_notification_each(self) -> None:
        twice = [key for key, number in Counter(open_statuses(self.world)).items() if number > 1]
        assert not twice

    def calm_down(self) -> None:
        """The receivers work again, nobody holds anything back, and time passes."""
        for claimed in self.air:
            self.world.land(claimed, REFUSED)
        self.air.clear()
        for silence_id in self.silenced.values():
            self.world.unsilence(silence_id)
        for _ in range(15):
            self.world.later(6 * MINUTE)
            self.world.expire_answers()
            self.world.flush()
            for claimed in self.world.claim():
                self.arrive(claimed.message)
                self.world.land(claimed)
        fires = {key_of("Down", {"host": host}) for host in self.firing}
        groups = self.world.groups()
        assert bool(groups) == bool(fires)
        assert not open_statuses(self.world)
        for integration in (CHATTY, MARKS, QUIET):
            told = set(self.world.entry(integration).told) if groups else set()
            assert told == fires, f"{integration} was told {told}, {fires} fires"
            if integration != QUIET:
                assert self.believed[integration] == fires, f"{integration} believes {self.believed[integration]}"


DeliveryMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestDelivery = DeliveryMachine.TestCase
