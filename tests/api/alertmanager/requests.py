"""Requests that Alertmanager refuses, with its answers, for alertd and for a real Alertmanager."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

ID = "00000000-0000-4000-8000-000000000000"
MATCHER = {"name": "a", "value": "b", "isRegex": False}
SILENCE = {
    "matchers": [MATCHER],
    "startsAt": "2020-01-01T00:00:00Z",
    "endsAt": "2036-01-01T00:00:00Z",
    "createdBy": "me",
    "comment": "why",
}


@dataclass(frozen=True)
class Refusal:
    """A request and its answer; `body` that is text is sent as it is, `common` says that both programs say the same."""

    method: str
    path: str
    body: Any
    status: int
    says: Any
    media: str = "application/json"
    common: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.says}"

    async def ask(self, client: httpx.AsyncClient, prefix: str) -> httpx.Response:
        if isinstance(self.body, str) or self.body is None:
            headers = {"Content-Type": self.media} if self.media else {}
            return await client.request(self.method, f"{prefix}{self.path}", content=self.body or "", headers=headers)
        return await client.request(self.method, f"{prefix}{self.path}", json=self.body)


def code(number: int, message: str) -> dict[str, Any]:
    return {"code": number, "message": message}


def silence(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**SILENCE, **changes}.items() if value is not ...}


def alert(**fields: Any) -> list[dict[str, Any]]:
    return [{"labels": {"alertname": "A"}, **fields}]


_PAST = {"startsAt": "2016-01-01T00:00:00Z", "endsAt": "2016-01-02T00:00:00Z"}
_NO_TYPE = 'unsupported media type "application/octet-stream", only [application/json] are allowed'
_TEXT_TYPE = 'unsupported media type "text/plain", only [application/json] are allowed'
_NO_LABELS = "at least one label pair required"
_BACKWARDS = "start time must be before end time"

REFUSALS = (
    Refusal("POST", "/alerts", "", 422, code(602, "alerts in body is required")),
    Refusal("POST", "/alerts", [{}], 422, code(602, "0.labels in body is required")),
    Refusal("POST", "/alerts", [*alert(), {"labels": None}], 422, code(602, "1.labels in body is required")),
    Refusal("POST", "/alerts", [{"labels": {}}], 400, _NO_LABELS),
    Refusal("POST", "/alerts", [{"labels": {"a": ""}}, {"labels": {}}], 400, f"{_NO_LABELS}; {_NO_LABELS}"),
    Refusal("POST", "/alerts", [{"labels": {"": "x"}}], 400, 'invalid label set: invalid name ""'),
    Refusal("POST", "/alerts", alert(startsAt="2026-01-01T00:00:01Z", endsAt="2026-01-01T00:00:00Z"), 400, _BACKWARDS),
    Refusal(
        "POST",
        "/alerts",
        alert(generatorURL="no url"),
        422,
        code(601, '0.generatorURL in body must be of type uri: "no url"'),
    ),
    Refusal("POST", "/alerts", "[]", 415, code(415, _TEXT_TYPE), media="text/plain"),
    Refusal("POST", "/alerts", "[]", 415, code(415, _NO_TYPE), media=""),
    Refusal("PUT", "/status", "{}", 405, code(405, "method PUT is not allowed, but [GET] are")),
    Refusal("PUT", "/alerts", "[]", 405, code(405, "method PUT is not allowed, but [GET,POST] are"), common=False),
    Refusal("GET", "/nothing", None, 404, code(404, "path /api/v2/nothing was not found")),
    Refusal("GET", "/alerts?filter=foo", None, 400, "bad matcher format: foo"),
    Refusal("GET", "/alerts/groups?filter=foo", None, 400, "bad matcher format: foo"),
    Refusal("GET", "/silences?filter=foo", None, 400, "bad matcher format: foo"),
    Refusal("GET", "/alerts?filter=a=%22b", None, 400, 'matcher value contains unescaped double quote: "b'),
    Refusal("GET", "/silence/zzz", None, 422, code(601, 'silenceID in path must be of type uuid: "zzz"')),
    Refusal("DELETE", "/silence/zzz", None, 422, code(601, 'silenceID in path must be of type uuid: "zzz"')),
    Refusal("POST", "/silences", "", 422, code(602, "silence in body is required")),
    Refusal("POST", "/silences", "null", 422, code(602, "comment in body is required")),
    Refusal("POST", "/silences", silence(comment=...), 422, code(602, "comment in body is required")),
    Refusal("POST", "/silences", silence(createdBy=...), 422, code(602, "createdBy in body is required")),
    Refusal("POST", "/silences", silence(endsAt=...), 422, code(602, "endsAt in body is required")),
    Refusal("POST", "/silences", silence(startsAt=...), 422, code(602, "startsAt in body is required")),
    Refusal("POST", "/silences", silence(matchers=...), 422, code(602, "matchers in body is required")),
    Refusal("POST", "/silences", silence(matchers=[]), 422, code(612, "matchers in body should have at least 1 items")),
    Refusal("POST", "/silences", silence(matchers=[{}]), 422, code(602, "matchers.0.isRegex in body is required")),
    Refusal(
        "POST",
        "/silences",
        silence(matchers=[MATCHER, {"isRegex": True, "value": "x"}]),
        422,
        code(602, "matchers.1.name in body is required"),
    ),
    Refusal(
        "POST",
        "/silences",
        silence(matchers=[{"isRegex": True, "name": "x"}]),
        422,
        code(602, "matchers.0.value in body is required"),
    ),
    Refusal("POST", "/silences", silence(id=ID), 404, "silence not found"),
    Refusal("POST", "/silences", silence(id="zzz"), 404, "silence not found"),
    Refusal(
        "POST", "/silences", silence(startsAt="2036-01-01T00:00:00Z"), 400, f"Failed to create silence: {_BACKWARDS}"
    ),
    Refusal("POST", "/silences", silence(**_PAST), 400, "Failed to create silence: end time can't be in the past"),
    Refusal(
        "POST",
        "/silences",
        silence(matchers=[{**MATCHER, "value": ".*", "isRegex": True}]),
        400,
        "invalid silence: at least one matcher must not match the empty string, or it would silence everything",
        common=False,
    ),
    Refusal(
        "POST",
        "/silences",
        silence(matchers=[MATCHER, {**MATCHER, "name": ""}]),
        400,
        'invalid silence: invalid label matcher 1: invalid label name ""',
        common=False,
    ),
)
