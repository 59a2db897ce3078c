"""A service with two rule groups more, and a client of Prometheus' API over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertd.clock import VirtualClock
from alertd.service.service import Service
from tests.api.conftest import CONFIG, Build

SHOP = """
groups:
- name: b
  interval: 1500ms
  limit: 3
  labels: {team: shop}
  rules:
  - alert: Slow
    expr: response_ms   >100
    for: 1m
    keep_firing_for: 90s
    labels: {severity: "{{ $labels.instance }}"}
    annotations: {summary: "slow: {{ $value }}"}
  - record: response_s
    expr: response_ms / 1000
    labels: {unit: s}
- name: a
  rules:
  - {alert: Broken, expr: errors}
  - {alert: Slow, expr: response_ms > 1e9, labels: {severity: page}}
"""

Get = Callable[..., Awaitable[Any]]


@pytest.fixture
def service(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The usual service with the rules of a shop beside its own."""
    (tmp_path / "shop.yml").write_text(SHOP)
    monkeypatch.setattr("tests.api.conftest.CONFIG", CONFIG.replace("[rules.yml]", "[rules.yml, shop.yml]"))
    return build("")


@pytest.fixture
def get(client: httpx.AsyncClient) -> Get:
    """Asks `/api/v1`: the data of the answer, which must be a success."""

    async def asked(path: str, **parameters: Any) -> Any:
        response = await client.get(f"/api/v1/{path}", params=parameters)
        assert response.status_code == 200, response.text
        envelope = response.json()
        assert envelope["status"] == "success"
        return envelope["data"]

    return asked


async def evaluate_all(service: Service, clock: VirtualClock, at: int) -> None:
    """Evaluate every group as of `at`."""
    clock.advance_to(at)
    for group in service.runtime.groups:
        await service.engine.evaluate(group, at)
