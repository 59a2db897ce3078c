"""The webhook integration: Alertmanager's version 4 body, with the headers of Standard Webhooks on top.

`webhook-id` is the same through every retry of a message, so the other side can drop what it has already taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from alertd.clock import SECOND
from alertd.http import HttpClient, HttpError
from alertd.notify.data import go_time, quote_meta
from alertd.notify.message import Message, MessageAlert
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import no_answer, read_secret, refused
from alertd.notify.templates import Renderer, TemplateFailed

_SECRET_PREFIX = "whsec_"


@dataclass(frozen=True)
class WebhookSettings:
    """`url` is a template; `url_file` names a file that holds it instead. `max_alerts` 0 means all.

    `secret` signs the body; `secret_file` names a file that holds it instead, or several of them between spaces, which
    all sign, so that a new one can be brought in before the old one goes. `payload` replaces the whole body: a tree of
    mappings, lists and templates.
    """

    url: str = ""
    url_file: str = ""
    max_alerts: int = 0
    secret: str = ""
    secret_file: str = ""
    payload: Any = None
    time_limit: int = 10 * SECOND


class WebhookReceiver:
    """Posts each message to one URL."""

    kind = "webhook"
    wants_acknowledged = False
    interval = 0

    def __init__(
        self, settings: WebhookSettings, client: HttpClient, renderer: Renderer, now: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._client = client
        self._renderer = renderer
        self._now = now

    async def send(self, message: Message) -> Delivered:
        message = keep_first(message, self._settings.max_alerts)
        url, body = self._render(message)
        headers = {"content-type": "application/json", **self._sign(message.id, body)}
        try:
            response = await self._client.post(url, body, headers, time_limit=self._settings.time_limit)
        except HttpError as error:
            raise no_answer(error) from error
        if not response.is_success:
            raise refused(response, self._now(), secrets=(url,))
        return Delivered(status_code=response.status)

    def _sign(self, message_id: str, body: bytes) -> dict[str, str]:
        secrets = read_secret(self._settings.secret, self._settings.secret_file).split()
        try:
            keys = tuple(signing_key(secret) for secret in secrets)
        except ValueError as error:
            raise DeliveryFailed(FailureReason.AUTH_ERROR, str(error), channel_broken=True, permanent=True) from error
        return sign(keys, message_id, self._now(), body)

    def _render(self, message: Message) -> tuple[str, bytes]:
        rendering = self._renderer.of(message)
        url = read_secret(self._settings.url, self._settings.url_file)
        try:
            url = rendering.text(url)
            if self._settings.payload is None:
                return url, encode_body(rendering.message)
            return url, msgspec.json.encode(rendering.value(self._settings.payload)) + b"\n"
        except TemplateFailed as error:
            raise DeliveryFailed(FailureReason.TEMPLATE, str(error), permanent=True) from error


def keep_first(message: Message, max_alerts: int) -> Message:
    """The message with its first `max_alerts` alerts, the rest only counted; 0 keeps all."""
    dropped = len(message.alerts) - max_alerts
    if max_alerts <= 0 or dropped <= 0:
        return message
    return replace(message, alerts=message.alerts[:max_alerts], truncated_alerts=message.truncated_alerts + dropped)


def encode_body(message: Message) -> bytes:
    """Alertmanager's webhook body, version 4, with its closing line end."""
    return msgspec.json.encode(message_body(message, "4")) + b"\n"


def message_body(message: Message, version: str) -> dict[str, Any]:
    """The body before it is encoded; `version` is that of the protocol."""
    return {
        "receiver": quote_meta(message.receiver),
        "status": message.status.value,
        "alerts": [_alert(alert) for alert in message.alerts],
        "notification_reason": message.reason.value,
        "groupLabels": _sorted(message.group_labels),
        "commonLabels": message.common_labels,
        "commonAnnotations": message.common_annotations,
        "routeLabels": _sorted(message.route_labels),
        "externalURL": message.external_url,
        "version": version,
        "groupKey": message.group_key,
        "truncatedAlerts": message.truncated_alerts,
    }


def signing_key(secret: str) -> bytes:
    """The key of a `whsec_<base64>` secret; raises `ValueError` for any other form."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 bytes") from error
    if not secret.startswith(_SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 bytes")
    return key


def sign(keys: tuple[bytes, ...], message_id: str, now: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks for one attempt at `now`; the signature only where there are keys."""
    timestamp = str(now // SECOND)
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    if keys:
        content = f"{message_id}.{timestamp}.".encode() + body
        digests = (hmac.new(key, content, hashlib.sha256).digest() for key in keys)
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return headers


def _alert(alert: MessageAlert) -> dict[str, Any]:
    return {
        "status": alert.status.value,
        "labels": _sorted(alert.labels),
        "annotations": _sorted(alert.annotations),
        "startsAt": go_time(alert.starts_at),
        "endsAt": go_time(alert.ends_at),
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _sorted(pairs: Any) -> dict[str, str]:
    return dict(sorted(pairs.items()))
