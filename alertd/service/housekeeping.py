"""Housekeeping: what is old goes, in small steps, and alerts follow the route tree after a reload."""

from __future__ import annotations

from sqlalchemy import Connection

from alertd.service.runtime import Runtime
from alertd.service.snapshots import StoredSnapshots
from alertd.store import alerts as alert_rows
from alertd.store import descriptions, history, news, outbox, requests, spans
from alertd.store import groups as group_rows
from alertd.store import silences as silence_rows
from alertd.store import snapshots as snapshot_rows
from alertd.store.intake import place


def clean(connection: Connection, runtime: Runtime, now: int) -> int:
    """Delete what is older than the configuration keeps it, a bounded number of rows a call; how many."""
    retention = runtime.config.settings.retention
    deleted = history.prune(connection, now - retention.history)
    deleted += alert_rows.prune_resolved(connection, now - retention.history)
    deleted += spans.prune(connection, now - retention.history)
    deleted += outbox.prune(connection, now - retention.notifications)
    silences = runtime.options.silence_retention
    deleted += silence_rows.prune(connection, now - (retention.history if silences is None else silences))
    deleted += news.prune_entries(connection, now - retention.notifications)
    deleted += requests.prune(connection, now - requests.KEPT_FOR)
    for source in runtime.sources.values():
        if isinstance(source, StoredSnapshots):
            deleted += snapshot_rows.prune(connection, source.name, now - source.retention)
            deleted += descriptions.prune(connection, source.name, now - source.retention)
            deleted += snapshot_rows.shrink(connection, source.organisation, source.name, source.setup.size)
    return deleted


def reroute(connection: Connection, runtime: Runtime, now: int, *, restart: bool = False) -> None:
    """Put every firing alert where the route tree in force sends it.

    Groups that keep their route keep their timers, unless `restart` begins them anew. A group whose route is gone is
    flushed at once, so that its receivers hear of the end.
    """
    for organisation in alert_rows.organisations(connection):
        firing = alert_rows.firing_alerts(connection, organisation)
        place(connection, organisation, firing, runtime.tree, now, restart=restart)
        known = group_rows.groups_by_id(connection, organisation, group_rows.all_group_ids(connection, organisation))
        orphans = [group.id for group in known if runtime.tree.find(group.route_id) is None]
        group_rows.hurry(connection, organisation, orphans, now)
