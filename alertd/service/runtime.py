"""A configuration made ready to run: read whole, checked whole, and swapped whole at a reload."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from alertd.clock import SECOND
from alertd.config.clients import client_settings
from alertd.config.http import HttpConfig
from alertd.config.loading import Config, load_config
from alertd.config.models import Settings
from alertd.config.receivers import Receiver as ReceiverConfig
from alertd.config.redaction import secret_values
from alertd.config.service import RetentionConfig, SourceConfig
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.notify.flush import Routing
from alertd.notify.plan import Integration
from alertd.notify.policy import DeliverySettings
from alertd.notify.receivers.base import Receiver
from alertd.notify.receivers.build import build_receivers
from alertd.notify.watch import Watch
from alertd.response.acknowledgement import AcknowledgementSettings
from alertd.routing.tree import RouteTree
from alertd.rules.checks import check_rules
from alertd.rules.evaluation import CompiledRule, Context
from alertd.rules.loading import load_rule_files
from alertd.rules.models import AlertRule, RecordingRule, RuleFile, RuleGroup, SourceKind
from alertd.service.forwarding import Forwarding, build_forwarding
from alertd.service.options import Options
from alertd.service.schedule import Slots, offset_of
from alertd.service.snapshots import Setup, StoredSnapshots
from alertd.sources.admission import SampleLimits
from alertd.sources.base import Labelled, Source
from alertd.sources.prometheus import PrometheusSource
from alertd.sources.remotewrite.sender import RemoteWriter
from alertd.sources.series import SeriesLimits
from alertd.sources.snapshots import Limits, PathMapping
from alertd.store.database import Database
from alertd.store.intake import Ways

#: The source that is there without any configuration: what is pushed, is there to be asked.
SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class ReadyRule:
    """A rule of a group with the source that it asks."""

    rule: AlertRule | RecordingRule
    source: str
    compiled: CompiledRule | None
    context: Context
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ReadyGroup:
    """A rule group made ready; `interval` and `query_offset` in milliseconds."""

    group: RuleGroup
    interval: int
    query_offset: int
    slots: Slots
    rules: tuple[ReadyRule, ...]

    @property
    def key(self) -> str:
        return self.group.key

    def asked_at(self, at: int) -> int:
        """As of which instant the group's rules ask when they are evaluated at `at`."""
        aligned = at - at % self.interval if self.group.aligned else at
        return aligned - self.query_offset


@dataclass
class Runtime:
    """Everything that follows from one reading of the configuration."""

    config: Config
    rule_files: tuple[RuleFile, ...]
    groups: tuple[ReadyGroup, ...]
    tree: RouteTree
    sources: Mapping[str, Source]
    writers: Mapping[str, RemoteWriter]
    receivers: Mapping[str, Receiver]
    integrations: Mapping[str, tuple[Integration, ...]]
    clients: HttpClients
    external_url: str
    default_source: str
    options: Options = Options()
    forwarding: Forwarding = Forwarding()
    watches: dict[str, Watch] = field(default_factory=dict)

    @property
    def organisation(self) -> str:
        return self.config.settings.organisation

    @property
    def as_alertmanager(self) -> bool:
        """Whether `compat` asks for what Alertmanager does where alertd does better."""
        return self.config.settings.compat == "alertmanager"

    @property
    def ways(self) -> Ways:
        """What the intake needs to place alerts."""
        answers = self.config.settings.acknowledgement
        return Ways(
            self.tree,
            AcknowledgementSettings(answers.expires, answers.max, answers.survive_recovery, answers.sticky_severity),
            self.forwarding.targets,
        )

    @property
    def routing(self) -> Routing:
        """What a flush needs."""
        return Routing(self.tree, self.integrations, self.watch, self.as_alertmanager)

    @property
    def delivery(self) -> DeliverySettings:
        settings = self.config.settings.delivery
        longest = max((_longest_try(receiver) for receiver in self.config.receivers.values()), default=0)
        # A claim must outlive the try that it is for, or a second replica would send the same.
        lease = max(settings.lease, longest + 5 * SECOND)
        return DeliverySettings(max(settings.timeout, longest), settings.max_age, lease)

    def watch(self, organisation: str) -> Watch:
        """The gates of an organisation."""
        if organisation not in self.watches:
            self.watches[organisation] = Watch(self.config.inhibit_rules, self.config.time_intervals)
        return self.watches[organisation]

    def snapshots(self, name: str | None) -> StoredSnapshots | None:
        """The snapshot source of that name, or the one that pushes without a name go to."""
        if name is not None:
            found = self.sources.get(name)
            return found if isinstance(found, StoredSnapshots) else None
        preferred = self.sources.get(self.default_source)
        for source in (preferred, *self.sources.values()):
            if isinstance(source, StoredSnapshots):
                return source
        return None

    def keep(self, before: Runtime) -> None:
        """Go on with the sources of pushed metrics of a former configuration where they are the same as now.

        What they hold in memory need not be read again.
        """
        self.sources = {name: _kept(before.sources.get(name), source) for name, source in self.sources.items()}

    def secrets(self) -> set[str]:
        """Every secret value of the configuration, for those who must not show them."""
        return set(secret_values(self.config.settings))

    async def close(self) -> None:
        await self.clients.aclose()


