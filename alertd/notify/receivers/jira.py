"""The Jira integration: one issue for a group, found again by a label that is made of the group key.

Each message looks for the issue first, so a retry after a lost answer updates what the first try made. Jira's search
can lag behind by seconds; the key of the issue is kept with the episode and asked for where the search finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from alertd.clock import SECOND
from alertd.config.integrations.jira import JiraConfig
from alertd.http import Response
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, rendering
from alertd.notify.receivers.exchange import json_object, refusal, sharing_time
from alertd.notify.receivers.jira_issue import build_fields, build_query, changed_fields

_RATE_LIMIT_WAIT = 30 * SECOND
_CLOUD = "atlassian.net"
# Names of states and transitions come in the user's language otherwise.
_HEADERS = {"accept-language": "en"}


@dataclass(frozen=True)
class _Issue:
    key: str
    done: bool


class JiraReceiver:
    """Opens, updates, closes and reopens one issue for each group."""

    kind = "jira"
    wants_acknowledged = False
    interval = 500

    def __init__(self, config: JiraConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)
        self._api = (config.api_url or "").rstrip("/")

    async def send(self, message: Message) -> Delivered:
        with rendering():
            texts = self._tools.renderer.of(message)
            fields = build_fields(self._config, message, texts, adf=self._api.endswith("/3"))
            query = build_query(self._config, message, texts)
        async with sharing_time(self._tools.time_limit, self.kind):
            return await self._tell(message, fields, query)

    async def _tell(self, message: Message, fields: dict[str, Any], query: str) -> Delivered:
        issue = await self._search(query) or await self._remembered(message)
        fires = message.status is Status.FIRING
        if issue is None:
            return await self._create(fields) if fires else Delivered(answer="no open issue")
        await self._call("PUT", f"issue/{quote(issue.key)}", {"fields": changed_fields(self._config, fields)})
        config = self._config
        transition = config.reopen_transition if fires else config.resolve_transition
        if transition and issue.done is fires:
            await self._move(issue, transition)
        return Delivered(answer=issue.key, status_code=204, thread={"issue": issue.key})

    async def _search(self, query: str) -> _Issue | None:
        body = {"fields": ["status"], "jql": query, "maxResults": 2}
        found = await self._call("POST", self._search_path(), body)
        issues = found.get("issues") or [None]
        return _issue(issues[0])

    async def _remembered(self, message: Message) -> _Issue | None:
        """The issue that an earlier message of the episode made, if it is still open."""
        key = message.thread.get("issue")
        if not key:
            return None
        try:
            issue = _issue(await self._call("GET", f"issue/{quote(key)}?fields=status"))
        except DeliveryFailed as failure:
            if failure.status_code == 404:
                return None
            raise
        return None if issue is None or issue.done else issue

    async def _create(self, fields: dict[str, Any]) -> Delivered:
        key = str((await self._call("POST", "issue", {"fields": fields})).get("key", ""))
        return Delivered(answer=key, status_code=201, thread={"issue": key} if key else {})

    async def _move(self, issue: _Issue, name: str) -> None:
        path = f"issue/{quote(issue.key)}/transitions"
        offered = [
            entry for entry in (await self._call("GET", path)).get("transitions") or [] if isinstance(entry, dict)
        ]
        for entry in offered:
            if entry.get("name") == name:
                await self._call("POST", path, {"transition": {"id": entry.get("id")}})
                return
        names = ", ".join(str(entry.get("name")) for entry in offered) or "none"
        text = f"jira offers no transition {name!r} for {issue.key}; it offers {names}"
        raise DeliveryFailed(FailureReason.CLIENT_ERROR, text, permanent=True)

    def _search_path(self) -> str:
        """Jira Cloud has its search in version 3 alone, Data Center has only the older one."""
        kind = self._config.api_type
        host = urlsplit(self._api).hostname or ""
        if kind == "cloud" or (kind == "auto" and host.endswith(_CLOUD)):
            return "search/jql"
        return "search"

    async def _call(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        """The decoded answer, empty where there is none; raises `DeliveryFailed`."""
        api = self._api.replace("/rest/api/2", "/rest/api/3", 1) if path == "search/jql" else self._api
        limit = self._tools.time_limit
        response = await call_json(self._client, method, f"{api}/{path}", body, _HEADERS, time_limit=limit)
        if not response.is_success:
            # No search means no Jira at this address; any other 404 is about one issue.
            broken = {404} if path.startswith("search") else ()
            raise refusal(response, self._tools.now(), wait=_RATE_LIMIT_WAIT, broken=broken)
        return _decoded(response)


def _decoded(response: Response) -> Mapping[str, Any]:
    if not response.body.strip():
        return {}
    answer = json_object(response)
    if not answer:
        # A login page or a proxy's word in place of Jira's.
        text = "jira's answer is not JSON"
        raise DeliveryFailed(FailureReason.SERVER_ERROR, text, maybe_sent=True, status_code=response.status)
    return answer


def _issue(found: Any) -> _Issue | None:
    if not isinstance(found, dict) or not found.get("key"):
        return None
    status = (found.get("fields") or {}).get("status") or {}
    return _Issue(str(found["key"]), (status.get("statusCategory") or {}).get("key") == "done")
