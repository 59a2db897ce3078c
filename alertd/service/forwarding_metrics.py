"""What is counted of the alerts that are forwarded to other Alertmanagers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class ForwardingMetrics:
    """Counters by Alertmanager, in the registry of alertd's own metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        label = ["alertmanager"]
        self._sent = Counter(
            "alertd_forwarded_alerts_total", "Alerts that an Alertmanager took.", label, registry=registry
        )
        self._failed = Counter(
            "alertd_forward_failures_total", "Alerts that an Alertmanager did not take.", label, registry=registry
        )
        self._dropped = Counter(
            "alertd_forward_dropped_total", "Ends of alerts that were given up untold.", label, registry=registry
        )

    def sent(self, alertmanager: str, alerts: int) -> None:
        self._sent.labels(alertmanager).inc(alerts)

    def failed(self, alertmanager: str, alerts: int) -> None:
        self._failed.labels(alertmanager).inc(alerts)

    def dropped(self, alertmanager: str) -> None:
        self._dropped.labels(alertmanager).inc()
