"""What an application says of an alert, in alertd's terms."""

from __future__ import annotations

import json
from typing import Any

from alertd.alerts.pushed import PushedAlert
from alertd.api.fields import LAST_INSTANT
from alertd.api.schemas import AlertGiven, ApplicationAlertGiven


def pushed_alert(given: AlertGiven | ApplicationAlertGiven, now: int) -> PushedAlert:
    """The alert that is taken in for what was sent."""
    if isinstance(given, ApplicationAlertGiven):
        return _of_application(given, now)
    return PushedAlert(given.labels, given.annotations, given.starts_at, given.ends_at, given.generator_url)


def _of_application(given: ApplicationAlertGiven, now: int) -> PushedAlert:
    """Names become labels; what is measured becomes annotations, since a label's change would make another alert."""
    labels = {
        "alertname": given.alert_type,
        "severity": given.severity,
        "endpoint_id": given.endpoint_id,
        "model_name": given.model_name,
    }
    annotations = {name: _text(value) for name, value in given.metadata.items()}
    if given.message:
        annotations["summary"] = given.message
    return PushedAlert(labels, annotations, starts_at=now, ends_at=LAST_INSTANT)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
