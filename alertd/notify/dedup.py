"""Deduplication: whether an integration has to be told anything, and why.

The rules and their order are those of Alertmanager's dedup stage (first match wins); severity and acknowledgement,
which it does not know, stand behind the rule that they resemble.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from alertd.alerts.severity import worse
from alertd.notify.message import Reason
from alertd.routing.told import Content, Entry


def needs_update(
    entry: Entry,
    content: Content,
    paging: AbstractSet[str],
    *,
    send_resolved: bool,
    wants_acknowledged: bool,
    repeat_interval: int,
    now: int,
) -> Reason | None:
    """The reason to tell `content` to an integration that was told `entry`; None for no reason.

    `paging` are the firing alerts that may page somebody now; the others of `content.firing` are only shown.
    """
    before = entry.content
    fresh = content.firing.keys() - before.firing.keys()
    if fresh:
        return Reason.NEW_ALERTS if before.firing else Reason.FIRST
    if any(worse(content.firing[alert], before.firing[alert]) for alert in paging):
        return Reason.SEVERITY_RAISED
    if not content.firing:
        return Reason.ALL_RESOLVED if content.resolved & (entry.told | before.firing.keys()) else None
    if send_resolved and content.resolved - before.resolved:
        return Reason.SOME_RESOLVED
    if before.held & paging:
        return Reason.UNACKNOWLEDGED
    if wants_acknowledged and content.acknowledged - before.acknowledged:
        return Reason.ACKNOWLEDGED
    if paging and entry.sent_at is not None and entry.sent_at < now - repeat_interval:
        return Reason.REPEAT
    return None
