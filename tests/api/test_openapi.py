"""The OpenAPI document is complete and true: whatever it allows is answered as it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from http import HTTPMethod
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from alertd.api.app import build_app
from alertd.clock import VirtualClock
from alertd.service.build import build_service
from alertd.store import tokens
from alertd.store.tokens import Role
from tests.api.conftest import CONFIG, NOW, RULES


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[FastAPI]:
    """The API of a service that asks for tokens."""
    folder = tmp_path_factory.mktemp("openapi")
    (folder / "rules.yml").write_text(RULES)
    (folder / "alertd.yml").write_text(CONFIG + "auth: {required: true}\n")
    shutil.copyfile(migrated_file, folder / "alertd.db")
    url = f"sqlite:///{folder / 'alertd.db'}"
    service = build_service(folder / "alertd.yml", database_url=url, clock=VirtualClock(NOW), env={})
    yield build_app(service)
    service.database.close()


@pytest.fixture(scope="module")
def secret(app: FastAPI) -> str:
    """An admin's token."""
    _, secret = app.state.service.database.transaction(
        tokens.create, "default", name="tester", role=Role.ADMIN, now=NOW, actor="setup"
    )
    return str(secret)


def test_answers_are_as_described(app: FastAPI, secret: str) -> None:
    """Whatever is sent, the status, media type, headers and body of the answer are those that the document tells.

    That all that fits the schema is taken is not asked: no schema can tell a matcher, a cursor or two fields of which
    one is needed.
    """
    headers = {"Authorization": f"Bearer {secret}"}
    for result in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=10,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        answers()


def test_operations_are_described(app: FastAPI) -> None:
    """Every operation has a summary and a description, and of `/v1` each names who may not."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            assert method.upper() in HTTPMethod.__members__
            assert operation["summary"], (path, method)
            assert operation["description"], (path, method)
            if path.startswith("/v1"):
                assert {"401", "403", "422"} <= operation["responses"].keys(), (path, method)


def test_nothing_of_the_document_is_from_elsewhere(app: FastAPI) -> None:
    """There are no pages that load scripts of others."""
    assert app.docs_url is None
    assert app.redoc_url is None
