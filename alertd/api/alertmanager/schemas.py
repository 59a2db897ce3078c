"""What is sent and what is answered, in Alertmanager's words; what is required is checked in Alertmanager's order."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from alertd.api.alertmanager.answers import INVALID_FORMAT, REQUIRED, TOO_FEW, Malformed

_URI = re.compile(r"(?:/|[A-Za-z][A-Za-z0-9+.-]*:)[^\x00-\x20\x7f]*")


class PostableAlert(msgspec.Struct, rename="camel"):
    """An alert that is sent."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")

    def check(self, index: int) -> None:
        """Raises `Malformed` for what the schema forbids."""
        if self.generator_url and _URI.fullmatch(self.generator_url) is None:
            message = f'{index}.generatorURL in body must be of type uri: "{self.generator_url}"'
            raise Malformed(INVALID_FORMAT, message)
        if self.labels is None:
            raise _required(f"{index}.labels")


class PostableMatcher(msgspec.Struct, rename="camel"):
    """A matcher in its parts."""

    name: str | None = None
    value: str | None = None
    is_regex: bool | None = None
    is_equal: bool | None = True

    def check(self, index: int) -> None:
        """Raises `Malformed` for what the schema forbids."""
        for name, value in (("isRegex", self.is_regex), ("name", self.name), ("value", self.value)):
            if value is None:
                raise _required(f"matchers.{index}.{name}")


class PostableSilence(msgspec.Struct, rename="camel"):
    """A silence that is made, or changed if it has an `id`."""

    id: str | None = None
    matchers: list[PostableMatcher | None] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    created_by: str | None = None
    comment: str | None = None
    annotations: dict[str, str] | None = None

    def check(self) -> None:
        """Raises `Malformed` for what the schema forbids."""
        for name, value in (("comment", self.comment), ("createdBy", self.created_by), ("endsAt", self.ends_at)):
            if value is None:
                raise _required(name)
        if self.matchers is None:
            raise _required("matchers")
        if not self.matchers:
            raise Malformed(TOO_FEW, "matchers in body should have at least 1 items")
        for index, matcher in enumerate(self.matchers):
            (matcher or PostableMatcher()).check(index)
        if self.starts_at is None:
            raise _required("startsAt")


class Named(msgspec.Struct):
    """A receiver by its name."""

    name: str


class LabelledReceiver(msgspec.Struct):
    """A receiver with its labels."""

    name: str
    labels: dict[str, str]


class AlertStatus(msgspec.Struct, rename="camel"):
    """What holds an alert back."""

    state: Literal["active", "suppressed"]
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    muted_by: tuple[str, ...]


class GettableAlert(msgspec.Struct, rename="camel"):
    """An alert that fires."""

    annotations: dict[str, str]
    ends_at: str
    fingerprint: str
    receivers: list[Named]
    starts_at: str
    status: AlertStatus
    updated_at: str
    labels: dict[str, str]
    generator_url: str | UnsetType = msgspec.field(default=UNSET, name="generatorURL")


class AlertGroup(msgspec.Struct, rename="camel"):
    """The alerts that are told together."""

    alerts: list[GettableAlert]
    labels: dict[str, str]
    receiver: Named
    route_labels: dict[str, str]


class GettableMatcher(msgspec.Struct, rename="camel"):
    """A matcher in its parts."""

    is_equal: bool
    is_regex: bool
    name: str
    value: str


class SilenceStatus(msgspec.Struct):
    """What a silence does now."""

    state: str


class GettableSilence(msgspec.Struct, rename="camel"):
    """A silence that is kept."""

    id: str
    status: SilenceStatus
    updated_at: str
    comment: str
    created_by: str
    ends_at: str
    matchers: list[GettableMatcher]
    starts_at: str
    annotations: dict[str, str] | UnsetType = UNSET


class Peer(msgspec.Struct):
    """A member of the cluster."""

    name: str
    address: str


class ClusterStatus(msgspec.Struct):
    """The cluster as it is seen from here."""

    name: str
    status: str
    peers: list[Peer]


class VersionInfo(msgspec.Struct, rename="camel"):
    """Which program answers."""

    version: str
    revision: str
    branch: str
    build_user: str
    build_date: str
    go_version: str


class OriginalConfig(msgspec.Struct):
    """The configuration as text."""

    original: str


class Status(msgspec.Struct, rename="camel"):
    """What `/status` tells."""

    cluster: ClusterStatus
    version_info: VersionInfo
    config: OriginalConfig
    uptime: str


def _required(name: str) -> Malformed:
    return Malformed(REQUIRED, f"{name} in body is required")
