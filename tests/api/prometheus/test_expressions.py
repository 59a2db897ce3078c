"""Layout and trees of expressions, and what Prometheus tells that has no descriptions and no exemplars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from alertd.api.prometheus.trees import tree_of
from alertd.promql import ALL_FEATURES, parse
from alertd.store.tokens import Role
from tests.api.conftest import Token
from tests.api.prometheus.conftest import Get
from tests.peers.prometheus import prometheus_peer

LONG = (
    'histogram_quantile(0.9, sum by (le, job) (rate(http_request_duration_seconds_bucket{job="api",code=~"5.."}[5m])))'
)
FORMATTED = [
    "1+2",
    "sum(rate(http_requests_total{job='a'}[5m]))by(le)",
    "a+on(b)group_left(c)d",
    "up==bool 1 # why",
    "foo[1h:5m] offset 1d",
    "foo @ 1603774568",
    "foo @ end()",
    "-(a)",
    '{__name__="up"}',
    '"a string"',
    LONG,
    f"{LONG} / on (job) group_left () {LONG}",
    f"({LONG} unless {LONG}) or vector(1)",
]
WRONG = ["", "sum(", "up{", "a + ", "rate(up)", "foo[5m", "1 and 2", "up offset x", "bogus(1)"]


async def test_format_query(client: httpx.AsyncClient, get: Get) -> None:
    """The layout of an expression, from the URL and from a form."""
    text = "sum(a+b)by(c)"
    assert await get("format_query", query=text) == "sum by (c) (a + b)"
    form = await client.post("/api/v1/format_query", data={"query": text})
    assert form.json() == {"status": "success", "data": "sum by (c) (a + b)"}


@pytest.mark.parametrize("path", ["format_query", "parse_query"])
async def test_mistakes_have_their_places(client: httpx.AsyncClient, path: str) -> None:
    """A text that is no expression is told with line and column."""
    response = await client.get(f"/api/v1/{path}", params={"query": "up +\n  )"})
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    assert response.json()["error"].startswith('invalid parameter "query": 2:3: parse error: unexpected')


@pytest.mark.peer
async def test_beside_prometheus(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A real Prometheus gives the same layouts, and refuses the same texts."""
    async with prometheus_peer(tmp_path, {}) as url, httpx.AsyncClient(base_url=url) as real:
        for text in FORMATTED:
            asked = {"query": text}
            ours = await client.post("/api/v1/format_query", data=asked)
            assert ours.json() == (await real.post("/api/v1/format_query", data=asked)).json()
        for text in WRONG:
            asked = {"query": text}
            ours, theirs = [await one.get("/api/v1/format_query", params=asked) for one in (client, real)]
            assert ours.status_code == theirs.status_code == 400
            place = theirs.json()["error"].partition("parse error")[0]
            assert ours.json()["error"].startswith(place), text
        for path, parameters in WITHOUT_SAMPLES:
            ours, theirs = [await one.get(f"/api/v1/{path}", params=parameters) for one in (client, real)]
            assert (ours.status_code, ours.text) == (theirs.status_code, theirs.text)


WITHOUT_SAMPLES: list[tuple[str, dict[str, str]]] = [
    ("metadata", {}),
    ("metadata", {"metric": "up", "limit": "1"}),
    ("metadata", {"limit": "x"}),
    ("query_exemplars", {"query": "up", "start": "1", "end": "2"}),
    ("query_exemplars", {"query": "1"}),
    ("query_exemplars", {"query": "up", "start": "5", "end": "3"}),
    ("query_exemplars", {"query": ""}),
]


async def test_descriptions_and_exemplars(client: httpx.AsyncClient, get: Get) -> None:
    """There are none, which is an answer; what cannot be read is refused."""
    assert await get("metadata", metric="up") == {}
    assert await get("query_exemplars", query="rate(up[5m])", start="1", end="2") == []
    assert (await client.post("/api/v1/query_exemplars", data={"query": "up"})).json()["data"] == []
    for path, error in (
        ("metadata?limit=x", "limit must be a number"),
        ("metadata?limit_per_metric=x", "limit_per_metric must be a number"),
        ("query_exemplars?query=up&start=2&end=1", "end timestamp must not be before start timestamp"),
        ("query_exemplars?query=up{", "1:4: parse error: "),
    ):
        response = await client.get(f"/api/v1/{path}")
        assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
        assert response.json()["error"].startswith(error)
    nothing = await client.get("/api/v1/query_exemplars?query=1")
    assert (nothing.status_code, nothing.content) == (204, b"")


async def test_who_may_ask(build: Any, connect: Any, token: Token) -> None:
    """Whoever may see alerts may ask."""
    service = build("auth: {required: true}\n")
    viewer = connect(service, token(service, Role.VIEWER))
    for path in ("format_query?query=1", "parse_query?query=1", "metadata", "query_exemplars?query=up"):
        assert (await connect(service).get(f"/api/v1/{path}")).status_code == 401
        assert (await viewer.get(f"/api/v1/{path}")).status_code == 200


