"""`pagerduty_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, TIMEOUT, IntegrationConfig
from alertd.config.types import (
    Anything,
    Complaint,
    File,
    Flag,
    HttpUrl,
    Secret,
    Section,
    Template,
    Text,
    TimeOut,
    is_given,
)


class PagerdutyImage(Section):
    """A picture beside the incident."""

    src: Template = Field("", description="The picture's address; without it the entry is left out.")
    alt: Template = Field("", description="The text in its place.")
    href: Template = Field("", description="Where it leads.")


class PagerdutyLink(Section):
    """A link beside the incident."""

    href: Template = Field("", description="The address; without it the entry is left out.")
    text: Template = Field("", description="The link's text.")


class PagerdutyConfig(IntegrationConfig):
    """Opens and closes an incident: by `routing_key` (Events v2) or `service_key` (Events v1), which goes first."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    routing_key: Secret | None = Field(None, description="The integration key of Events v2.")
    routing_key_file: File = Field("", description="A file with the routing key.")
    service_key: Secret | None = Field(None, description="The integration key of Events v1.")
    service_key_file: File = Field("", description="A file with the service key.")
    url: HttpUrl | None = Field(None, description="Where to send events; default: `global.pagerduty_url`.")
    client: Template | None = Field(None, description="The name of the sender.")
    client_url: Template | None = Field(None, description="Where the sender's name leads.")
    description: Template | None = Field(None, description="The incident's title.")
    details: dict[Text, Anything] = Field(
        {}, description="Details over the usual ones: any values, whose texts are templates."
    )
    images: tuple[PagerdutyImage, ...] = Field((), description="Pictures beside the incident.")
    links: tuple[PagerdutyLink, ...] = Field((), description="Links beside the incident.")
    source: Template | None = Field(None, description="What is broken; default: `client`.")
    severity: Template | None = Field(
        None,
        description="`critical`, `error`, `warning` or `info`; default: from the alerts' `severity` labels.",
    )
    class_: Template = Field("", alias="class", description="The kind of event.")
    component: Template = Field("", description="The part that is broken.")
    group: Template = Field("", description="The cluster of parts.")
    timeout: TimeOut = Field(0, description=TIMEOUT)

    templated_secrets = ("routing_key", "service_key")
    inherited = (HTTP, (("url", "pagerduty_url"),))
    exclusive = (("routing_key", "routing_key_file"), ("service_key", "service_key_file"))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not any(is_given(written, key) for keys in cls.exclusive for key in keys):
            yield "", "missing service or routing key in PagerDuty config; add routing_key or routing_key_file"
