"""`victorops_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import Complaint, File, Flag, HttpUrl, Secret, Template, Text, is_given, required

_FIXED = (
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
)


class VictoropsConfig(IntegrationConfig):
    """Opens and closes an incident at VictorOps (Splunk On-Call)."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_key: Secret | None = Field(None, description="The key of the API; default: `global.victorops_api_key`.")
    api_key_file: File = Field("", description="A file with the key.")
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.victorops_api_url`.")
    routing_key: Template = required("The key that tells which team is told.")
    message_type: Template = Field("CRITICAL", description="`CRITICAL`, `WARNING` or `INFO`, while alerts fire.")
    state_message: Template | None = Field(
        None, description="The long text; default: `victorops.default.state_message`."
    )
    entity_display_name: Template | None = Field(
        None, description="The title; default: `victorops.default.entity_display_name`."
    )
    monitoring_tool: Template | None = Field(
        None, description="Who reports; default: `victorops.default.monitoring_tool`."
    )
    custom_fields: dict[Text, Template] = Field({}, description="Fields beside the usual ones. Templates.")

    plain = ("api_url",)
    inherited = (
        HTTP,
        (("api_url", "victorops_api_url"),),
        (("api_key", "victorops_api_key"), ("api_key_file", "victorops_api_key_file")),
    )
    exclusive = (("api_key", "api_key_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not is_given(written, "routing_key"):
            yield "routing_key", "missing Routing key in VictorOps config; add routing_key"
        custom = written.get("custom_fields")
        for name in _FIXED:
            if isinstance(custom, dict) and name in custom:
                sentence = "which cannot be used as it conflicts with the fixed/static fields; rename it"
                yield "custom_fields", f"victorOps config contains custom field {name} {sentence}"

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        yield from cls.taken_from_nowhere(
            written,
            general,
            "api_key",
            "no global VictorOps API Key set; add victorops_api_key to global, or api_key to this receiver",
        )
