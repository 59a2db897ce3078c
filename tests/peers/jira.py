"""Jira's issues by its REST API: Data Center (version 2) and Cloud (version 3, whose old search is gone)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "Basic b3BzOmFwaS10b2tlbg=="

_MAX_SUMMARY = 255
_MAX_DESCRIPTION = 32767
_JQL = re.compile(
    r'(?:\(resolution is EMPTY OR resolution != "(?P<wont_fix>[^"]+)"\) and )?'
    r"(?:(?P<open>statusCategory != Done)|\(resolutiondate is EMPTY OR resolutiondate >= -(?P<minutes>[0-9]+)m\)) and "
    r'project="(?P<project>[^"]+)" and labels="(?P<label>[^"]+)" order by status ASC,resolutiondate DESC'
)


@dataclass
class JiraIssue:
    """One issue; `closed_minutes_ago` counts only while it is done. `log` are the transitions that it went through."""

    key: str
    fields: dict[str, Any]
    done: bool = False
    resolution: str = ""
    closed_minutes_ago: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def found(self) -> dict[str, Any]:
        category = {"key": "done"} if self.done else {"key": "new"}
        return {"key": self.key, "fields": {"status": {"name": "Any", "statusCategory": category}}}


@dataclass
class JiraPeer(VendorPeer):
    """`v2` and `v3` are its addresses; with `lags` the search does not know any issue yet."""

    cloud: bool = False
    lags: bool = False
    issues: dict[str, JiraIssue] = field(default_factory=dict)

    @property
    def v2(self) -> str:
        return f"{self.url}/rest/api/2"

    @property
    def v3(self) -> str:
        return f"{self.url}/rest/api/3"

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != TOKEN:
            return says(401, {"errorMessages": ["You are not authenticated."], "errors": {}})
        version, _, path = call.path.removeprefix("/rest/api/").partition("/")
        if path in {"search", "search/jql"}:
            return self._search(call, version, path)
        _, _, rest = path.partition("issue")
        key, _, more = rest.strip("/").partition("/")
        if key and key not in self.issues:
            return says(404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]})
        if more == "transitions":
            return self._transitions(call, self.issues[key])
        if call.method == "GET":
            return says(200, self.issues[key].found)
        return self._write(call, key, version)

    def _search(self, call: Call, version: str, path: str) -> Answer:
        if self.cloud and path == "search":
            return says(410, {"errorMessages": ["The requested API has been removed."]})
        if path == "search/jql" and (not self.cloud or version != "3"):
            return says(404, {"errorMessages": ["No such resource."]})
        asked = _JQL.fullmatch(call.json["jql"])
        if asked is None:
            self.problems.append(f"JQL: {call.json['jql']}")
            return says(400, {"errorMessages": ["Error in the JQL Query"]})
        found = [] if self.lags else [issue.found for issue in self.issues.values() if _matches(issue, asked)]
        return says(200, {"issues": found[: call.json["maxResults"]]})

    def _transitions(self, call: Call, issue: JiraIssue) -> Answer:
        offered = [{"id": "31", "name": "Reopen"}] if issue.done else [{"id": "21", "name": "Close"}]
        if call.method == "GET":
            return says(200, {"expand": "transitions", "transitions": offered})
        if call.json != {"transition": {"id": offered[0]["id"]}}:
            return says(400, {"errorMessages": ["Transition is not valid"]})
        issue.done = not issue.done
        issue.log.append(offered[0]["name"])
        return Answer(204)

    def _write(self, call: Call, key: str, version: str) -> Answer:
        fields = call.json["fields"]
        self.problems += _problems(fields, document=version == "3")
        if self.problems:
            return says(400, {"errorMessages": [], "errors": {"fields": self.problems}})
        if call.method == "PUT":
            self.issues[key].fields.update(fields)
            return Answer(204)
        key = f"{fields['project']['key']}-{len(self.issues) + 1}"
        self.issues[key] = JiraIssue(key, fields)
        return says(201, {"id": "10000", "key": key, "self": f"{self.url}/rest/api/2/issue/10000"})


def _matches(issue: JiraIssue, asked: re.Match[str]) -> bool:
    if issue.fields["project"]["key"] != asked["project"] or asked["label"] not in issue.fields["labels"]:
        return False
    if asked["wont_fix"] and issue.resolution == asked["wont_fix"]:
        return False
    return not issue.done or (asked["minutes"] is not None and issue.closed_minutes_ago <= int(asked["minutes"]))


def _problems(fields: dict[str, Any], *, document: bool) -> list[str]:
    problems = [f"the label {label!r} contains spaces" for label in fields["labels"] if " " in label]
    summary = fields.get("summary", "x")
    if not 0 < len(summary) <= _MAX_SUMMARY or "\n" in summary:
        problems.append("summary must be less than 255 characters and in one line")
    description = fields.get("description")
    if document and description is not None and (not isinstance(description, dict) or description["type"] != "doc"):
        problems.append("description must be an Atlassian Document")
    if not document and description is not None and not isinstance(description, str):
        problems.append("description must be a string")
    if len(description if isinstance(description, str) else json.dumps(description)) > _MAX_DESCRIPTION * 3:
        problems.append("description is too long")
    if isinstance(description, str) and len(description) > _MAX_DESCRIPTION:
        problems.append("description is too long")
    return problems
