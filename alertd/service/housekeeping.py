"""Housekeeping: what is old goes, in small steps, and alerts follow the route tree after a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection

from alertd.service.runtime import Runtime
from alertd.service.snapshots import StoredSnapshots
from alertd.store import alerts as alert_rows
from alertd.store import descriptions, history, news, outbox, requests, spans
from alertd.store import groups as group_rows
from alertd.store import silences as silence_rows
from alertd.store import snapshots as snapshot_rows
from alertd.store.intake import place

Step = Callable[[Connection], int]


def cleaning(runtime: Runtime, now: int) -> Iterator[Step]:
    """The steps that delete what is older than the configuration keeps it.

    Each is a short transaction that deletes a bounded number of rows and returns how many; it is to be repeated until
    that is none.
    """
    retention = runtime.config.settings.retention
    silences = runtime.options.silence_retention
    yield partial(history.prune, before=now - retention.history)
    yield partial(alert_rows.prune_resolved, before=now - retention.history)
    yield partial(spans.prune, before=now - retention.history)
    yield partial(outbox.prune, before=now - retention.notifications)
    yield partial(silence_rows.prune, before=now - (retention.history if silences is None else silences))
    yield partial(news.prune_entries, before=now - retention.notifications)
    yield partial(requests.prune, before=now - requests.KEPT_FOR)
    for source in runtime.sources.values():
        if isinstance(source, StoredSnapshots):
            organisation, name = source.organisation, source.name
            yield partial(snapshot_rows.prune, source=name, before=now - source.retention)
            yield partial(descriptions.prune, source=name, before=now - source.retention)
            yield partial(snapshot_rows.shrink, organisation=organisation, source=name, size=source.setup.size)


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
