"""A message as templates see it: Alertmanager's `Data`, with its Go names for Go templates.

Beyond Alertmanager's fields there are `.Acknowledged`, `.AcknowledgedBy` and `.TruncatedAlerts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from alertd.clock import SECOND, to_datetime
from alertd.gotemplate.alertmanager import Alerts, TemplateAlert, TemplateData
from alertd.gotemplate.values import KV, GoTime
from alertd.notify.message import Message, MessageAlert

Escape = Callable[[str], str]

_ZERO_TIME = "0001-01-01T00:00:00Z"
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


@dataclass(frozen=True)
class Data(TemplateData):
    """The dot of a notification template."""

    acknowledged: bool = False
    acknowledged_by: str = ""
    truncated_alerts: int = 0

    __go_fields__: ClassVar[dict[str, str]] = {
        **TemplateData.__go_fields__,
        "Acknowledged": "acknowledged",
        "AcknowledgedBy": "acknowledged_by",
        "TruncatedAlerts": "truncated_alerts",
    }


def build_data(message: Message, escape: Escape | None = None) -> Data:
    """The data of `message`; `escape` is laid over every value of a label or an annotation."""
    return Data(
        receiver=message.receiver,
        status=message.status.value,
        alerts=Alerts(_alert(alert, escape) for alert in message.alerts),
        notification_reason=message.reason.value,
        group_labels=_pairs(message.group_labels, escape),
        common_labels=_pairs(message.common_labels, escape),
        common_annotations=_pairs(message.common_annotations, escape),
        route_labels=_pairs(message.route_labels, escape),
        external_url=message.external_url,
        acknowledged=message.acknowledged,
        acknowledged_by=", ".join(_escaped(acknowledgers(message), escape)),
        truncated_alerts=message.truncated_alerts,
    )


def acknowledgers(message: Message) -> tuple[str, ...]:
    """Who acknowledged what fires, each once, by name."""
    return tuple(sorted({alert.acknowledged_by for alert in message.firing if alert.acknowledged_by}))


def go_time(instant: int | None) -> str:
    """An instant as Go prints it in JSON: RFC 3339 without closing zeros; None is Go's zero time, the year 1."""
    if instant is None:
        return _ZERO_TIME
    text = to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = instant % SECOND
    return f"{text}.{milliseconds:03d}".rstrip("0") + "Z" if milliseconds else f"{text}Z"


def quote_meta(name: str) -> str:
    """A receiver's name as Alertmanager hands it out: with a backslash before what is special in a pattern."""
    return _META.sub(r"\\\g<0>", name)


def _alert(alert: MessageAlert, escape: Escape | None) -> TemplateAlert:
    return TemplateAlert(
        status=alert.status.value,
        labels=_pairs(alert.labels, escape),
        annotations=_pairs(alert.annotations, escape),
        starts_at=GoTime.from_milliseconds(alert.starts_at),
        ends_at=GoTime.zero() if alert.ends_at is None else GoTime.from_milliseconds(alert.ends_at),
        generator_url=alert.generator_url,
        fingerprint=alert.fingerprint,
    )


def _pairs(pairs: Mapping[str, str], escape: Escape | None) -> KV:
    names = sorted(pairs)
    return KV(zip(names, _escaped((pairs[name] for name in names), escape), strict=True))


def _escaped(values: Iterable[str], escape: Escape | None) -> Iterable[str]:
    return values if escape is None else map(escape, values)
