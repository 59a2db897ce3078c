"""`alerting`: the Alertmanagers that the alerts of alertd's rules are forwarded to, written as for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from alertd.clock import MINUTE, SECOND
from alertd.config.http import HttpConfig
from alertd.config.types import Address, Complaint, Duration, Section, Text, positive

_NO_RELABELLING = "alertd changes no labels on the way to an Alertmanager; set them in the rules, and remove the key"
_NO_DISCOVERY = "alertd looks for no Alertmanagers by itself; name their host:port in static_configs"


class StaticConfig(Section):
    """Addresses of Alertmanagers."""

    targets: tuple[Address, ...] = Field((), description="Addresses, each `host:port`.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if "labels" in written:
            yield "labels", "labels of an Alertmanager serve relabelling alone, which alertd does not do; remove them"


class AlertmanagerConfig(HttpConfig):
    """Alertmanagers that are spoken to in one way. Each of them gets every alert."""

    static_configs: tuple[StaticConfig, ...] = Field((), description="Where they are.")
    scheme: Literal["http", "https"] = Field("http", description="How they are spoken to.")
    path_prefix: Text = Field("/", description="What comes before `/api/v2/alerts` in the path.")
    timeout: Annotated[Duration, positive("timeout")] = Field(10 * SECOND, description="The time of one request.")
    api_version: Literal["v2"] = Field("v2", description="The version of their API.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        for key in written:
            if key.endswith("relabel_configs"):
                yield key, _NO_RELABELLING
            elif key.endswith("_sd_configs"):
                yield key, _NO_DISCOVERY
            elif key == "sigv4":
                yield (
                    key,
                    "requests to an Alertmanager are not signed for AWS; remove the key, or ask a proxy that signs",
                )
        if not any(_is_named(one) for one in _members(written.get("static_configs"))):
            yield "", "no Alertmanager is named; add static_configs with targets, as in [{targets: [host:9093]}]"


class ForwardingConfig(Section):
    """Forwards the alerts of alertd's own rules to Alertmanagers, beside alertd's own routing."""

    alertmanagers: tuple[AlertmanagerConfig, ...] = Field((), description="The Alertmanagers.")
    resend_delay: Annotated[Duration, positive("resend_delay")] = Field(
        MINUTE, description="How often an alert that goes on is sent again."
    )

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        if "alert_relabel_configs" in written:
            yield "alert_relabel_configs", _NO_RELABELLING


def _is_named(static: object) -> bool:
    """Whether a member of `static_configs`, as it is written, names anybody."""
    return isinstance(static, dict) and bool(static.get("targets"))


def _members(value: object) -> list[object]:
    return value if isinstance(value, list) else []
