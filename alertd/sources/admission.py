"""Which samples of a request may be stored: those of good series, of our time, and newer than the ones before them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.clock import HOUR, MINUTE, SECOND
from alertd.promql.histogram import FloatHistogram, same_data
from alertd.sources.remotewrite.histograms import problem_of
from alertd.sources.series import Identity, Key, SeriesSamples, shown

OUT_OF_ORDER = "out of order sample"
OUT_OF_BOUNDS = "out of bounds"
TOO_OLD = "too old sample"
DUPLICATE = "duplicate sample for timestamp"

#: An instant, and what a series had there.
Newest = tuple[int, float | FloatHistogram]

# So many seconds' worth of samples may come at once.
_BURST = 10


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """What a source takes: how many series and samples a request, and how far samples may lie from now and each other.

    `ahead` and `behind` bound a sample's distance from now, `out_of_order` by how much it may be older than the newest
    of its series; all are milliseconds.
    """

    series: int = 100_000
    samples: int = 10_000
    ahead: int = 10 * MINUTE
    behind: int = 6 * HOUR
    out_of_order: int = 0


@dataclass(slots=True)
class Admitted:
    """What of a request may be stored, and a sentence about each series of which something may not.

    `newest` is what the series will have at last when it is stored.
    """

    series: list[SeriesSamples] = field(default_factory=list)
    newest: dict[Key, Newest] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    samples: int = 0
    histograms: int = 0

    @property
    def first_at(self) -> int:
        """The instant of the oldest sample. Something must have been admitted."""
        return min(at for one in self.series for at, _ in (*one.samples, *one.histograms))


@dataclass(frozen=True, slots=True)
class Reservation:
    """The newest samples that a request brings, and what their series had before."""

    brought: Mapping[Key, Newest]
    before: Mapping[Key, Newest]


class Allowance:
    """How many samples may come: `rate` a second on average, and ten seconds' worth at once. No bound at 0."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        # Counted in thousandths, of which as many come back in a millisecond as samples in a second.
        self._most = rate * _BURST * SECOND
        self._left = self._most
        self._at: int | None = None

    def ask(self, samples: int, now: int) -> int:
        """For how many milliseconds so many samples must wait; 0 when they may come, and are counted.

        A request of more than may come at once has to wait until all of that is left.
        """
        if not self._rate:
            return 0
        if self._at is not None:
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        cost = samples * SECOND
        missing = min(cost, self._most) - self._left
        if missing > 0:
            return -(-missing // self._rate)
        self._left -= cost
        return 0


class Admission:
    """Knows the newest sample of every series of a source.

    What is admitted is reserved before it is stored, so that two requests that come together are judged one after the
    other; what could not be stored is released.
    """

    def __init__(self, limits: SampleLimits = SampleLimits()) -> None:
        self.limits = limits
        self._newest: dict[Key, Newest] = {}

    def __len__(self) -> int:
        """The number of series."""
        return len(self._newest)

    def admit(self, series: Sequence[SeriesSamples], now: int, others: int = 0) -> Admitted:
        """Divide what came into what may be stored and what may not; the source has `others` series of other kinds."""
        admitted = Admitted()
        newest = self._newest
        earliest, latest = now - self.limits.behind, now + self.limits.ahead
        # What this very request brings counts too: a series may be in it more than once.
        here = admitted.newest
        room = self.limits.series - len(newest) - others
        for one in series:
            identity = one.identity
            samples = one.samples
            known = here.get(identity.key) or newest.get(identity.key)
            # Nearly all are one newer sample of a series that is known.
            if (
                known is not None
                and len(samples) == 1
                and known[0] < samples[0][0] <= latest
                and samples[0][0] >= earliest
                and identity.problem is None
                and not one.histograms
            ):
                here[identity.key] = samples[0]
                admitted.series.append(one)
                admitted.samples += 1
                continue
            problem = self._problem(one, is_new=known is None, room=room)
            if problem is not None:
                admitted.refused.append(problem)
                continue
            kept = self._kept(one, known, earliest, latest, admitted.refused)
            if len(kept):
                room -= known is None
                here[identity.key] = _newest(kept, known)
                admitted.series.append(kept)
                admitted.samples += len(kept.samples)
                admitted.histograms += len(kept.histograms)
        return admitted

    def reserve(self, admitted: Admitted) -> Reservation:
        """Remember what is about to be stored; with the reservation that can be taken back."""
        newest = self._newest
        before = {key: newest[key] for key in admitted.newest if key in newest}
        newest.update(admitted.newest)
        return Reservation(admitted.newest, before)

    def release(self, reservation: Reservation) -> None:
        """Forget what could not be stored, where nothing has come after it."""
        for key, sample in reservation.brought.items():
            if self._newest.get(key) is not sample:
                continue
            if key in reservation.before:
                self._newest[key] = reservation.before[key]
            else:
                del self._newest[key]

    def note(self, series: Iterable[SeriesSamples]) -> None:
        """Remember what was stored."""
        newest = self._newest
        for one in series:
            key, samples = one.identity.key, one.samples
            known = newest.get(key)
            if len(samples) == 1 and not one.histograms:
                if known is None or samples[0][0] >= known[0]:
                    newest[key] = samples[0]
            elif samples or one.histograms:
                newest[key] = _newest(one, known)

    def forget(self, before: int) -> None:
        """Forget the series that have had no sample since an instant."""
        self._newest = {key: last for key, last in self._newest.items() if last[0] >= before}

    def _problem(self, one: SeriesSamples, *, is_new: bool, room: int) -> str | None:
        """Why nothing of a series can be stored."""
        identity = one.identity
        if identity.problem is not None:
            return identity.problem
        if not len(one):
            return f"TimeSeries must contain at least one sample or histogram for series {shown(identity.labels)}"
        if is_new and room <= 0:
            return f"a source may have {self.limits.series} series, this is one too many: {shown(identity.labels)}"
        return None

    def _kept(
        self, one: SeriesSamples, known: Newest | None, earliest: int, latest: int, refused: list[str]
    ) -> SeriesSamples:
        """The samples of a series that may be stored; why the others may not is added to `refused`."""
        kept = SeriesSamples(one.identity, start=one.start)
        for at, value in one.samples:
            reason = self._reason(at, value, known, earliest, latest)
            if reason is None:
                kept.samples.append((at, value))
                known = _later(known, (at, value))
            else:
                refused.append(_about(reason, one.identity))
        for at, histogram in one.histograms:
            reason = problem_of(histogram) or self._reason(at, histogram, known, earliest, latest)
            if reason is None:
                kept.histograms.append((at, histogram))
                known = _later(known, (at, histogram))
            else:
                refused.append(_about(reason, one.identity))
        return kept

    def _reason(
        self, at: int, value: float | FloatHistogram, known: Newest | None, earliest: int, latest: int
    ) -> str | None:
        if at > latest:
            return OUT_OF_BOUNDS
        if at < earliest:
            return TOO_OLD
        if known is None or at > known[0]:
            return None
        if at == known[0]:
            return None if _is_same(value, known[1]) else DUPLICATE
        return None if at >= known[0] - self.limits.out_of_order and self.limits.out_of_order else OUT_OF_ORDER


def _about(reason: str, identity: Identity) -> str:
    return f"{reason} for series {shown(identity.labels)}"


def _is_same(value: float | FloatHistogram, known: float | FloatHistogram) -> bool:
    if isinstance(value, FloatHistogram) or isinstance(known, FloatHistogram):
        return isinstance(value, FloatHistogram) and isinstance(known, FloatHistogram) and same_data(value, known)
    return value == known or (math.isnan(value) and math.isnan(known))


def _later(known: Newest | None, sample: Newest) -> Newest:
    return sample if known is None or sample[0] >= known[0] else known


def _newest(one: SeriesSamples, known: Newest | None) -> Newest:
    """The newest sample of a series."""
    samples: list[Newest] = [*one.samples, *one.histograms]
    newest = max(samples, key=lambda sample: sample[0]) if len(samples) > 1 else samples[0]
    return _later(known, newest)
