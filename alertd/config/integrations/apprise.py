"""`apprise_configs`, which Alertmanager does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from alertd.config.integrations.base import SEND_RESOLVED, TIMEOUT, IntegrationConfig, one_of
from alertd.config.types import Complaint, Duration, File, Flag, Secret, Template


class AppriseConfig(IntegrationConfig):
    """Sends by Apprise, which knows over a hundred services; it comes with `pip install alertd[apprise]`."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    url: Secret | None = Field(None, description="The service and its credentials, as `ntfy://topic`.")
    url_file: File = Field("", description="A file with the URL.")
    title: Template | None = Field(None, description="The title; default: as in chats.")
    message: Template | None = Field(None, description="The text; default: a list of the alerts.")
    format: Literal["text", "markdown", "html"] = Field("text", description="How the text is written.")
    timeout: Duration = Field(0, description=TIMEOUT)

    plain = ("format",)
    inherited = ()
    exclusive = (("url", "url_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        yield from one_of(written, "url", "url_file")
