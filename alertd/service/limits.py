"""How much others may put into alertd: alerts of one name, silences, and the size of a silence."""

from __future__ import annotations

from sqlalchemy import Connection

from alertd.alerts.alert import Report
from alertd.routing.silences import Silence, SilenceRejected
from alertd.store import silences as silence_rows
from alertd.store.marks import count_silences

# What Alertmanager's storage form adds to the text of a silence and of each of its matchers, in bytes.
_SILENCE_FRAME = 96
_MATCHER_FRAME = 8


class NameLimit:
    """Keeps the number of alerts that fire under one `alertname` within a limit, as far as they came through here."""

    def __init__(self) -> None:
        self._ends: dict[str, dict[str, int]] = {}

    def admits(self, report: Report, limit: int, now: int) -> bool:
        """Whether the alert may be taken. One that is known always may; a new one needs a place, which only alerts
        that have ended give back. No limit at 0."""
        ends_at = report.expires_at
        if limit <= 0 or ends_at is None:
            return True
        known = self._ends.setdefault(report.labels.get("alertname", ""), {})
        if ends_at <= now:
            known.pop(report.fingerprint, None)
            return True
        if report.fingerprint not in known and len(known) >= limit:
            for fingerprint in [fingerprint for fingerprint, end in known.items() if end <= now]:
                del known[fingerprint]
            if len(known) >= limit:
                return False
        known[report.fingerprint] = ends_at
        return True


def check_room(connection: Connection, organisation: str, silence: Silence, most: int, largest: int) -> None:
    """Raises `SilenceRejected` when the silence is larger than `largest` bytes, or a new one and there are `most`.

    No limit at 0. Ended silences count until they are deleted.
    """
    size = size_of(silence)
    if 0 < largest < size:
        raise SilenceRejected(f"silence exceeded maximum size: {size} bytes (limit: {largest} bytes)")
    if most > 0 and silence_rows.get(connection, organisation, silence.id) is None:
        number = count_silences(connection, organisation)
        if number >= most:
            raise SilenceRejected(f"exceeded maximum number of silences: {number} (limit: {most})")


def size_of(silence: Silence) -> int:
    """The bytes of a silence, within a few of what Alertmanager counts."""
    texts = [silence.created_by, silence.comment]
    for name, value in silence.annotations.items():
        texts += [name, value]
    for matcher in silence.matchers:
        texts += [matcher.name, matcher.value]
    return _SILENCE_FRAME + _MATCHER_FRAME * len(silence.matchers) + sum(len(text.encode()) for text in texts)
