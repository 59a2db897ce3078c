"""`jira_configs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from alertd.config.http import HttpConfig
from alertd.config.integrations.base import HTTP, HTTP_CONFIG, SEND_RESOLVED, IntegrationConfig
from alertd.config.types import (
    Anything,
    Complaint,
    Duration,
    Flag,
    HttpUrl,
    Section,
    Template,
    Text,
    is_given,
    required,
    to_text,
)

_API_TYPES = ("auto", "cloud", "datacenter")


class JiraText(Section):
    """A text of an issue; a text alone stands for its `template`."""

    template: Template | None = Field(None, description="The text; without it the default of the key.")
    enable_update: Flag = Field(True, description="Whether the text of an open issue is kept up to date.")


def _of_text(value: object) -> object:
    text = to_text(value)
    return {"template": text} if isinstance(text, str) else value


JiraTextField = Annotated[JiraText, BeforeValidator(_of_text)]


class JiraConfig(IntegrationConfig):
    """Opens an issue for a group, moves it when alerts resolve, and opens it again."""

    send_resolved: Flag = Field(True, description=SEND_RESOLVED)
    http_config: HttpConfig | None = Field(None, description=HTTP_CONFIG)
    api_url: HttpUrl | None = Field(None, description="The API's address; default: `global.jira_api_url`.")
    api_type: Text = Field("auto", description="`cloud`, `datacenter`, or `auto`, which looks at the address.")
    project: Template = required("The project's key.")
    issue_type: Template = required("The kind of issue.")
    summary: JiraTextField = Field(JiraText(), description="The title; default: `jira.default.summary`.")
    description: JiraTextField = Field(JiraText(), description="The text; default: `jira.default.description`.")
    labels: tuple[Template, ...] = Field((), description="Labels beside the one that marks the group.")
    priority: Template | None = Field(None, description="The priority; default: `jira.default.priority`.")
    reopen_transition: Text = Field("", description="The transition that opens an issue again.")
    resolve_transition: Text = Field("", description="The transition that closes an issue.")
    wont_fix_resolution: Text = Field("", description="The resolution of issues that are left alone.")
    reopen_duration: Duration = Field(
        0, description="How long after its end an issue is opened again, in place of a new one; 0 is never."
    )
    fields: dict[Text, Anything] = Field({}, description="Other fields: any values, whose texts are templates.")

    plain = ("api_url", "api_type", "reopen_transition", "resolve_transition", "wont_fix_resolution")
    inherited = (HTTP, (("api_url", "jira_api_url"),))

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        yield from super().complaints(written)
        if not is_given(written, "project"):
            yield "project", "missing project in jira_config; add the project's key"
        if not is_given(written, "issue_type"):
            yield "issue_type", "missing issue_type in jira_config; add the kind of issue, as Bug"
        kind = written.get("api_type")
        if kind is not None and kind not in _API_TYPES:
            yield (
                "api_type",
                "unknown api_type on jira_config, must be auto, cloud or datacenter; write one of these words",
            )

    @classmethod
    def missing(cls, written: Mapping[str, object], general: Mapping[str, object], /) -> Iterator[Complaint]:
        if not is_given(written, "api_url") and not is_given(general, "jira_api_url"):
            yield "", "no global Jira Cloud URL set; add jira_api_url to global, or api_url to this receiver"
