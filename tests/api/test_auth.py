"""Who may do what: roles, tokens, anonymous use, and two organisations that never see each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from alertd.clock import MINUTE, VirtualClock
from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import Build, Token

Connect = Callable[..., httpx.AsyncClient]

REQUIRED = "auth: {required: true}\n"
UNKNOWN = "0" * 16
SILENCE = {"matchers": ['a="b"'], "duration": "1h", "comment": "c"}

#: Every operation of the API, the role that it needs, and a body that it takes.
OPERATIONS: list[tuple[str, str, Role, Any]] = [
    ("GET", "/v1/alerts", Role.VIEWER, None),
    ("POST", "/v1/alerts", Role.SENDER, {"labels": {"alertname": "New"}}),
    ("GET", "/v1/alerts/summary", Role.VIEWER, None),
    ("HEAD", "/v1/alerts/summary", Role.VIEWER, None),
    ("GET", "/v1/alerts/{fingerprint}", Role.VIEWER, None),
    ("GET", "/v1/alerts/{fingerprint}/why", Role.VIEWER, None),
    ("POST", "/v1/alerts/{fingerprint}/acknowledge", Role.RESPONDER, {}),
    ("POST", "/v1/alerts/{fingerprint}/unacknowledge", Role.RESPONDER, None),
    ("POST", "/v1/alerts/{fingerprint}/snooze", Role.RESPONDER, {"duration": "1h"}),
    ("POST", "/v1/alerts/{fingerprint}/note", Role.RESPONDER, {"text": "x"}),
    ("POST", "/v1/alerts/{fingerprint}/resolve", Role.RESPONDER, None),
    ("PUT", "/v1/alerts/{fingerprint}/resolve", Role.RESPONDER, None),
    ("GET", "/v1/silences", Role.VIEWER, None),
    ("POST", "/v1/silences", Role.EDITOR, SILENCE),
    ("GET", "/v1/silences/{silence_id}", Role.VIEWER, None),
    ("PUT", "/v1/silences/{silence_id}", Role.EDITOR, SILENCE),
    ("POST", "/v1/silences/{silence_id}/expire", Role.EDITOR, None),
    ("GET", "/v1/rules", Role.VIEWER, None),
    ("GET", "/v1/notifications", Role.VIEWER, None),
    ("GET", "/v1/notifications/{notification_id}", Role.VIEWER, None),
    ("GET", "/v1/history", Role.VIEWER, None),
    ("POST", "/v1/snapshots", Role.SENDER, {"a": 1}),
    ("GET", "/v1/snapshots", Role.VIEWER, None),
    ("GET", "/v1/receivers", Role.VIEWER, None),
    ("POST", "/v1/receivers/{name}/test", Role.EDITOR, None),
    ("GET", "/v1/tokens", Role.ADMIN, None),
    ("POST", "/v1/tokens", Role.ADMIN, {"name": "n", "role": "viewer"}),
    ("POST", "/v1/tokens/{token_id}/revoke", Role.ADMIN, None),
    ("GET", "/v1/status", Role.VIEWER, None),
    ("GET", "/metrics", Role.VIEWER, None),
    ("POST", "/-/reload", Role.ADMIN, None),
]
OPEN = {("GET", "/-/healthy"), ("HEAD", "/-/healthy"), ("GET", "/-/ready"), ("HEAD", "/-/ready"), ("GET", "/health")}

#: Values for the parts of paths that name nothing.
NOWHERE = {
    "fingerprint": UNKNOWN,
    "silence_id": "x",
    "notification_id": "abc",
    "name": "none",
    "token_id": "abc",
}


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any, **parts: str) -> httpx.Response:
    url = path.format(**{**NOWHERE, **parts})
    return await client.request(method, url, json=body) if body is not None else await client.request(method, url)


def test_all_operations_are_listed(service: Service, connect: Connect) -> None:
    """The table above has every operation, so that the tests below leave none out."""
    app: Any = connect(service)._transport
    described = {(method.upper(), path) for path, methods in app.app.openapi()["paths"].items() for method in methods}
    listed = {(method, path) for method, path, _, _ in OPERATIONS}
    known = ("/v1", "/-", "/health", "/metrics")
    assert {operation for operation in described if operation[1].startswith(known)} == listed | OPEN


async def test_roles(build: Build, connect: Connect, token: Token) -> None:
    """Every operation lets in exactly the roles that contain the one that it needs, and names it to the others."""
    service = build(REQUIRED)
    for role in Role:
        client = connect(service, token(service, role))
        for method, path, needed, body in OPERATIONS:
            answer = await ask(client, method, path, body)
            if role.allows(needed):
                assert answer.status_code not in {401, 403}, (role, method, path, answer.text)
            else:
                assert answer.status_code == 403, (role, method, path, answer.text)
                if method != "HEAD":
                    assert f"needs the role {needed.value};" in answer.json()["detail"]


async def test_without_a_token(build: Build, connect: Connect) -> None:
    """Where tokens are required, everything but the signs of life answers 401 and says how to send one."""
    client = connect(build(REQUIRED))
    for method, path, _, body in OPERATIONS:
        answer = await ask(client, method, path, body)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
    for method, path in OPEN:
        assert (await ask(client, method, path, None)).status_code == 200


@pytest.mark.parametrize("header", ["Bearer alertd_wrong", "Bearer", "Bearer ", "Basic YTpi", "x"])
async def test_wrong_tokens(service: Service, connect: Connect, header: str) -> None:
    """A token that is nobody's is refused even where none is needed, on every route."""
    client = connect(service)
    client.headers["Authorization"] = header
    for method, path, _, body in OPERATIONS:
        answer = await ask(client, method, path, body)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_the_end_of_a_token(build: Build, connect: Connect, token: Token, clock: VirtualClock) -> None:
    """A token is worth nothing from the moment it is revoked or has expired."""
    service = build(REQUIRED)
    admin = connect(service, token(service, Role.ADMIN))
    expires = "2026-01-31T12:01:00Z"
    made = (await admin.post("/v1/tokens", json={"name": "a", "role": "viewer", "expires_at": expires})).json()
    other = (await admin.post("/v1/tokens", json={"name": "b", "role": "viewer"})).json()
    clients = [connect(service, made["token"]), connect(service, other["token"])]
    assert [(await client.get("/v1/status")).status_code for client in clients] == [200, 200]
    clock.advance(MINUTE)
    await admin.post(f"/v1/tokens/{other['id']}/revoke")
    assert [(await client.get("/v1/status")).status_code for client in clients] == [401, 401]


