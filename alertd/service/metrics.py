"""alertd's own metrics, in a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from alertd import __version__
from alertd.notify.receivers.base import Delivered, DeliveryFailed
from alertd.service.alertmanager_metrics import AlertmanagerMetrics
from alertd.service.runtime import ReadyGroup
from alertd.store.evaluations import GroupEvaluation


class Metrics:
    """What the engine counts; `exposition` is the text that Prometheus scrapes.

    `alertmanager` has the same under Alertmanager's names; `labels` are those that it adds there.
    """

    def __init__(self, labels: frozenset[str] = frozenset()) -> None:
        self.registry = CollectorRegistry()
        self.alertmanager = AlertmanagerMetrics(self.registry, __version__, labels)
        build = Gauge("alertd_build_info", "The running version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._notifications = Counter(
            "alertd_notifications_total", "Messages that receivers took.", ["integration"], registry=self.registry
        )
        self._failed = Counter(
            "alertd_notifications_failed_total",
            "Tries to deliver a message that failed.",
            ["integration", "reason"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "alertd_notification_latency_seconds",
            "How long one try to deliver took.",
            ["integration"],
            buckets=(0.1, 0.5, 1, 5, 10, 15, 20),
            registry=self.registry,
        )
        self._flushes = Counter("alertd_group_flushes_total", "Groups that were flushed.", registry=self.registry)
        self._evaluations = Counter(
            "alertd_rule_evaluations_total", "Rules that were evaluated.", ["rule_group"], registry=self.registry
        )
        self._evaluation_failures = Counter(
            "alertd_rule_evaluation_failures_total",
            "Rules whose evaluation gave no result.",
            ["rule_group"],
            registry=self.registry,
        )
        self._group_duration = Gauge(
            "alertd_rule_group_last_duration_seconds",
            "How long the last evaluation of a group took.",
            ["rule_group"],
            registry=self.registry,
        )
        self._group_time = Gauge(
            "alertd_rule_group_last_evaluation_timestamp_seconds",
            "The instant of the last evaluation of a group.",
            ["rule_group"],
            registry=self.registry,
        )
        self._missed = Counter(
            "alertd_rule_group_iterations_missed_total",
            "Evaluations that were left out because the one before took too long.",
            ["rule_group"],
            registry=self.registry,
        )
        self._alerts = Gauge("alertd_alerts", "Alerts by state.", ["state"], registry=self.registry)
        self._outbox = Gauge("alertd_outbox_messages", "Messages on their way.", registry=self.registry)
        self._outbox_age = Gauge(
            "alertd_outbox_oldest_seconds", "The age of the oldest message on its way.", registry=self.registry
        )
        self._snapshots = Counter(
            "alertd_snapshots_total", "Snapshots that were pushed.", ["source"], registry=self.registry
        )
        self._written = Counter(
            "alertd_remote_write_samples_total",
            "Samples of rules over a Prometheus that were written to it, refused, or given up.",
            ["source", "outcome"],
            registry=self.registry,
        )
        self._samples = Counter(
            "alertd_samples_received_total",
            "Samples of remote write and OTLP.",
            ["source", "outcome"],
            registry=self.registry,
        )
        self._received = Counter(
            "alertd_alerts_received_total", "Alerts that were sent to alertd.", ["outcome"], registry=self.registry
        )
        self._reload_good = Gauge(
            "alertd_config_last_reload_successful", "Whether the last reload was taken.", registry=self.registry
        )
        self._reload_time = Gauge(
            "alertd_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was read.",
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        return generate_latest(self.registry)

    def evaluated(self, group: ReadyGroup, evaluation: GroupEvaluation) -> None:
        failures = sum(health.health == "err" for health in evaluation.rules.values())
        self._evaluations.labels(group.key).inc(len(evaluation.rules))
        self._evaluation_failures.labels(group.key).inc(failures)
        self._group_duration.labels(group.key).set(evaluation.duration / 1000)
        self._group_time.labels(group.key).set(evaluation.evaluated_at / 1000)

    def missed(self, group: ReadyGroup, evaluations: int) -> None:
        self._missed.labels(group.key).inc(evaluations)

    def flushed(self, groups: int) -> None:
        self._flushes.inc(groups)

    def delivered(self, integration: str, outcome: Delivered | DeliveryFailed, duration: int) -> None:
        self._latency.labels(integration).observe(duration / 1000)
        if isinstance(outcome, DeliveryFailed):
            self._failed.labels(integration, outcome.reason.value).inc()
        else:
            self._notifications.labels(integration).inc()
        self.alertmanager.delivered(integration, outcome, duration)

    def received(self, accepted: int, refused: int) -> None:
        self._received.labels("accepted").inc(accepted)
        self._received.labels("refused").inc(refused)

    def snapshot(self, source: str) -> None:
        self._snapshots.labels(source).inc()

    def written(self, source: str, outcome: str, samples: int) -> None:
        self._written.labels(source, outcome).inc(samples)

    def samples(self, source: str, accepted: int, refused: int) -> None:
        self._samples.labels(source, "accepted").inc(accepted)
        self._samples.labels(source, "refused").inc(refused)

    def standing(self, alerts: dict[str, int], outbox: int, oldest: float) -> None:
        """What stands in the database: alerts by state, messages on their way, the age of the oldest in seconds."""
        for state, number in alerts.items():
            self._alerts.labels(state).set(number)
        self._outbox.set(outbox)
        self._outbox_age.set(oldest)

    def reloaded(self, now: int, *, good: bool) -> None:
        self._reload_good.set(good)
        if good:
            self._reload_time.set(now / 1000)
        self.alertmanager.reloaded(now, good=good)
