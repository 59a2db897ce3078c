"""The plan of one flush: what each integration of a group is told now, and what is left to wait for.

Pure. The same function decides when a group is flushed and again just before a message is sent, so that a message that
had to wait says what is true when it goes out, or is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alertd.alerts.alert import Alert
from alertd.alerts.severity import worse
from alertd.notify.dedup import needs_update
from alertd.notify.message import Reason
from alertd.routing.gates import ANSWERED, Gate, Verdict
from alertd.routing.told import Content, Entry, OpenNotification, Page


@dataclass(frozen=True)
class Integration:
    """One way to tell a receiver. `id` is `receiver/kind/index`."""

    id: str
    send_resolved: bool
    wants_acknowledged: bool = False


@dataclass(frozen=True)
class Member:
    """An alert of the group and what the gates say of it. `moved`: it is routed elsewhere now, so it ends here."""

    alert: Alert
    verdict: Verdict
    moved: bool = False

    @property
    def fires(self) -> bool:
        return self.alert.fires and not self.moved


@dataclass(frozen=True)
class Situation:
    """A group as it stands: its members, what each integration was told, and what is on its way.

    `as_alertmanager`: the end of an alert that is held back is not told, and an end that is not told is forgotten.
    """

    members: Sequence[Member]
    integrations: Sequence[Integration]
    repeat_interval: int
    entries: Mapping[str, Entry] = field(default_factory=dict)
    open: Mapping[str, OpenNotification] = field(default_factory=dict)
    pages: Mapping[tuple[str, str], Page] = field(default_factory=dict)
    as_alertmanager: bool = False


@dataclass(frozen=True)
class Send:
    """Tell `content` to an integration.

    `update`: the notification that is rewritten, since nobody can have seen it yet. `supersede`: the one that somebody
    may have seen, which is closed while a new one says what is true now.
    """

    integration: str
    reason: Reason
    content: Content
    update: str | None = None
    supersede: str | None = None


@dataclass(frozen=True)
class FlushPlan:
    """What the flush does.

    `settle`: what integrations count as told without a message. `withdraw`: notifications that have nothing to say any
    more. `outdated`: those in the air that say what is no longer so; the group is due again when they land. `drop`:
    members that are over and done with. `verdicts`: the gate of every firing member. `wake_at`: the instant at which a
    gate opens by itself.
    """

    sends: tuple[Send, ...] = ()
    settle: Mapping[str, Content] = field(default_factory=dict)
    withdraw: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    drop: frozenset[str] = frozenset()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    wake_at: int | None = None


@dataclass(frozen=True)
class _Decision:
    send: Send | None = None
    settle: Content | None = None
    withdraw: str | None = None
    outdated: str | None = None
    busy: bool = False


def plan_flush(situation: Situation, now: int) -> FlushPlan:
    """Decide for every integration of the group."""
    verdicts = {member.alert.fingerprint: member.verdict for member in situation.members if member.fires}
    wake = [verdict.until for verdict in verdicts.values() if verdict.until is not None and verdict.gate in ANSWERED]
    decisions = []
    for integration in situation.integrations:
        cooling = _cooling(situation, integration.id, now)
        wake += cooling.values()
        decisions.append((integration.id, _decide(situation, integration, cooling.keys(), now)))
        told = situation.entries.get(integration.id, Entry()).told
        for fingerprint, until in cooling.items():
            # Whoever knows of the alert already misses nothing while it cools down.
            if verdicts[fingerprint].gate is None and fingerprint not in told:
                verdicts[fingerprint] = Verdict(Gate.COOLDOWN, integration.id, until)
    sends = tuple(decision.send for _, decision in decisions if decision.send is not None)
    busy = any(decision.busy for _, decision in decisions)
    over = frozenset(member.alert.fingerprint for member in situation.members if not member.fires)
    return FlushPlan(
        sends=sends,
        settle={integration: decision.settle for integration, decision in decisions if decision.settle is not None},
        withdraw=tuple(decision.withdraw for _, decision in decisions if decision.withdraw is not None),
        outdated=tuple(decision.outdated for _, decision in decisions if decision.outdated is not None),
        drop=frozenset() if sends or busy else over,
        verdicts=verdicts,
        wake_at=min((instant for instant in wake if instant > now), default=None),
    )


def message_order(alerts: Iterable[Alert]) -> list[Alert]:
    """The order of the alerts in a message, Alertmanager's: by `job`, then `instance`, then all labels."""
    return sorted(
        alerts,
        key=lambda alert: (
            *_present_first(alert.labels.get("job")),
            *_present_first(alert.labels.get("instance")),
            len(alert.labels),
            _ByLabels.of(alert.labels),
        ),
    )


