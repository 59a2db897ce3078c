"""`/api/v2/swagger.json` describes what is there."""

from __future__ import annotations

import re

import httpx

from alertd.api.alertmanager import alerts, groups, silences, status
from alertd.api.alertmanager.schemas import (
    AlertGroup,
    GettableAlert,
    GettableSilence,
    PostableAlert,
    PostableSilence,
    Status,
)
from alertd.api.alertmanager.swagger import DOCUMENT


async def test_it_is_served(client: httpx.AsyncClient) -> None:
    """The document is at its place, as JSON."""
    answer = await client.get("/api/v2/swagger.json")
    assert (answer.status_code, answer.json()) == (200, DOCUMENT)


def test_every_operation() -> None:
    """Its paths and methods are those of the routes."""
    routes = {
        (re.sub(r"\{.*\}", "{silenceID}", route.path), method.lower())
        for module in (alerts, groups, silences, status)
        for route in module.router.routes
        for method in route.methods
    }
    described = {
        (path, method) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert described == routes


def test_every_reference() -> None:
    """Every definition that is named is there, and every one that is there is named."""
    named = set(re.findall(r"#/definitions/(\w+)", str(DOCUMENT)))
    assert named == set(DOCUMENT["definitions"])


def test_every_field() -> None:
    """The fields of what is sent and answered are those of the definitions."""
    kinds = {
        "postableAlert": PostableAlert,
        "gettableAlert": GettableAlert,
        "postableSilence": PostableSilence,
        "gettableSilence": GettableSilence,
        "alertGroup": AlertGroup,
        "alertmanagerStatus": Status,
    }
    for name, kind in kinds.items():
        assert _fields(name) == set(kind.__struct_encode_fields__), name


def _fields(name: str) -> set[str]:
    definition = DOCUMENT["definitions"][name]
    found: set[str] = set()
    for part in definition.get("allOf", [definition]):
        if "$ref" in part:
            found |= _fields(part["$ref"].rpartition("/")[2])
        else:
            found |= part["properties"].keys()
    return found