async def test_parse_query(get: Get) -> None:
    """A whole tree, as it comes."""
    found = await get("parse_query", query='sum by (job) (rate(up{job=~"a.*"}[5m])) > bool 1')
    assert found == {
        "type": "binaryExpr",
        "op": ">",
        "lhs": {
            "type": "aggregation",
            "op": "sum",
            "expr": {
                "type": "call",
                "func": {"name": "rate", "argTypes": ["matrix"], "variadic": 0, "returnType": "vector"},
                "args": [
                    {
                        "type": "matrixSelector",
                        "range": 300_000,
                        "rangeExpr": None,
                        "name": "up",
                        "matchers": [
                            {"name": "job", "value": "a.*", "type": "=~"},
                            {"name": "__name__", "value": "up", "type": "="},
                        ],
                        "offset": 0,
                        "offsetExpr": None,
                        "timestamp": None,
                        "startOrEnd": None,
                        "anchored": False,
                        "smoothed": False,
                    }
                ],
            },
            "param": None,
            "grouping": ["job"],
            "without": False,
        },
        "rhs": {"type": "numberLiteral", "val": "1"},
        "matching": None,
        "bool": True,
    }


def number(value: str, *, duration: bool = True) -> dict[str, Any]:
    return {"type": "numberLiteral", "val": value, "duration": duration}


def computed(op: str, left: Any, right: Any, *, wrapped: bool = False) -> dict[str, Any]:
    return {"type": "durationExpr", "op": op, "lhs": left, "rhs": right, "wrapped": wrapped}


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("1.50", {"type": "numberLiteral", "val": "1.5"}),
        ("-Inf", {"type": "numberLiteral", "val": "-Inf"}),
        ("-(1)", {"type": "unaryExpr", "op": "-"}),
        ('"a"', {"type": "stringLiteral", "val": "a"}),
        ("(1)", {"type": "parenExpr", "expr": {"type": "numberLiteral", "val": "1"}}),
        ("a @ 1.5", {"type": "vectorSelector", "timestamp": 1500, "startOrEnd": None}),
        ("a @ end()", {"timestamp": None, "startOrEnd": "end"}),
        ("a offset -5m", {"offset": -300_000, "offsetExpr": None}),
        ("a[5m:1m] offset 2m", {"type": "subquery", "range": 300_000, "step": 60_000, "offset": 120_000}),
        ("a[5m:]", {"step": 0, "stepExpr": None, "timestamp": None, "startOrEnd": None}),
        ("a[5m] smoothed", {"anchored": False, "smoothed": True}),
        ("a[5m+1m]", {"range": 0, "rangeExpr": computed("+", number("300"), number("60"))}),
        (
            "a[5m] offset (10m/2)",
            {
                "offset": 0,
                "offsetExpr": computed("/", number("600"), number("2", duration=False), wrapped=True),
            },
        ),
        ("a[4s:1s*2]", {"stepExpr": computed("*", number("1"), number("2", duration=False))}),
        ("a[range()]", {"range": 0, "rangeExpr": computed("range", None, None)}),
        ("topk(3, a)", {"op": "topk", "param": {"type": "numberLiteral", "val": "3"}, "grouping": []}),
        ("sum without () (a)", {"without": True, "grouping": []}),
        ("time()", {"func": {"name": "time", "argTypes": [], "variadic": 0, "returnType": "scalar"}, "args": []}),
    ],
)
async def test_each_kind_of_node(query: str, parts: dict[str, Any]) -> None:
    """Every kind of expression has Prometheus' keys."""
    found = msgspec.json.decode(msgspec.json.encode(tree_of(parse(query, features=ALL_FEATURES))))
    assert {key: found[key] for key in parts} == parts


@pytest.mark.parametrize(
    ("query", "card", "labels", "on", "include", "fill"),
    [
        ("a + b", "one-to-one", [], False, [], (None, None)),
        ("a + on (c) group_left (d) b", "many-to-one", ["c"], True, ["d"], (None, None)),
        ("a + ignoring (c) group_right () b", "one-to-many", ["c"], False, [], (None, None)),
        ("a and b", "many-to-many", [], False, [], (None, None)),
        ("a + fill_left (0) b", "one-to-one", [], False, [], (0, None)),
        ("a + fill (2) b", "one-to-one", [], False, [], (2, 2)),
    ],
)
async def test_matching(
    query: str, card: str, labels: list[str], on: bool, include: list[str], fill: tuple[float | None, float | None]
) -> None:
    """How two vectors find each other."""
    found = msgspec.json.decode(msgspec.json.encode(tree_of(parse(query, features=ALL_FEATURES))))
    assert found["matching"] == {
        "card": card,
        "labels": labels,
        "on": on,
        "include": include,
        "fillValues": {"lhs": fill[0], "rhs": fill[1]},
    }


async def test_a_long_chain(client: httpx.AsyncClient) -> None:
    """A chain of thousands of links is a tree as any other."""
    response = await client.post("/api/v1/parse_query", data={"query": " + ".join(["1"] * 5_000)})
    assert response.status_code == 200
    assert response.text.count('"binaryExpr"') == 4_999
    assert response.text.count("{") == response.text.count("}")