@pytest.mark.parametrize(
    ("auth", "listen", "statuses"),
    [
        ("", "127.0.0.1:0", (200, 201)),
        ("", "0.0.0.0:9093", (401, 401)),
        ("auth: {required: true, anonymous_role: viewer}", "0.0.0.0:9093", (200, 403)),
        ("auth: {anonymous_role: sender}", "127.0.0.1:9093", (403, 201)),
        ("auth: {required: false, allow_unauthenticated: true}", "0.0.0.0:9093", (200, 201)),
    ],
)
async def test_anonymous(build: Build, connect: Connect, auth: str, listen: str, statuses: tuple[int, int]) -> None:
    """Without a token one is an admin on a service for this machine, else what the configuration says, or nobody."""
    client = connect(build(auth), listen=listen)
    answers = await client.get("/v1/alerts"), await client.post("/v1/alerts", json={"labels": {"a": "b"}})
    assert tuple(answer.status_code for answer in answers) == statuses


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "127.0.0.1:9093", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Host": "[::1]:9093", "Origin": "http://[::1]:9093"}, 200),
        ({"Host": "localhost:9093", "Origin": "http://localhost:9093", "Sec-Fetch-Site": "none"}, 200),
        ({"Host": "alerts.example.org", "Origin": "https://alerts.example.org"}, 200),
        ({"Host": "localhost:9093", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost:9093", "Origin": "null"}, 403),
        ({"Host": "localhost:9093", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_pages_of_other_sites(build: Build, connect: Connect, headers: dict[str, str], status: int) -> None:
    """Where no token is needed, what a browser sends for another site's page is refused, by origin and by name."""
    client = connect(build("external_url: https://alerts.example.org\n"), listen="127.0.0.1:9093")
    assert (await client.get("/v1/alerts", headers=headers)).status_code == status


async def test_metrics_and_health(build: Build, connect: Connect, token: Token) -> None:
    """Metrics are open unless tokens are required in so many words; health keeps what it found from strangers."""
    default = build("")
    assert (await connect(default, listen="0.0.0.0:1").get("/metrics")).status_code == 200
    service = build(REQUIRED)
    stranger, viewer = connect(service), connect(service, token(service, Role.VIEWER))
    assert (await stranger.get("/metrics")).status_code == 401
    assert "alertd_build_info" in (await viewer.get("/metrics")).text
    assert (await stranger.get("/health")).json()["checks"]["database"] == {"status": "ok", "message": None}
    assert (await viewer.get("/health")).json()["checks"]["database"] == {"status": "ok", "message": "answers"}
    foreign = connect(service, token(service, Role.ADMIN, "other"))
    assert (await foreign.get("/metrics")).status_code == 403
    assert (await foreign.get("/health")).json()["checks"]["database"] == {"status": "ok", "message": None}


async def test_organisations(build: Build, connect: Connect, token: Token) -> None:
    """Whatever an admin of another organisation asks for on any route, nothing of the first is shown or changed."""
    service = build(REQUIRED)
    ours = connect(service, token(service, Role.ADMIN, "default"))
    theirs = connect(service, token(service, Role.ADMIN, "other"))
    mark = "secretmark"
    sent = {"labels": {"alertname": mark, "severity": "page"}, "annotations": {"summary": mark}}
    fingerprint = (await ours.post("/v1/alerts", json=sent)).json()["fingerprints"][0]
    await ours.post(f"/v1/alerts/{fingerprint}/note", json={"text": mark})
    silence = {**SILENCE, "comment": mark}
    silence_id = (await ours.post("/v1/silences", json=silence)).json()["id"]
    await ours.post("/v1/snapshots", json={mark: 1}, params={"label": f"instance={mark}"})
    token_id = (await ours.post("/v1/tokens", json={"name": mark, "role": "viewer"})).json()["id"]
    await service.engine.step()
    await service.engine.landed()
    notification_id = (await ours.get("/v1/notifications")).json()["notifications"][0]["id"]

    parts = {
        "fingerprint": fingerprint,
        "silence_id": silence_id,
        "notification_id": notification_id,
        "name": "team",
        "token_id": token_id,
    }
    before = await everything(ours, parts)
    assert before.count(mark) > 5
    for method, path, _, body in OPERATIONS:
        if path == "/metrics":
            continue
        answer = await ask(theirs, method, path, body, **parts)
        assert mark not in answer.text, (method, path)
        names_ours = re.search(r"{\w+}|snapshots$|reload$", path) is not None and (method, path) != (
            "GET",
            "/v1/snapshots",
        )
        assert answer.status_code in ({403, 404} if names_ours else {200, 201}), (method, path, answer.text)
    assert await everything(ours, parts) == before
    assert (await theirs.get("/v1/rules")).json() == {"groups": []}
    assert (await theirs.get("/v1/receivers")).json() == {"receivers": []}
    assert (await theirs.get("/v1/status")).json()["config"] == ""
    assert (await theirs.get("/v1/alerts/summary")).json()["states"]["firing"] == 1
    assert (await ours.get("/v1/alerts/summary")).json()["states"]["firing"] == 1


async def everything(client: httpx.AsyncClient, parts: dict[str, str]) -> str:
    """All that the organisation can read, as one text."""
    paths = [path for method, path, _, _ in OPERATIONS if method == "GET" and path not in {"/metrics", "/v1/status"}]
    answers = [await ask(client, "GET", path, None, **parts) for path in paths if not path.endswith("tokens")]
    assert all(answer.status_code == 200 for answer in answers)
    return "\n".join(answer.text for answer in answers)
