"""PagerDuty's Events API, v2 and v1: checks each event as PagerDuty does and keeps the incidents that come of them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.peers.serving import Answer, serving

_ACTIONS = {"trigger", "acknowledge", "resolve"}
_SEVERITIES = {"critical", "error", "warning", "info"}
_MAX_BYTES = 512 * 1024
_EVENT_KEYS = {"routing_key", "dedup_key", "event_action", "payload", "client", "client_url", "images", "links"}
_PAYLOAD_KEYS = {"summary", "source", "severity", "timestamp", "class", "component", "group", "custom_details"}


@dataclass
class Incident:
    """One incident: `triggered`, `acknowledged` or `resolved`, the last summary, and how often somebody was paged."""

    state: str
    summary: str
    severity: str
    log: list[str] = field(default_factory=list)
    pages: int = 1


@dataclass
class PagerDutyPeer:
    """`v2_url` and `v1_url` take events; an entry of `answers` replaces what PagerDuty would say, once."""

    v2_url: str = ""
    v1_url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    events: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def script(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.answers:
            answer = self.answers.popleft()
            if answer.close and request.transport is not None:
                request.transport.abort()
            return web.Response(status=answer.status, text=answer.body, headers=dict(answer.headers))
        is_v2 = request.path.startswith("/v2/")
        event = json.loads(body)
        self.events.append(event)
        problems = check_v2(event, len(body)) if is_v2 else check_v1(event, len(body))
        if problems:
            self.problems += problems
            invalid = {"status": "invalid event", "message": "Event object is invalid", "errors": problems}
            return web.json_response(invalid, status=400)
        key = str(event["dedup_key" if is_v2 else "incident_key"])
        if is_v2:
            payload = event.get("payload", {})
            self._apply(key, event["event_action"], payload.get("summary", ""), payload.get("severity", ""))
            return web.json_response({"status": "success", "message": "taken", "dedup_key": key}, status=202)
        self._apply(key, event["event_type"], event.get("description", ""), "")
        return web.json_response({"status": "success", "message": "taken", "incident_key": key}, status=200)

    def _apply(self, key: str, action: str, summary: str, severity: str) -> None:
        incident = self.incidents.get(key)
        is_open = incident is not None and incident.state != "resolved"
        if action == "trigger":
            if incident is None or not is_open:
                self.incidents[key] = Incident("triggered", summary, severity, ["trigger"])
            else:
                incident.summary, incident.severity = summary, severity
                incident.log.append("trigger")
        elif incident is not None and is_open:
            incident.state = "acknowledged" if action == "acknowledge" else "resolved"
            incident.log.append(action)


def check_v2(event: dict[str, Any], size: int) -> list[str]:
    """What is wrong with an Events v2 event of `size` bytes."""
    problems = [f"unknown key {key}" for key in event.keys() - _EVENT_KEYS]
    if size > _MAX_BYTES:
        problems.append("event is larger than 512 KB")
    if len(str(event.get("routing_key", ""))) != 32:
        problems.append("routing_key is not 32 characters")
    if event.get("event_action") not in _ACTIONS:
        problems.append("event_action is unknown")
    if not 0 < len(str(event.get("dedup_key", ""))) <= 255:
        problems.append("dedup_key is empty or longer than 255")
    if event.get("event_action") == "trigger":
        problems += _check_payload(event.get("payload"))
    problems += ["image without src" for image in event.get("images", []) if not image.get("src")]
    problems += ["link without href" for link in event.get("links", []) if not link.get("href")]
    return problems


def check_v1(event: dict[str, Any], size: int) -> list[str]:
    """What is wrong with an Events v1 event of `size` bytes."""
    problems = [] if event.get("service_key") else ["service_key is missing"]
    if size > _MAX_BYTES:
        problems.append("event is larger than 512 KB")
    if event.get("event_type") not in _ACTIONS:
        problems.append("event_type is unknown")
    if not 0 < len(str(event.get("description", ""))) <= 1024:
        problems.append("description is empty or longer than 1024")
    return problems


def _check_payload(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return ["payload is missing"]
    problems = [f"unknown payload key {key}" for key in payload.keys() - _PAYLOAD_KEYS]
    if not 0 < len(str(payload.get("summary", ""))) <= 1024:
        problems.append("summary is empty or longer than 1024")
    if not payload.get("source"):
        problems.append("source is missing")
    if payload.get("severity") not in _SEVERITIES:
        problems.append("severity is unknown")
    return problems


@asynccontextmanager
async def pagerduty_peer() -> AsyncIterator[PagerDutyPeer]:
    """A listening Events API."""
    peer = PagerDutyPeer()
    async with serving(peer.handle) as base:
        peer.v2_url = f"{base}/v2/enqueue"
        peer.v1_url = f"{base}/generic/2010-04-15/create_event.json"
        yield peer
