"""`opsgenie_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import Complaint, File, Flag, HttpUrl, Secret, Section, Template, Text, is_given

_TYPES = ("team", "teams", "user", "escalation", "schedule")
_OLD_TEAMS = (
    "field teams not found in type opsgenie.plain; name the teams in responders, as in {type: team, name: database}"
)


class OpsgenieResponder(Section):
    """Who is told; it needs an `id`, a `name` or a `username`."""

    id: Template = Field("", description="The id.")
    name: Template = Field("", description="The name of a team, an escalation or a schedule; of teams, with commas.")
    username: Template = Field("", description="The name of a user.")
    type: Template = Field("", description="`team`, `teams`, `user`, `escalation` or `schedule`.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        shown = "{" + " ".join(str(written.get(key, "")) for key in ("id", "name", "username", "type")) + "}"
        if not any(is_given(written, key) for key in ("id", "username", "name")):
            sentence = "has to have at least one of id, username or name specified; add one of them"
            yield "", f"opsGenieConfig responder {shown} {sentence}"
        kind = str(written.get("type") or "")
        if "{{" not in kind and kind.lower() not in _TYPES:
            sentence = f"type does not match valid options ^({'|'.join(_TYPES)})$; write one of these words"
            yield "type", f"opsGenieConfig responder {shown} {sentence}"


class OpsgenieConfig(IntegrationConfig):
    """Opens and closes an alert at Opsgenie."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_key: Secret | None = Field(None, description="The key of the API; default: `global.opsgenie_api_key`.")
    api_key_file: File = Field("", description="A file with the key.")
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.opsgenie_api_url`.")
    message: Template | None = Field(None, description="The alert's title; default: `opsgenie.default.message`.")
    description: Template | None = Field(None, description="The text; default: `opsgenie.default.description`.")
    source: Template | None = Field(None, description="Where it comes from; default: `opsgenie.default.source`.")
    details: dict[Text, Template] = Field({}, description="Details over the common labels. Templates.")
    entity: Template = Field("", description="What is broken.")
    responders: tuple[OpsgenieResponder, ...] = Field((), description="Who is told.")
    actions: Template = Field("", description="Actions that the alert offers, with commas.")
    tags: Template = Field("", description="Tags, with commas.")
    note: Template = Field("", description="A note to the alert.")
    priority: Template = Field("", description="`P1` to `P5`.")
    update_alerts: Flag = Field(False, description="Whether title and text of an open alert are kept up to date.")

    templated_secrets = ("api_key",)
    plain = ("api_url",)
    inherited = (
        HTTP,
        (("api_url", "opsgenie_api_url"),),
        (("api_key", "opsgenie_api_key"), ("api_key_file", "opsgenie_api_key_file")),
    )
    exclusive = (("api_key", "api_key_file"),)

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if "teams" in written:
            yield "teams", _OLD_TEAMS

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        yield from cls.taken_from_nowhere(
            written,
            general,
            "api_key",
            "no global OpsGenie API Key set either inline or in a file;"
            " add opsgenie_api_key to global, or api_key to this receiver",
        )
