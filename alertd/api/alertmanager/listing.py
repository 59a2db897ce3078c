"""The firing alerts with their routes and all that holds them back at this moment, as Alertmanager tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alertd.alerts.alert import Alert
from alertd.api.alertmanager.schemas import AlertStatus, GettableAlert, Named
from alertd.clock import to_rfc3339
from alertd.notify.flush import Routing
from alertd.routing.dependencies import Dependencies
from alertd.routing.gates import Gate, Gatekeeper
from alertd.routing.inhibition import Inhibitor
from alertd.routing.matchers import Matcher
from alertd.routing.silences import Silencer
from alertd.routing.tree import Node
from alertd.service.service import Service
from alertd.store import queries
from alertd.store.queries import FiringAlert

# How many alerts are looked at in one transaction.
_STRETCH = 2_000


@dataclass(frozen=True)
class Way:
    """One route of an alert, and the time intervals that mute it now."""

    node: Node
    muted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A firing alert; `ends_at` is when it ends unless it is renewed."""

    alert: Alert
    ends_at: int
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    ways: tuple[Way, ...]

    @property
    def receivers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(way.node.route.receiver for way in self.ways))

    @property
    def muted_by(self) -> tuple[str, ...]:
        """The time intervals that mute it on every one of its routes."""
        if not all(way.muted_by for way in self.ways):
            return ()
        return tuple(dict.fromkeys(name for way in self.ways for name in way.muted_by))


@dataclass(frozen=True)
class Wanted:
    """Which alerts are listed: `receivers` None is any, and each flag says whether such alerts are shown."""

    matchers: tuple[Matcher, ...] = ()
    receivers: frozenset[str] | None = None
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    muted: bool = True

    def receiver(self, name: str) -> bool:
        return self.receivers is None or name in self.receivers

    def shows(self, status: AlertStatus) -> bool:
        return (
            (self.active or status.state != "active")
            and (self.silenced or not status.silenced_by)
            and (self.inhibited or not status.inhibited_by)
            and (self.muted or not status.muted_by)
        )


async def listing(service: Service, organisation: str, matchers: tuple[Matcher, ...]) -> list[Listed]:
    """The firing alerts that match, by fingerprint, read in stretches of one transaction each."""
    found: list[Listed] = []
    after: str | None = ""
    runtime = service.runtime
    timeout = runtime.config.settings.global_.resolve_timeout
    while after is not None:
        stretch, after = await service.database.run(
            _stretch, organisation, runtime.routing, matchers, after, service.clock.now(), timeout
        )
        found += stretch
    return found


def status_of(listed: Listed, muted_by: tuple[str, ...]) -> AlertStatus:
    held = listed.silenced_by or listed.inhibited_by or muted_by
    return AlertStatus("suppressed" if held else "active", listed.silenced_by, listed.inhibited_by, muted_by)


def gettable(listed: Listed, status: AlertStatus) -> GettableAlert:
    """The alert as it is answered."""
    alert = listed.alert
    shown = GettableAlert(
        annotations=dict(alert.annotations),
        ends_at=to_rfc3339(listed.ends_at),
        fingerprint=alert.fingerprint,
        receivers=[Named(name) for name in listed.receivers],
        starts_at=to_rfc3339(alert.starts_at),
        status=status,
        updated_at=to_rfc3339(alert.updated_at),
        labels=dict(alert.labels),
    )
    if alert.generator_url:
        shown.generator_url = alert.generator_url
    return shown


def _stretch(
    connection: Connection,
    organisation: str,
    routing: Routing,
    matchers: Sequence[Matcher],
    after: str,
    now: int,
    timeout: int,
) -> tuple[list[Listed], str | None]:
    found, resume = queries.firing_page(connection, organisation, matchers, after=after, stretch=_STRETCH)
    with routing.watch(organisation).current(connection, organisation, now) as gatekeeper:
        judge = _Judge(routing, gatekeeper, now, timeout)
        # Time alone ends an alert that nobody renews, also before that is written down.
        current = [firing for firing in found if firing.expires_at is None or firing.expires_at > now]
        return [judge.listed(firing) for firing in current], resume


class _Judge:
    """Asks every gate by itself, where a flush is content with the first that is closed."""

    def __init__(self, routing: Routing, gatekeeper: Gatekeeper, now: int, timeout: int) -> None:
        self._routing = routing
        self._gates = gatekeeper
        self._times = replace(gatekeeper, inhibitor=Inhibitor(()), dependencies=Dependencies(), silencer=Silencer())
        self._now = now
        self._timeout = timeout

    def listed(self, firing: FiringAlert) -> Listed:
        alert = firing.alert
        # What depends on a firing alert is explained by it, which is the nearest that Alertmanager has a word for.
        inhibitors = (
            self._gates.inhibitor.inhibited_by(alert.labels),
            self._gates.dependencies.explained_by(alert.labels, alert.policy.depends_on),
        )
        nodes = self._routing.tree.nodes_for(alert.labels, alert.policy.receivers)
        return Listed(
            alert=alert,
            ends_at=self._now + self._timeout if firing.expires_at is None else firing.expires_at,
            silenced_by=self._gates.silencer.silenced_by(alert.labels, self._now),
            inhibited_by=tuple(dict.fromkeys(source for source in inhibitors if source is not None)),
            ways=tuple(Way(node, self._muted_by(alert, node)) for node in nodes),
        )

    def _muted_by(self, alert: Alert, node: Node) -> tuple[str, ...]:
        verdict = self._times.judge(alert, node, self._now)
        if verdict.gate is Gate.INACTIVE_TIME:
            return node.route.active_time_intervals
        return (verdict.detail,) if verdict.gate is Gate.MUTED else ()
