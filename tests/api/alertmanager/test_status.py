"""`/api/v2/status` and `/api/v2/receivers`."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import yaml

from alertd.service.service import Service


async def test_status(service: Service, connect: Callable[..., httpx.AsyncClient]) -> None:
    """It is a cluster of one with the version that Debian's amtool has, and shows what amtool can read."""
    status = (await connect(service, listen="127.0.0.1:9093").get("/api/v2/status")).json()
    original = yaml.safe_load(status.pop("config")["original"])
    assert original.keys() == {"route", "inhibit_rules", "receivers", "time_intervals"}
    assert original["receivers"][0]["webhook_configs"] == [{"url": "http://secret.invalid/"}]
    assert status.pop("versionInfo").keys() == {
        "version",
        "revision",
        "branch",
        "buildUser",
        "buildDate",
        "goVersion",
    }
    assert status == {
        "cluster": {
            "name": service.replica_id,
            "status": "ready",
            "peers": [{"name": service.replica_id, "address": "127.0.0.1:9093"}],
        },
        "uptime": "2026-01-31T12:00:00.000Z",
    }


async def test_receivers(client: httpx.AsyncClient) -> None:
    """Receivers come in the order of the file, each with its name for a label."""
    everybody = await _receivers(client)
    assert everybody == [
        {"name": "team", "labels": {"name": "team"}},
        {"name": "nobody", "labels": {"name": "nobody"}},
    ]
    assert await _receivers(client, receiver_matchers="name=~no.*") == everybody[1:]


async def _receivers(client: httpx.AsyncClient, **params: str) -> list[dict[str, object]]:
    answer: list[dict[str, object]] = (await client.get("/api/v2/receivers", params=params)).json()
    return answer