def load_runtime(
    path: Path,
    database: Database,
    *,
    env: Mapping[str, str] = os.environ,
    now: Callable[[], int],
    external_url: str = "",
    receiver_clients: HttpClients | None = None,
    options: Options = Options(),
    ignore_unknown: bool = False,
) -> Runtime:
    """Read and check everything that the configuration names. Raises `InvalidInput` with every mistake found.

    `receiver_clients` is how receivers speak HTTP, where that is not the way in which sources do. With `ignore_unknown`
    keys of rule files that no rule has are passed over.
    """
    config = options.applied(load_config(path, env, options.grammar))
    settings = config.settings
    rule_files = load_rule_files(settings.rule_files, path.parent, ignore_unknown=ignore_unknown)
    kinds = {name: SourceKind(source.type) for name, source in settings.sources.items()}
    kinds.setdefault(SNAPSHOTS, SourceKind.SNAPSHOTS)
    default_source = settings.default_source or _only_source(settings.sources)
    written = {name for name, source in settings.sources.items() if source.remote_write is not None}
    problems = check_rules(rule_files, set(config.receivers), kinds, default_source, written)
    if problems:
        raise InvalidInput(problems)
    clients = HttpClients()
    url = str(settings.external_url or external_url).rstrip("/")
    sources = _build_sources(settings, database, clients, now)
    receivers, integrations = build_receivers(config, receiver_clients or clients, now=now)
    groups = [
        _ready_group(group, config, default_source, url) for rule_file in rule_files for group in rule_file.groups
    ]
    return Runtime(
        config=config,
        rule_files=tuple(rule_files),
        groups=tuple(groups),
        tree=RouteTree(config.route, numbered=settings.compat == "alertd"),
        sources=sources,
        writers=_build_writers(settings, clients),
        receivers=receivers,
        integrations=integrations,
        clients=clients,
        external_url=url,
        default_source=default_source,
        forwarding=build_forwarding(settings.alerting, clients, _intervals(groups)),
        options=options,
    )


def _intervals(groups: Sequence[ReadyGroup]) -> dict[str, int]:
    """How often each rule that finds alerts is evaluated, by its id."""
    return {ready.rule.id: group.interval for group in groups for ready in group.rules if ready.compiled is not None}


def _longest_try(receiver: ReceiverConfig) -> int:
    """The longest time-out, in milliseconds, that an integration of the receiver asks for."""
    return max((getattr(entry, "timeout", 0) for _, _, entry in receiver.integrations()), default=0)


def _only_source(sources: Mapping[str, SourceConfig]) -> str:
    """Where rules look that name no source: the only one there is, else what is pushed."""
    return next(iter(sources)) if len(sources) == 1 else SNAPSHOTS


def _build_sources(
    settings: Settings, database: Database, clients: HttpClients, now: Callable[[], int]
) -> dict[str, Source]:
    built: dict[str, Source] = {}
    configured = {SNAPSHOTS: SourceConfig(type="snapshots"), **settings.sources}
    for name, source in configured.items():
        if source.type == "prometheus":
            asked = PrometheusSource(
                clients.client(client_settings(source.http_config or HttpConfig())),
                str(source.url),
                time_limit=source.timeout,
                retries=source.retries,
                concurrency=source.concurrency,
            )
            built[name] = Labelled(asked, source.labels) if source.labels else asked
        else:
            built[name] = StoredSnapshots(
                database,
                settings.organisation,
                name,
                _setup(source, settings.retention),
                now=now,
            )
    return built


def _kept(before: Source | None, now: Source) -> Source:
    if not isinstance(before, StoredSnapshots) or not isinstance(now, StoredSnapshots):
        return now
    return before if (before.organisation, before.setup) == (now.organisation, now.setup) else now


def _build_writers(settings: Settings, clients: HttpClients) -> dict[str, RemoteWriter]:
    """Where the series that rules make over the sources go, by the names of the sources."""
    writers: dict[str, RemoteWriter] = {}
    for name, source in settings.sources.items():
        write = source.remote_write
        if write is not None:
            client = clients.client(client_settings(write.http_config or source.http_config or HttpConfig()))
            url = str(write.url or f"{str(source.url).rstrip('/')}/api/v1/write")
            writers[name] = RemoteWriter(client, url, write.timeout, write.max_age)
    return writers


def _setup(source: SourceConfig, retention: RetentionConfig) -> Setup:
    kept = min(source.retention, retention.snapshots)
    return Setup(
        mappings=tuple(PathMapping.parse(item.path, item.name, item.labels) for item in source.map),
        labels=source.labels,
        limits=Limits(samples=source.max_samples),
        series_limits=SeriesLimits(labels=source.max_labels),
        sample_limits=SampleLimits(
            series=source.max_series,
            samples=source.max_samples,
            behind=kept,
            out_of_order=source.out_of_order_window,
        ),
        stale_after=source.stale_after,
        retention=kept,
        size=retention.snapshots_size,
        samples_per_second=source.max_samples_per_second,
    )


def _ready_group(group: RuleGroup, config: Config, default_source: str, external_url: str) -> ReadyGroup:
    settings = config.settings
    ready = []
    for rule in group.rules:
        source = group.source_of(rule) or default_source
        base = settings.sources[source].url if source in settings.sources else None
        labels = group.labels_of(rule)
        compiled = CompiledRule(rule, labels) if isinstance(rule, AlertRule) else None
        context = Context(external_url, settings.external_labels, _generator_url(str(base or external_url), rule.expr))
        ready.append(ReadyRule(rule, source, compiled, context, labels))
    interval = group.interval or settings.evaluation_interval
    offset = offset_of(group.key, interval) if group.eval_offset is None else group.eval_offset
    return ReadyGroup(
        group=group,
        interval=interval,
        query_offset=group.query_offset or 0,
        slots=Slots(interval, offset),
        rules=tuple(ready),
    )


def _generator_url(base: str, expr: str) -> str:
    """Where a person sees the expression, in the form of Prometheus' own links."""
    return f"{base.rstrip('/')}/graph?g0.expr={quote_plus(expr)}&g0.tab=1" if base else ""
