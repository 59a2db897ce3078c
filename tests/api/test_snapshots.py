"""`/v1/snapshots`: the body is the document itself, all else stands in the query."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from alertd.service.service import Service


async def test_a_push_is_kept(client: httpx.AsyncClient) -> None:
    """A push goes to the only configured source, its labels and its time are those of the query."""
    query = {"label": ["instance=a", "url=http://b?c=d"], "timestamp": "2026-01-31T11:59:00Z"}
    pushed = await client.post("/v1/snapshots", json={"db": {"ms": 5, "state": "up"}}, params=query)
    assert pushed.status_code == 201
    assert pushed.json() == {"id": pushed.json()["id"], "source": "app", "samples": 2}
    assert (await client.get("/v1/snapshots")).json() == {
        "snapshots": [
            {
                "source": "app",
                "at": "2026-01-31T11:59:00.000Z",
                "samples": 2,
                "labels": {"instance": "a", "url": "http://b?c=d"},
            }
        ]
    }


async def test_a_source_by_name(service: Service, client: httpx.AsyncClient) -> None:
    """The source can be named; one that takes no snapshots is not found."""
    name = next(name for name in service.runtime.sources if name != "app")
    assert (await client.post("/v1/snapshots", json={"a": 1}, params={"source": name})).json()["source"] == name
    assert (await client.post("/v1/snapshots", json={"a": 1}, params={"source": "x"})).status_code == 404


@pytest.mark.parametrize(
    ("body", "query", "says"),
    [
        ([], {}, "a"),
        ({"a": {"b": 1e999}}, {}, "a.b"),
        ({"a": 1}, {"label": "instance"}, "expected labels as name=value"),
        ({"a": 1}, {"label": ["i=a", "i=b"]}, "each name once"),
        ({"a": 1}, {"label": "__name__=a"}, "__name__"),
        ({"a": 1}, {"timestamp": "5"}, "expected a time"),
        ({"a": "\ud800"}, {}, "valid Unicode"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, body: Any, query: dict[str, Any], says: str) -> None:
    """What is no snapshot is refused with the place of the mistake."""
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/snapshots", content=json.dumps(body), headers=headers, params=query)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]


async def test_deep_documents(client: httpx.AsyncClient) -> None:
    """However deeply a document is nested, it is refused and nothing breaks."""
    headers = {"Content-Type": "application/json"}
    for depth in (40, 400, 100_000):
        content = '{"a":' * depth + "1" + "}" * depth
        answer = await client.post("/v1/snapshots", content=content, headers=headers)
        assert answer.status_code in {400, 422}, (depth, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
