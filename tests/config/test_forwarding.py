"""`alerting`: what of Prometheus' section is taken, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.config.redaction import redacted
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.service.forwarding import build_forwarding

REST = "\nroute: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
EVERYTHING = """
alerting:
  resend_delay: 90s
  alertmanagers:
  - static_configs:
    - targets: ["one:9093", "[::1]:9093"]
    - targets: ["two:9093"]
  - static_configs: [{targets: ["one:9093", "three:443"]}]
    scheme: https
    path_prefix: /am/
    timeout: 3s
    api_version: v2
    authorization: {credentials: hidden-token}
  - static_configs: [{targets: ["one:9093"]}]
    timeout: 7s
"""


def load(text: str) -> Config:
    return parse_config(text + REST, "alertd.yml", Path("/"), {})


async def test_everything() -> None:
    """Each address once, with what its first entry says, secrets hidden."""
    config = load(EVERYTHING)
    forwarding = build_forwarding(config.settings.alerting, HttpClients(), {})
    assert forwarding.resend_delay == 90_000
    assert [(one.url, one.timeout) for one in forwarding.alertmanagers] == [
        ("http://one:9093/api/v2/alerts", 10_000),
        ("http://[::1]:9093/api/v2/alerts", 10_000),
        ("http://two:9093/api/v2/alerts", 10_000),
        ("https://one:9093/am/api/v2/alerts", 3_000),
        ("https://three:443/am/api/v2/alerts", 3_000),
    ]
    assert "hidden-token" not in redacted(config)
    assert "alerting" not in redacted(config, for_alertmanager=True)


def test_nothing() -> None:
    """Without the section nobody is told."""
    assert load("").settings.alerting.alertmanagers == ()


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("alert_relabel_configs: []", "2:3: alerting.alert_relabel_configs: alertd changes no labels on the way"),
        ("alertmanagers: [{scheme: http}]", "no Alertmanager is named; add static_configs with targets"),
        ("alertmanagers: [{static_configs: [{targets: []}]}]", "no Alertmanager is named"),
        (
            "alertmanagers: [{static_configs: [{targets: [a:1], labels: {a: b}}]}]",
            "labels of an Alertmanager serve relabelling alone",
        ),
        ("alertmanagers: [{static_configs: [{targets: [a]}]}]", "missing port in address"),
        ("alertmanagers: [{dns_sd_configs: []}]", "alertd looks for no Alertmanagers by itself"),
        ("alertmanagers: [{static_configs: [{targets: [a:1]}], relabel_configs: []}]", "alertd changes no labels"),
        ("alertmanagers: [{static_configs: [{targets: [a:1]}], sigv4: {}}]", "are not signed for AWS"),
        ("alertmanagers: [{static_configs: [{targets: [a:1]}], api_version: v1}]", "api_version: "),
        ("alertmanagers: [{static_configs: [{targets: [a:1]}], timeout: 0s}]", "timeout"),
        (
            "alertmanagers: [{static_configs: [{targets: [a:1]}], bearer_token: a, basic_auth: {}}]",
            "at most one of",
        ),
        ("resend_delay: 0s", "resend_delay"),
    ],
)
def test_what_is_refused(section: str, complaint: str) -> None:
    """Discovery and relabelling are refused, and so is a list without an address."""
    with pytest.raises(InvalidInput) as refused:
        load(f"alerting:\n  {section}")
    assert complaint in str(refused.value)
