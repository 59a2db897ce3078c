"""What a Jira issue about a group says, and the query that finds it."""

from __future__ import annotations

import json
from typing import Any

from alertd.clock import MINUTE
from alertd.config.integrations.jira import JiraConfig
from alertd.notify.message import Message, Status
from alertd.notify.receivers.calls import or_built_in
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_SUMMARY_RUNES = 255
MAX_DESCRIPTION_RUNES = 32767


def group_label(group_key: str) -> str:
    """The label that marks the issues of a group, the same as Alertmanager's."""
    return f"ALERT{{{dedup_key(group_key)}}}"


def build_fields(config: JiraConfig, message: Message, texts: Rendering, *, adf: bool) -> dict[str, Any]:
    """The fields of a new issue; `adf`: the API is version 3, whose texts are Atlassian documents."""
    summary = texts.text(or_built_in(config.summary.template, "jira.default.summary"))
    labels = [*(texts.text(label) for label in config.labels), group_label(message.group_key)]
    fields: dict[str, Any] = {
        "project": {"key": texts.text(config.project)},
        "issuetype": {"name": texts.text(config.issue_type)},
        # Jira refuses a title with line ends.
        "summary": truncate_runes(" ".join(summary.splitlines()), MAX_SUMMARY_RUNES),
        "labels": sorted(labels),
    }
    description = texts.text(or_built_in(config.description.template, "jira.default.description"))
    if description.strip():
        fields["description"] = _document(description) if adf else truncate_runes(description, MAX_DESCRIPTION_RUNES)
    priority = texts.text(or_built_in(config.priority, "jira.default.priority"))
    if priority:
        fields["priority"] = {"name": priority}
    return fields | {name: texts.value(value) for name, value in config.fields.items()}


def changed_fields(config: JiraConfig, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that an open issue is brought up to date with."""
    kept = {name for name in ("summary", "description") if not getattr(config, name).enable_update}
    return {name: value for name, value in fields.items() if name not in kept}


def build_query(config: JiraConfig, message: Message, texts: Rendering) -> str:
    """The JQL that finds the group's issue: an open one, or one that was closed so lately that it is opened again.

    An issue with the resolution `wont_fix_resolution` stays as it is. The words are Alertmanager's, save that an issue
    without any resolution counts as not having that one, which JQL's `!=` alone denies.
    """
    conditions = []
    if config.wont_fix_resolution:
        conditions.append(f"(resolution is EMPTY OR resolution != {_quoted(config.wont_fix_resolution)})")
    minutes = config.reopen_duration // MINUTE
    if message.status is Status.FIRING and config.reopen_transition and minutes > 0:
        conditions.append(f"(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m)")
    else:
        conditions.append("statusCategory != Done")
    conditions.append(f"project={_quoted(texts.text(config.project))}")
    conditions.append(f"labels={_quoted(group_label(message.group_key))}")
    return " and ".join(conditions) + " order by status ASC,resolutiondate DESC"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _document(text: str) -> Any:
    """The Atlassian document that `text` is, or one with its lines as paragraphs where it is plain text."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("type") == "doc":
        return document
    lines = truncate_runes(text.strip(), MAX_DESCRIPTION_RUNES).split("\n")
    return {"version": 1, "type": "doc", "content": [_paragraph(line) for line in lines]}


def _paragraph(line: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
