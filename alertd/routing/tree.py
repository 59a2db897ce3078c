"""The route tree: which routes, and so which receivers, an alert goes to.

The semantics are Alertmanager's: depth first from the root, the first matching child wins unless it says `continue`,
a node is the answer itself only when none of its children matched. Inheritance is resolved before a `Route` is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.alerts.labels import Labels
from alertd.routing.matcher_index import MatcherIndex
from alertd.routing.matchers import Matcher, matches_all

# With fewer children than this, each is asked.
_MANY = 8


@dataclass(frozen=True)
class Route:
    """One node as configured, everything inherited filled in.

    `group_by` is None for `['...']`: every label its own group. Times are milliseconds.
    """

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] | None = ()
    group_wait: int = 30_000
    group_interval: int = 300_000
    repeat_interval: int = 14_400_000
    continue_: bool = False
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Node:
    """A route in its tree.

    `id` is Alertmanager's route key, the matchers from the root down, as `{}/{team="a"}`. Sibling routes may share
    it, so `#2`, `#3`… is added to every further route with the same key: it names the route across reloads as long as
    its matchers stay. `key` is what group keys begin with: the id, or the route key as it is.
    """

    id: str
    key: str
    route: Route
    children: tuple[Node, ...] = ()
    _index: MatcherIndex[int] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if len(self.children) >= _MANY:
            index: MatcherIndex[int] = MatcherIndex()
            for place, child in enumerate(self.children):
                index.add(place, child.route.matchers)
            index.prepare()
            object.__setattr__(self, "_index", index)

    def candidates(self, labels: Labels) -> Iterable[Node]:
        """The children that may match, in their order."""
        if self._index is None:
            return self.children
        return [self.children[place] for place in sorted(self._index.candidates(labels))]


class RouteTree:
    """A whole tree, ready to be asked. `numbered`: the keys of sibling routes differ, too, not only their ids."""

    def __init__(self, root: Route, *, numbered: bool = True) -> None:
        self.root = _number(root, "", {}, numbered=numbered)
        self._by_id = {node.id: node for node in self.walk()}

    def walk(self) -> Iterator[Node]:
        """Every node, parents before children, in the order of the file."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def match(self, labels: Labels) -> tuple[Node, ...]:
        """The routes that an alert with these labels goes to, in order; never empty."""
        return tuple(_match(self.root, labels)) or (self.root,)

    def nodes_for(self, labels: Labels, receivers: Sequence[str] = ()) -> tuple[Node, ...]:
        """The routes of an alert; one whose rule names its `receivers` goes straight to them, past the tree."""
        if receivers:
            return tuple(self.direct(receiver) for receiver in receivers)
        return self.match(labels)

    def direct(self, receiver: str) -> Node:
        """The route straight to `receiver`, with the root's grouping and timers."""
        root = self.root.route
        route = Route(
            receiver=receiver,
            group_by=root.group_by,
            group_wait=root.group_wait,
            group_interval=root.group_interval,
            repeat_interval=root.repeat_interval,
            labels=root.labels,
        )
        name = f"receiver/{receiver}"
        return Node(id=name, key=name, route=route)

    def find(self, node_id: str) -> Node | None:
        """The node with this id; None when the tree has it no more."""
        if node_id.startswith("receiver/"):
            return self.direct(node_id.removeprefix("receiver/"))
        return self._by_id.get(node_id)


def _number(route: Route, parent_key: str, seen: dict[str, int], *, numbered: bool) -> Node:
    own = "{" + ",".join(str(matcher) for matcher in sorted(route.matchers, key=_matcher_order)) + "}"
    key = f"{parent_key}/{own}" if parent_key else own
    seen[key] = seen.get(key, 0) + 1
    node_id = key if seen[key] == 1 else f"{key}#{seen[key]}"
    children = tuple(_number(child, key, seen, numbered=numbered) for child in route.routes)
    return Node(node_id, node_id if numbered else key, route, children)


def _matcher_order(matcher: Matcher) -> tuple[str, str, str]:
    return (matcher.name, matcher.value, matcher.op.value)


def _match(node: Node, labels: Labels) -> Iterator[Node]:
    if not matches_all(node.route.matchers, labels):
        return
    found = False
    for child in node.candidates(labels):
        answers = tuple(_match(child, labels))
        if answers:
            found = True
            yield from answers
            if not child.route.continue_:
                break
    if not found:
        yield node
