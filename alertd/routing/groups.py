"""Groups: which alerts share a notification, what the group is called, and when its timers fire.

The semantics are Alertmanager's, except that a group is a row with a due time, so that no timer is lost in a restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from alertd.alerts.labels import Labels, format_labels
from alertd.routing.tree import Node


@dataclass(frozen=True)
class GroupName:
    """Which group an alert falls into. `id` is unique; `key` is Alertmanager's group key.

    Where sibling routes have equal matchers, Alertmanager's key is the same for both; here the later ones say `#2`, if
    the tree is numbered.
    """

    id: str
    key: str
    labels: Labels


def group_of(node: Node, labels: Labels, organisation: str = "default") -> GroupName:
    """The group that an alert with `labels` falls into under `node`; labels that the alert lacks are left out."""
    names = labels if node.route.group_by is None else node.route.group_by
    group_labels = {name: labels[name] for name in sorted(names) if labels.get(name)}
    printed = format_labels(group_labels)
    identity = f"{organisation}\n{node.id}:{printed}"
    return GroupName(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        key=f"{node.key}:{printed}",
        labels=group_labels,
    )


def first_flush(starts_at: int, group_wait: int, now: int) -> int:
    """When a new group is flushed first: at once when the alert that creates it is already older than `group_wait`."""
    return now if starts_at + group_wait < now else now + group_wait


def next_flush(due: int, group_interval: int, now: int) -> int:
    """When a group that was due at `due` and is flushed at `now` is flushed again.

    The beat stays that of the due times; a flush that comes more than a whole interval late starts a new beat.
    """
    following = due + group_interval
    return following if following > now else now + group_interval
