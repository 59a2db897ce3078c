"""`incidentio_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import (
    HTTP_CONFIG,
    SEND_RESOLVED,
    TIMEOUT,
    IntegrationConfig,
    has_authorization,
    one_of,
)
from alertd.config.types import Complaint, Count, File, Flag, HttpUrl, Secret, TimeOut, is_given

_TOKEN = ("alert_source_token", "alert_source_token_file")
_BOTH = "cannot specify alert_source_token or alert_source_token_file when using http_config.authorization; keep one"
_NEITHER = (
    "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured;"
    " add the token of the alert source"
)


class IncidentioConfig(IntegrationConfig):
    """Sends alert events to an alert source of incident.io."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    url: HttpUrl | None = Field(None, description="The address of the alert source.")
    url_file: File = Field("", description="A file with the address.")
    alert_source_token: Secret | None = Field(None, description="The token of the alert source.")
    alert_source_token_file: File = Field("", description="A file with the token.")
    max_alerts: Count = Field(0, description="The number of alerts in one message; 0 is all.")
    timeout: TimeOut = Field(0, description=TIMEOUT)

    plain = ("url",)
    exclusive = (("url", "url_file"), _TOKEN)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        yield from one_of(written, "url", "url_file")
        http = written.get("http_config")
        has_token = any(is_given(written, key) for key in _TOKEN)
        if has_token and has_authorization(http):
            yield "/".join(_TOKEN), _BOTH
        if isinstance(http, dict) and not has_authorization(http) and not has_token:
            yield "", _NEITHER
