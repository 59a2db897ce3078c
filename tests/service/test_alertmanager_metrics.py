"""Alertmanager's metrics: what its dashboards and alert rules ask for is there, with the labels that they use."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.service.alertmanager_metrics import AlertmanagerMetrics
from alertd.store.marks import Marks


def told(registry: CollectorRegistry) -> set[str]:
    return {line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")}


def test_deliveries() -> None:
    """Tries are counted by kind from the beginning, and failures by the reason that Alertmanager has for them."""
    registry = CollectorRegistry()
    metrics = AlertmanagerMetrics(registry, "1")
    metrics.configured([("a/b", "webhook"), ("c", "slack")], 2, 3, b"content", 7)
    before = told(registry)
    assert 'alertmanager_notifications_total{integration="webhook"} 0.0' in before
    assert 'alertmanager_notifications_failed_total{integration="slack",reason="rateLimited"} 0.0' in before
    assert {
        "alertmanager_receivers 2.0",
        "alertmanager_integrations 2.0",
        "alertmanager_inhibition_rules 3.0",
        "alertmanager_alerts_per_alert_limit 7.0",
    } <= before
    metrics.delivered("a/b/webhook/0", Delivered(), 1_500)
    metrics.delivered("a/b/webhook/0", DeliveryFailed(FailureReason.TIMEOUT, ""), 10)
    metrics.delivered("c/slack/0", DeliveryFailed(FailureReason.TLS, ""), 10)
    assert {
        'alertmanager_notifications_total{integration="webhook"} 2.0',
        'alertmanager_notifications_failed_total{integration="webhook",reason="contextDeadlineExceeded"} 1.0',
        'alertmanager_notifications_failed_total{integration="slack",reason="other"} 1.0',
        'alertmanager_notification_requests_failed_total{integration="slack"} 1.0',
        'alertmanager_notification_latency_seconds_bucket{integration="webhook",le="1.0"} 1.0',
        'alertmanager_notification_latency_seconds_sum{integration="webhook"} 1.51',
    } <= told(registry)


def test_more_labels() -> None:
    """The features that add labels add them."""
    registry = CollectorRegistry()
    metrics = AlertmanagerMetrics(registry, "1", frozenset({"receiver_name", "alertname"}))
    metrics.delivered("team/webhook/0", Delivered(), 1)
    metrics.limited("Loud")
    assert {
        'alertmanager_notifications_total{integration="webhook",receiver_name="team"} 1.0',
        'alertmanager_alerts_limited_total{alertname="Loud"} 1.0',
    } <= told(registry)


def test_standing() -> None:
    """What stands in the database, under the names of today and of before."""
    registry = CollectorRegistry()
    metrics = AlertmanagerMetrics(registry, "1")
    metrics.standing(Marks({"active": 2, "suppressed": 1}, {"pending": 3}, 4), members=2, clustered=False)
    metrics.received(firing=5, resolved=1, invalid=2)
    metrics.reloaded(1_500, good=True)
    metrics.reloaded(2_500, good=False)
    assert {
        'alertmanager_alerts{state="active"} 2.0',
        'alertmanager_marked_alerts{state="suppressed"} 1.0',
        'alertmanager_silences{state="pending"} 3.0',
        "alertmanager_dispatcher_aggregation_groups 4.0",
        "alertmanager_cluster_members 2.0",
        "alertmanager_cluster_enabled 1.0",
        'alertmanager_alerts_received_total{status="firing",version="v2"} 5.0',
        'alertmanager_alerts_received_total{status="resolved",version="v2"} 1.0',
        'alertmanager_alerts_invalid_total{version="v2"} 2.0',
        "alertmanager_config_last_reload_successful 0.0",
        "alertmanager_config_last_reload_success_timestamp_seconds 1.5",
    } <= told(registry)


@pytest.mark.parametrize(("other", "same"), [(b"content", True), (b"contents", False)])
def test_hash(other: bytes, same: bool) -> None:
    """The same content has the same number, another has another."""
    numbers = set()
    for content in (b"content", other):
        registry = CollectorRegistry()
        AlertmanagerMetrics(registry, "1").configured([], 0, 0, content, 0)
        numbers.add(registry.get_sample_value("alertmanager_config_hash"))
    assert (len(numbers) == 1) is same