def _present_first(value: str | None) -> tuple[bool, str]:
    return value is None, value or ""


@dataclass(frozen=True)
class _ByLabels:
    """The order of label sets of one size: by the first label in which they differ, who lacks it going first."""

    names: tuple[str, ...]
    values: tuple[str, ...]

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> _ByLabels:
        names = sorted(labels)
        return cls(tuple(names), tuple(labels[name] for name in names))

    def __lt__(self, other: _ByLabels) -> bool:
        if self.names == other.names:
            return self.values < other.values
        pairs = zip(self.names, self.values, other.names, other.values, strict=True)
        name, value, other_name, other_value = next(pair for pair in pairs if pair[:2] != pair[2:])
        return name > other_name if name != other_name else value < other_value


def _decide(situation: Situation, integration: Integration, cooling: Iterable[str], now: int) -> _Decision:
    entry = situation.entries.get(integration.id, Entry())
    on_its_way = situation.open.get(integration.id)
    if on_its_way is not None and on_its_way.attempts:
        # Somebody may have seen it, so its alerts count as told: their end has to be announced.
        entry = replace(entry, told=entry.told | on_its_way.content.firing.keys())
    content, paging = _content(situation, entry, frozenset(cooling))
    reason = needs_update(
        entry,
        content,
        paging,
        send_resolved=integration.send_resolved,
        wants_acknowledged=integration.wants_acknowledged,
        repeat_interval=situation.repeat_interval,
        now=now,
    )
    if on_its_way is not None and on_its_way.content == content and reason is not None:
        return _Decision(busy=True)
    if on_its_way is not None and on_its_way.sending:
        # Two messages in the air could arrive in the wrong order; the group is planned again when this one has landed.
        return _Decision(busy=True, outdated=on_its_way.id)
    if reason is None or (not content.firing and not integration.send_resolved):
        forget_ends = integration.send_resolved or situation.as_alertmanager
        settled = content if reason is not None else _quietly_changed(entry, content, forget_ends=forget_ends)
        return _Decision(settle=settled, withdraw=on_its_way.id if on_its_way else None)
    if on_its_way is None:
        return _Decision(send=Send(integration.id, reason, content))
    if on_its_way.attempts:
        return _Decision(send=Send(integration.id, reason, content, supersede=on_its_way.id))
    return _Decision(send=Send(integration.id, reason, content, update=on_its_way.id))


def _content(situation: Situation, entry: Entry, cooling: frozenset[str]) -> tuple[Content, frozenset[str]]:
    """What there is to say to an integration, and which of the firing alerts may page somebody."""
    firing, resolved, held, acknowledged, paging = {}, set(), set(), set(), set()
    for member in situation.members:
        fingerprint, gate = member.alert.fingerprint, member.verdict.gate
        known = fingerprint in entry.told
        if not member.fires:
            if gate is None or gate in ANSWERED or (known and not situation.as_alertmanager):
                resolved.add(fingerprint)
        elif gate is None:
            if fingerprint not in cooling:
                firing[fingerprint] = member.alert.severity
                paging.add(fingerprint)
            elif known:
                firing[fingerprint] = member.alert.severity
        elif gate in ANSWERED and known:
            firing[fingerprint] = member.alert.severity
            held.add(fingerprint)
            if gate is Gate.ACKNOWLEDGED:
                acknowledged.add(fingerprint)
    content = Content(firing, frozenset(resolved), frozenset(held), frozenset(acknowledged))
    return content, frozenset(paging)


def _cooling(situation: Situation, integration: str, now: int) -> dict[str, int]:
    """The firing alerts that the integration was paged about too recently, and until when.

    A worse severity is never held back.
    """
    cooling = {}
    for member in situation.members:
        page = situation.pages.get((integration, member.alert.fingerprint))
        if page is None or not member.fires or worse(member.alert.severity, page.severity):
            continue
        until = page.at + member.alert.policy.cooldown
        if until > now:
            cooling[member.alert.fingerprint] = until
    return cooling


def _quietly_changed(entry: Entry, content: Content, *, forget_ends: bool) -> Content | None:
    """What was told, with the changes on it that this integration is not told of; None when there are none.

    New marks are remembered; one that ended stays until its end is told, which another gate may hold back for a while.
    The ends of alerts are remembered where they are not told, so that an alert that fires again is new.
    """
    before = entry.content
    ended = frozenset() if forget_ends else content.resolved & (entry.told | before.firing.keys())
    if not ended and content.held <= before.held:
        return None
    return replace(
        before,
        firing={key: severity for key, severity in before.firing.items() if key not in ended},
        resolved=before.resolved | ended,
        held=(before.held | content.held) - ended,
    )
