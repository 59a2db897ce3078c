"""What a receiver module offers: one integration that can be told one message, and how telling it may fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from alertd.config.clients import client_settings
from alertd.config.http import HttpConfig
from alertd.errors import AlertdError
from alertd.http import HttpClient, HttpClients
from alertd.notify.message import Message
from alertd.notify.templates import Renderer


class FailureReason(StrEnum):
    """Why a delivery failed, in the words that metrics and attempts use."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    AUTH_ERROR = "auth_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    TEMPLATE = "template"
    GONE = "gone"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Delivered:
    """The receiver took the message. `thread` is kept for the later messages of the same episode."""

    answer: str = ""
    status_code: int | None = None
    thread: Mapping[str, str] = field(default_factory=dict)


class DeliveryFailed(AlertdError):
    """The receiver did not take the message.

    `permanent`: trying the same again cannot help. `channel_broken`: no message can get through until somebody mends
    the configuration or the other side (a revoked token, a deleted channel). `retry_after`: milliseconds that the
    receiver asked to be left alone. `maybe_sent`: the receiver may have taken the message all the same (the answer
    was lost).
    """

    def __init__(
        self,
        reason: FailureReason,
        text: str,
        *,
        permanent: bool = False,
        channel_broken: bool = False,
        retry_after: int | None = None,
        maybe_sent: bool = False,
        status_code: int | None = None,
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.permanent = permanent
        self.channel_broken = channel_broken
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent
        self.status_code = status_code


@dataclass(frozen=True)
class Tools:
    """What receivers are built with; `time_limit` in milliseconds is that of a try whose settings name none."""

    clients: HttpClients
    renderer: Renderer
    now: Callable[[], int]
    time_limit: int

    def client(self, http_config: HttpConfig | None) -> HttpClient:
        return self.clients.client(client_settings(http_config or HttpConfig()))


class Receiver(Protocol):
    """One integration, built once from its settings and told many messages.

    `wants_acknowledged`: it is also told when somebody acknowledges (PagerDuty, Slack with a bot token).
    `interval`: the least milliseconds between two calls, the vendor's rate.
    """

    kind: str
    wants_acknowledged: bool
    interval: int

    async def send(self, message: Message) -> Delivered:
        """Deliver `message` once; raises `DeliveryFailed`."""
        ...
