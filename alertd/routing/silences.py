"""Silences: matchers and a span of time in which the alerts that match send nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from alertd.alerts.labels import Labels
from alertd.errors import AlertdError
from alertd.routing.matcher_index import MatcherIndex
from alertd.routing.matchers import Matcher, matches_all


class SilenceState(StrEnum):
    """Computed from the times, never stored."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class SilenceRejected(AlertdError):
    """A silence that may not be made; the text says what to change."""


@dataclass(frozen=True)
class Silence:
    """One silence. Instants are milliseconds; `ends_at` is the first one at which it silences no more."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: int
    ends_at: int
    created_by: str
    comment: str
    updated_at: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    def state(self, now: int) -> SilenceState:
        if now < self.starts_at:
            return SilenceState.PENDING
        return SilenceState.ACTIVE if now < self.ends_at else SilenceState.EXPIRED


def check(silence: Silence, now: int) -> Silence:
    """The silence as it is stored: a start in the past becomes now. Raises `SilenceRejected`."""
    if not silence.matchers:
        raise SilenceRejected("at least one matcher is required")
    # As in Alertmanager, a negative matcher is enough, although it matches where its label is missing.
    if all(matcher.op.is_positive and matcher.matches({}) for matcher in silence.matchers):
        raise SilenceRejected("at least one matcher must not match the empty string, or it would silence everything")
    if silence.starts_at >= silence.ends_at:
        raise SilenceRejected("start time must be before end time")
    if silence.ends_at <= now:
        raise SilenceRejected("end time can't be in the past")
    return replace(silence, starts_at=max(silence.starts_at, now))


def can_update(old: Silence, new: Silence, now: int) -> bool:
    """Whether `new` may take the place of `old` under the same id, as Alertmanager decides it.

    Otherwise the old one is expired and the new one gets an id of its own.
    """
    if set(old.matchers) != set(new.matchers):
        return False
    match old.state(now):
        case SilenceState.ACTIVE:
            return old.starts_at // 1000 == new.starts_at // 1000 and new.ends_at >= now
        case SilenceState.PENDING:
            return new.starts_at >= now
        case SilenceState.EXPIRED:
            return False


def expire(silence: Silence, now: int) -> Silence:
    """The silence ended at `now`; one that has ended already stays as it is."""
    match silence.state(now):
        case SilenceState.ACTIVE:
            return replace(silence, ends_at=now, updated_at=now)
        case SilenceState.PENDING:
            return replace(silence, starts_at=now, ends_at=now, updated_at=now)
        case SilenceState.EXPIRED:
            return silence


class Silencer:
    """Knows the silences and answers which of them hold an alert back."""

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self._silences: dict[str, Silence] = {}
        self._index: MatcherIndex[str] = MatcherIndex()
        self._first_end: int | None = None
        for silence in silences:
            self.put(silence)

    def put(self, silence: Silence) -> None:
        """Know a silence, in place of the one with its id."""
        self._forget(silence.id)
        self._silences[silence.id] = silence
        self._index.add(silence.id, silence.matchers)
        self._first_end = silence.ends_at if self._first_end is None else min(self._first_end, silence.ends_at)

    def forget_expired(self, now: int) -> None:
        """Drop what has ended; it can silence nothing any more."""
        if self._first_end is None or now < self._first_end:
            return
        for silence in list(self._silences.values()):
            if silence.state(now) is SilenceState.EXPIRED:
                self._forget(silence.id)
        self._first_end = min((silence.ends_at for silence in self._silences.values()), default=None)

    def silenced_by(self, labels: Labels, now: int) -> tuple[str, ...]:
        """The ids of the active silences that match, sorted."""
        return tuple(sorted(key for key in self._index.candidates(labels) if self._holds(key, labels, now)))

    def _holds(self, key: str, labels: Labels, now: int) -> bool:
        silence = self._silences[key]
        return silence.state(now) is SilenceState.ACTIVE and matches_all(silence.matchers, labels)

    def _forget(self, key: str) -> None:
        self._silences.pop(key, None)
        self._index.remove(key)
