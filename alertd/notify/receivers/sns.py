"""The AWS SNS integration: publishes to a topic, a device or a telephone.

A FIFO topic gets the message's id as its deduplication id, so SNS drops a retry of what it has taken, and still takes
the end of an alert that comes within its five minutes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from alertd.clock import SECOND
from alertd.config.integrations.sns import SnsConfig
from alertd.http import HttpError, Response
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import or_built_in, rendering
from alertd.notify.receivers.exchange import refusal, sharing_time
from alertd.notify.receivers.failures import no_answer
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.truncation import truncate_bytes
from alertd.notify.templates import Rendering

MAX_MESSAGE_BYTES = 256 * 1024
MAX_SMS_BYTES = 1600
MAX_SUBJECT = 99

_RATE_LIMIT_WAIT = 5 * SECOND
_API_VERSION = "2010-03-31"
_CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_CODE = re.compile(r"<Code>([A-Za-z0-9.]+)</Code>")
_MESSAGE_ID = re.compile(r"<MessageId>([^<]+)</MessageId>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\s]+")
# The credentials ended, or this machine's clock was off: the next try is signed anew.
_SIGN_AGAIN = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_GONE = frozenset({"EndpointDisabled", "NotFound", "PlatformApplicationDisabled", "TopicNotFound"})


class SnsReceiver:
    """Publishes each message once."""

    kind = "sns"
    wants_acknowledged = False
    interval = 50

    def __init__(self, config: SnsConfig, tools: Tools) -> None:
        from alertd.notify.receivers.aws import AwsAccess

        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)
        self._access = AwsAccess(config.sigv4, self._client.settings, tools.time_limit)

    async def send(self, message: Message) -> Delivered:
        with rendering():
            texts = self._tools.renderer.of(message)
            api_url = texts.text(self._config.api_url)
            parameters = build_parameters(self._config, message, texts)
        async with sharing_time(self._tools.time_limit, self.kind):
            return await self._publish(api_url, urlencode(parameters).encode())

    async def _publish(self, api_url: str, body: bytes) -> Delivered:
        headers = {"content-type": _CONTENT_TYPE}
        url, signed = await asyncio.to_thread(self._access.sign, "sns", api_url, body, headers)
        try:
            response = await self._client.post(url, body, signed, time_limit=self._tools.time_limit)
        except HttpError as error:
            raise no_answer(error) from error
        if not response.is_success:
            raise self._failure(response)
        taken = _MESSAGE_ID.search(response.text)
        return Delivered(answer=taken[1] if taken else "", status_code=response.status)

    def _failure(self, response: Response) -> DeliveryFailed:
        found = _CODE.search(response.text)
        code = found[1] if found else ""
        # AWS repeats the request that it found wrongly signed; its code says enough.
        shown = Response(response.status, response.headers, code.encode())
        if response.status == 403:
            self._access.forget()
        failure = refusal(shown, self._tools.now(), wait=_RATE_LIMIT_WAIT)
        if "Thrott" in code or code == "RequestLimitExceeded":
            failure.reason, failure.permanent, failure.channel_broken = FailureReason.RATE_LIMITED, False, False
            failure.retry_after = failure.retry_after or _RATE_LIMIT_WAIT
        elif code in _SIGN_AGAIN:
            failure.permanent, failure.channel_broken = False, False
        elif code in _GONE:
            failure.reason, failure.channel_broken = FailureReason.GONE, True
        return failure


def build_parameters(config: SnsConfig, message: Message, texts: Rendering) -> dict[str, str]:
    """The parameters of the `Publish` action, as a form carries them."""
    topic = texts.text(config.topic_arn)
    phone = texts.text(config.phone_number)
    whole = texts.text(or_built_in(config.message, "sns.default.message"))
    text = truncate_bytes(whole, MAX_SMS_BYTES if phone else MAX_MESSAGE_BYTES)
    attributes = {texts.text(name): texts.text(value) for name, value in config.attributes.items()}
    if text != whole:
        attributes["truncated"] = "true"
    subject = texts.text(or_built_in(config.subject, "sns.default.subject"))
    parameters = {
        "TopicArn": topic,
        "TargetArn": texts.text(config.target_arn),
        "PhoneNumber": phone,
        "Message": text,
        # SNS refuses a subject with line ends, or with a hundred characters.
        "Subject": _CONTROL.sub(" ", subject).strip()[:MAX_SUBJECT],
    }
    if topic.endswith(".fifo"):
        parameters |= {"MessageGroupId": dedup_key(message.group_key), "MessageDeduplicationId": message.id}
    given = {name: value for name, value in parameters.items() if value}
    return {"Action": "Publish", "Version": _API_VERSION, **given, **_attributes(attributes)}


def _attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Message attributes as numbered entries; SNS takes none that is empty."""
    entries: dict[str, str] = {}
    given = [(name, value) for name, value in attributes.items() if name and value]
    for number, (name, value) in enumerate(given, 1):
        prefix = f"MessageAttributes.entry.{number}"
        entries[f"{prefix}.Name"] = name
        entries[f"{prefix}.Value.DataType"] = "String"
        entries[f"{prefix}.Value.StringValue"] = value
    return entries
