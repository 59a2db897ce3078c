"""Which ways alerts take under a configuration, and how these differ between two."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from alertd.alerts.labels import Labels, fingerprint, format_labels
from alertd.config.loading import Config
from alertd.moving.proof import differing_keys, inhibition_of, meaning
from alertd.routing.groups import group_of
from alertd.routing.inhibition import Inhibitor
from alertd.routing.tree import Node, RouteTree
from alertd.yamlfile import Path

#: What is compared of two ways to the same receiver.
COMPARED = (
    *("group_labels", "group_key", "group_wait", "group_interval", "repeat_interval"),
    *("mute_time_intervals", "active_time_intervals"),
)


@dataclass(frozen=True)
class Way:
    """One route that decided about an alert. Times are milliseconds.

    `route` is the path of matchers from the root down, `line` where the route stands in its file.
    """

    receiver: str
    route: str
    line: int
    group_labels: tuple[tuple[str, str], ...]
    group_key: str
    group_wait: int
    group_interval: int
    repeat_interval: int
    mute_time_intervals: tuple[str, ...]
    active_time_intervals: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The ways of an alert in the order in which they are taken; `inhibited_by` is the alert that holds it back."""

    ways: tuple[Way, ...]
    inhibited_by: str = ""

    @property
    def receivers(self) -> tuple[str, ...]:
        return tuple(way.receiver for way in self.ways)


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: `what` it is, and its old and new value. `receiver` is "" for the whole."""

    what: str
    old: object
    new: object
    receiver: str = ""


class Map:
    """A configuration's routes, ready to be asked."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.tree = RouteTree(config.route, numbered=config.settings.compat == "alertd")
        self._lines = dict(_lines(config, self.tree.root, ("route",)))

    def line(self, node: Node) -> int:
        """Where a route stands in its file."""
        return self._lines[node.id]

    def ways(self, labels: Labels) -> tuple[Way, ...]:
        """The ways of an alert with these labels."""
        return tuple(self._way(node, labels) for node in self.tree.match(labels))

    def answers(self, label_sets: Sequence[Labels]) -> list[Answer]:
        """What becomes of each, when all of them fire at once."""
        inhibitor = Inhibitor(self.config.inhibit_rules)
        known = {fingerprint(labels): labels for labels in label_sets}
        for key, labels in known.items():
            inhibitor.add(key, labels)
        answers = []
        for labels in label_sets:
            source = inhibitor.inhibited_by(labels)
            answers.append(Answer(self.ways(labels), format_labels(known[source]) if source else ""))
        return answers

    def _way(self, node: Node, labels: Labels) -> Way:
        route, group = node.route, group_of(node, labels)
        return Way(
            receiver=route.receiver,
            route=node.id,
            line=self.line(node),
            group_labels=tuple(group.labels.items()),
            group_key=group.key,
            group_wait=route.group_wait,
            group_interval=route.group_interval,
            repeat_interval=route.repeat_interval,
            mute_time_intervals=route.mute_time_intervals,
            active_time_intervals=route.active_time_intervals,
        )


def _lines(config: Config, node: Node, path: Path) -> Iterator[tuple[str, int]]:
    document = config.document
    yield node.id, (document.key_positions.get(path) or document.positions.get(path, (1, 1)))[0]
    for index, child in enumerate(node.children):
        yield from _lines(config, child, (*path, "routes", index))


def differences_of(old: Answer, new: Answer) -> tuple[Difference, ...]:
    """What is not the same for one alert; nothing when it is told as before."""
    return tuple(_differences(old, new))


def _differences(old: Answer, new: Answer) -> Iterator[Difference]:
    if old.receivers != new.receivers:
        same = sorted(old.receivers) == sorted(new.receivers)
        yield Difference("order" if same else "receivers", list(old.receivers), list(new.receivers))
    if bool(old.inhibited_by) != bool(new.inhibited_by):
        yield Difference("inhibited by", old.inhibited_by, new.inhibited_by)
    for before, after in _pairs(old.ways, new.ways):
        changed = [key for key in COMPARED if getattr(before, key) != getattr(after, key)]
        for key in changed:
            # The key has the labels in it: it is only worth a word where they are the same.
            if key != "group_key" or "group_labels" not in changed:
                yield Difference(key, getattr(before, key), getattr(after, key), before.receiver)


def _pairs(old: Iterable[Way], new: Iterable[Way]) -> Iterator[tuple[Way, Way]]:
    """The ways to the same receiver, the first with the first."""
    left = list(new)
    for way in old:
        found = next((other for other in left if other.receiver == way.receiver), None)
        if found is not None:
            left.remove(found)
            yield way, found


def changed_definitions(old: Config, new: Config) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Receivers and time intervals of one name, and inhibition rules of one place in the file, that are not the same.

    Each is its kind, its name, and which of its keys differ.
    """
    for name in (name for name in old.receivers if name in new.receivers):
        keys = differing_keys(old.receivers[name], new.receivers[name])
        if keys:
            yield "receiver", name, keys
    for name in (name for name in old.time_intervals if name in new.time_intervals):
        if meaning(old.time_intervals[name]) != meaning(new.time_intervals[name]):
            yield "time interval", name, ()
    rules = itertools.zip_longest(inhibition_of(old), inhibition_of(new))
    for number, (before, after) in enumerate(rules, 1):
        if before is None or after is None:
            yield "inhibition rule", str(number), ("only in the new one" if before is None else "only in the old one",)
        elif before != after:
            yield "inhibition rule", str(number), tuple(key for key in before if before[key] != after[key])
