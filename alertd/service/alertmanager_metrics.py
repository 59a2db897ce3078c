"""The numbers of alertd under the names that Alertmanager's dashboards and alert rules ask for.

A try to deliver counts as a notification of its own, because alertd tries for as long as `delivery.max_age`: a channel
that fails is seen at once and not when the last try has failed.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.store.marks import Marks

_REASONS = {
    FailureReason.RATE_LIMITED: "rateLimited",
    FailureReason.SERVER_ERROR: "serverError",
    FailureReason.CLIENT_ERROR: "clientError",
    FailureReason.AUTH_ERROR: "authError",
    FailureReason.TIMEOUT: "contextDeadlineExceeded",
}
_OTHER = "other"
_API = "v2"
_LATENCIES = (1, 5, 10, 15, 20)
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


class AlertmanagerMetrics:
    """Alertmanager's metrics in a registry; `labels` may hold `receiver_name` and `alertname`."""

    def __init__(self, registry: CollectorRegistry, version: str, labels: frozenset[str] = frozenset()) -> None:
        self._registry = registry
        self._by_receiver = "receiver_name" in labels
        self._by_alertname = "alertname" in labels
        build = self._gauge("build_info", "The running version.", "version", "revision", "branch", "goos", "goarch")
        build.labels(version, "", "alertd", platform.system().lower(), platform.machine()).set(1)
        integration = ("integration", "receiver_name") if self._by_receiver else ("integration",)
        self._notifications = self._counter("notifications_total", "Tries to notify.", *integration)
        self._failed = self._counter("notifications_failed_total", "Tries that failed.", *integration, "reason")
        self._requests = self._counter("notification_requests_total", "Requests to receivers.", *integration)
        self._failed_requests = self._counter(
            "notification_requests_failed_total", "Requests to receivers that failed.", *integration
        )
        self._latency = self._histogram("notification_latency_seconds", "A try's time.", _LATENCIES, *integration)
        self._received = self._counter("alerts_received_total", "Alerts that were sent.", "status", "version")
        self._invalid = self._counter("alerts_invalid_total", "Alerts that were refused.", "version")
        limited = ("alertname",) if self._by_alertname else ()
        self._limited = self._counter("alerts_limited_total", "Alerts dropped by the limit of their name.", *limited)
        self._limit = self._gauge("alerts_per_alert_limit", "How many alerts one name may have.")
        self._alerts = self._gauge("alerts", "Alerts that fire, by state.", "state")
        self._marked = self._gauge("marked_alerts", "The same under its name before 0.34.", "state")
        self._silences = self._gauge("silences", "Silences by state.", "state")
        self._groups = self._gauge("dispatcher_aggregation_groups", "Groups of alerts.")
        self._receivers = self._gauge("receivers", "Configured receivers.")
        self._integrations = self._gauge("integrations", "Configured integrations.")
        self._inhibition_rules = self._gauge("inhibition_rules", "Configured inhibition rules.")
        self._hash = self._gauge("config_hash", "A number that is the same for the same configuration.")
        self._reload_good = self._gauge("config_last_reload_successful", "Whether the last reload was taken.")
        self._reload_time = self._gauge(
            "config_last_reload_success_timestamp_seconds", "When the configuration in force was read."
        )
        self._enabled = self._gauge("cluster_enabled", "Whether several work together.")
        self._members = self._gauge("cluster_members", "How many work together.")
        self._http = self._histogram(
            "http_request_duration_seconds", "A request's time.", _DURATIONS, "handler", "method", "code"
        )
        self._http_size = self._histogram("http_response_size_bytes", "An answer's size.", _SIZES, "handler", "method")
        self._in_flight = self._gauge("http_requests_in_flight", "Requests that are being answered.", "method")
        self._too_many = self._counter(
            "http_concurrency_limit_exceeded_total", "Requests refused by the limit of concurrency.", "method"
        )
        for status in ("firing", "resolved"):
            self._received.labels(status, _API)
        self._invalid.labels(_API)
        self._in_flight.labels("get").set(0)
        self._too_many.labels("get")

    def configured(
        self, integrations: Iterable[tuple[str, str]], receivers: int, inhibition_rules: int, content: bytes, limit: int
    ) -> None:
        """What a configuration holds: (receiver, kind) of each integration, and the content that its number is made of.

        The counters of every integration are there from now on, so that the first failure is an increase.
        """
        number = 0
        for receiver, kind in integrations:
            number += 1
            labels = self._labels(receiver, kind)
            self._notifications.labels(*labels)
            self._requests.labels(*labels)
            self._failed_requests.labels(*labels)
            self._latency.labels(*labels)
            for reason in (*_REASONS.values(), _OTHER):
                self._failed.labels(*labels, reason)
        self._integrations.set(number)
        self._receivers.set(receivers)
        self._inhibition_rules.set(inhibition_rules)
        self._limit.set(limit)
        self._hash.set(int.from_bytes(hashlib.md5(content, usedforsecurity=False).digest()[:6], "little"))

    def reloaded(self, now: int, *, good: bool) -> None:
        self._reload_good.set(good)
        if good:
            self._reload_time.set(now / 1000)

    def delivered(self, integration: str, outcome: Delivered | DeliveryFailed, duration: int) -> None:
        """One try of the integration `receiver/kind/number`; `duration` in milliseconds."""
        receiver, kind, _ = integration.rsplit("/", 2)
        labels = self._labels(receiver, kind)
        self._notifications.labels(*labels).inc()
        self._requests.labels(*labels).inc()
        self._latency.labels(*labels).observe(duration / 1000)
        if isinstance(outcome, DeliveryFailed):
            self._failed.labels(*labels, _REASONS.get(outcome.reason, _OTHER)).inc()
            self._failed_requests.labels(*labels).inc()

    def received(self, firing: int, resolved: int, invalid: int) -> None:
        """Alerts that came in one request of Alertmanager's API."""
        self._received.labels("firing", _API).inc(firing)
        self._received.labels("resolved", _API).inc(resolved)
        self._invalid.labels(_API).inc(invalid)

    def limited(self, alertname: str) -> None:
        """An alert was dropped because its name has as many as it may have."""
        (self._limited.labels(alertname) if self._by_alertname else self._limited).inc()

    def standing(self, marks: Marks, members: int, *, clustered: bool) -> None:
        """What stands in the database, how many members there are, and whether they are a cluster also when alone."""
        for state, number in marks.alerts.items():
            self._alerts.labels(state).set(number)
            self._marked.labels(state).set(number)
        for state, number in marks.silences.items():
            self._silences.labels(state).set(number)
        self._groups.set(marks.groups)
        self._members.set(members)
        self._enabled.set(clustered or members > 1)

    def begun(self, method: str) -> None:
        """A request came in."""
        self._in_flight.labels(method.lower()).inc()

    def ended(self, method: str, handler: str, code: int, seconds: float, size: int) -> None:
        """A request was answered; `handler` is the path without its parameters."""
        self._in_flight.labels(method.lower()).dec()
        self._http.labels(handler, method.lower(), str(code)).observe(seconds)
        self._http_size.labels(handler, method.lower()).observe(size)

    def refused(self, method: str) -> None:
        """A request was one too many."""
        self._too_many.labels(method.lower()).inc()

    def _labels(self, receiver: str, kind: str) -> tuple[str, ...]:
        return (kind, receiver) if self._by_receiver else (kind,)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"alertmanager_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"alertmanager_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"alertmanager_{name}", text, labels, buckets=buckets, registry=self._registry)
