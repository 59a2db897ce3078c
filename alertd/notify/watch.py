"""What the gates look at, kept in memory and brought up to date from the rows before each use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection

from alertd.routing.dependencies import Dependencies
from alertd.routing.gates import Gatekeeper
from alertd.routing.inhibition import Inhibitor, InhibitRule
from alertd.routing.silences import Silencer
from alertd.routing.time_intervals import TimeInterval
from alertd.store import alerts as alert_rows
from alertd.store import silences as silence_rows


class Watch:
    """The firing alerts and the silences of one organisation. A cache: it can be thrown away at any time."""

    def __init__(self, rules: Iterable[InhibitRule], intervals: Mapping[str, TimeInterval]) -> None:
        self._gatekeeper = Gatekeeper(Inhibitor(rules), Dependencies(), Silencer(), intervals)
        self._seen_alerts = -1
        self._seen_silences = -1
        self._lock = threading.Lock()

    @contextmanager
    def current(self, connection: Connection, organisation: str, now: int) -> Iterator[Gatekeeper]:
        """The gates as of this transaction; nobody else changes them meanwhile."""
        with self._lock:
            self._refresh(connection, organisation, now)
            yield self._gatekeeper

    def _refresh(self, connection: Connection, organisation: str, now: int) -> None:
        changed, self._seen_alerts = alert_rows.alerts_changed_since(connection, organisation, self._seen_alerts)
        for alert in changed:
            if alert.fires:
                self._gatekeeper.inhibitor.add(alert.fingerprint, alert.labels)
                self._gatekeeper.dependencies.add(alert.fingerprint, alert.labels)
            else:
                self._gatekeeper.inhibitor.remove(alert.fingerprint)
                self._gatekeeper.dependencies.remove(alert.fingerprint)
        silences, self._seen_silences = silence_rows.changed_since(connection, organisation, self._seen_silences)
        for silence in silences:
            self._gatekeeper.silencer.put(silence)
        self._gatekeeper.silencer.forget_expired(now)
