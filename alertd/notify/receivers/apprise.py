"""The Apprise integration: one URL reaches any of the services that the `apprise` library knows.

Apprise comes with `pip install alertd[apprise]` and is imported only where a configuration needs it. It blocks, so it
runs in a thread; it tells little of what a service answered, so most failures are tried again.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from alertd.alerts.severity import SEVERITY_RANK, rank
from alertd.clock import SECOND
from alertd.config.integrations.apprise import AppriseConfig
from alertd.http import Response
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import or_built_in, rendering
from alertd.notify.receivers.exchange import refusal, secret_now, sharing_time

# Its plug-ins say the status of an answer at the end of a log line, each of them in this form.
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")
_RATE_LIMIT_WAIT = 30 * SECOND


class AppriseReceiver:
    """Tells one service."""

    kind = "apprise"
    wants_acknowledged = False
    interval = 1000

    def __init__(self, config: AppriseConfig, tools: Tools) -> None:
        self._config = config
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = config.timeout or tools.time_limit

    async def send(self, message: Message) -> Delivered:
        config = self._config
        with rendering():
            texts = self._renderer.of(message)
            title = texts.text(or_built_in(config.title, "apprise.default.title"))
            template = or_built_in(config.message, "apprise.default.message")
            body = texts.html(template) if config.format == "html" else texts.text(template)
        url = secret_now(config.url, config.url_file)
        async with sharing_time(self._time_limit, self.kind):
            return await asyncio.to_thread(self._notify, url, title.strip(), body.strip(), notify_type(message))

    def _notify(self, url: str, title: str, body: str, kind: str) -> Delivered:
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(app_id="alertd", app_desc="alertd", service_timeout=self._time_limit / SECOND)
        services = Apprise(asset=asset)
        if not services.add(url):
            text = "the apprise URL names no service that apprise knows, or lacks a part that the service needs"
            raise DeliveryFailed(FailureReason.CLIENT_ERROR, text, permanent=True, channel_broken=True)
        with services.notify(
            body=body or title,
            title=title if body else "",
            notify_type=kind,
            body_format=self._config.format,
            timeout=self._time_limit / SECOND,
        ) as outcome:
            if outcome:
                return Delivered(answer="ok")
            raise _failure(outcome, self._now())


def notify_type(message: Message) -> str:
    """`success` when nothing fires, else by the worst severity: `failure`, `warning` or `info`."""
    if message.status is Status.RESOLVED:
        return "success"
    ranks = [rank(alert.labels.get("severity", "")) for alert in message.firing]
    highest = max((found for found in ranks if found is not None), default=SEVERITY_RANK["error"])
    if highest >= SEVERITY_RANK["error"]:
        return "failure"
    return "warning" if highest >= SEVERITY_RANK["warning"] else "info"


def _failure(outcome: Any, now: int) -> DeliveryFailed:
    """The status is all that is taken from apprise's log lines: their texts can hold a part of the URL."""
    names = ", ".join(result.name for result in outcome) or "the service"
    statuses = [int(found) for entry in outcome.logs() for found in _STATUS.findall(entry.message)]
    if outcome.timeout_count:
        return DeliveryFailed(FailureReason.TIMEOUT, f"apprise: no answer from {names} in time", maybe_sent=True)
    if not statuses:
        text = f"apprise: {names} could not be reached, or did not take the message"
        return DeliveryFailed(FailureReason.CONNECTION, text, maybe_sent=True)
    return refusal(Response(statuses[-1], {}, b""), now, wait=_RATE_LIMIT_WAIT, temporary={425}, broken={404})
