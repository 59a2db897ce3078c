"""A real service on a virtual clock, its API over ASGI, and tokens for it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from alertd.api.app import build_app
from alertd.clock import VirtualClock
from alertd.service.build import build_service
from alertd.service.service import Service
from alertd.store import tokens
from alertd.store.tokens import Role

#: 2026-01-31T12:00:00Z
NOW = 1_769_860_800_000

CONFIG = """
route: {receiver: team, group_by: [alertname], group_wait: 0s}
receivers:
- name: team
  webhook_configs: [{url: "http://127.0.0.1:9/hook"}]
- name: nobody
rule_files: [rules.yml]
inhibit_rules:
- source_matchers: [alertname="ServiceDown"]
  target_matchers: [severity="warning"]
  equal: [service]
sources:
  app: {type: snapshots}
"""
RULES = """
groups:
- name: app
  interval: 30s
  rules:
  - alert: Slow
    expr: response_ms > 100
    for: 1m
    labels: {severity: warning}
    annotations: {summary: "slow: {{ $value }}"}
  - record: response_s
    expr: response_ms / 1000
"""

Build = Callable[[str], Service]
Token = Callable[..., str]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
async def build(tmp_path: Path, migrated_file: Path, clock: VirtualClock) -> AsyncIterator[Build]:
    """Builds a service from a text that is added to the usual configuration; it is not started, so nothing moves."""
    built: list[Service] = []

    def make(more: str = "") -> Service:
        database = tmp_path / "alertd.db"
        shutil.copyfile(migrated_file, database)
        (tmp_path / "rules.yml").write_text(RULES)
        config = tmp_path / "alertd.yml"
        config.write_text(CONFIG + more)
        service = build_service(config, database_url=f"sqlite:///{database}", clock=clock, env={})
        built.append(service)
        return service

    yield make
    for service in built:
        await service.runtime.close()
        service.database.close()


@pytest.fixture
def service(build: Build) -> Service:
    """The usual service: no tokens needed, on this machine only."""
    return build("")


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Opens clients of a service's API; a token is sent if one is given."""
    async with AsyncExitStack() as stack:

        def opened(service: Service, token: str = "", *, listen: str | None = None) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            transport = httpx.ASGITransport(build_app(service, listen=listen), raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://alertd", headers=headers)
            stack.push_async_callback(client.aclose)
            return client

        yield opened


@pytest.fixture
def client(service: Service, connect: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client of the usual service, without a token."""
    return connect(service)


@pytest.fixture
def token() -> Token:
    """Makes a token of a service: `token(service, Role.EDITOR, organisation)`."""

    def make(service: Service, role: Role = Role.ADMIN, organisation: str = "default", name: str = "") -> str:
        name = name or f"{role.value} of {organisation}"
        now = service.clock.now()
        _, secret = service.database.transaction(
            tokens.create, organisation, name=name, role=role, now=now, actor="setup"
        )
        return secret

    return make
