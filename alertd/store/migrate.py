"""Brings a database to the tables that this version of alertd uses.

Each call is one transaction: a migration that fails leaves the database as it was. Replicas that start together wait
for each other: PostgreSQL by an advisory lock, SQLite by its write lock, which every transaction of alertd takes first.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from alertd import __version__
from alertd.resources import resource_path
from alertd.store.database import Database, DatabaseRefused
from alertd.store.tables import metadata

# Any number does, as long as every replica takes the same one.
_LOCK = 0x616C657274640001


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`; nothing happens when the database is there already.

    Raises `DatabaseRefused` when the database is newer than this alertd, holds tables of somebody else under alertd's
    names, or when there is no such revision.
    """
    database.transaction(_upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    """Migrate down to `revision`; `base` takes every table away. Raises `DatabaseRefused` as `upgrade` does."""
    database.transaction(_downgrade, revision)


def current(database: Database) -> str | None:
    """The revision of the database; None when alertd never used it."""
    return database.transaction(_current)


def ensure_current(database: Database) -> None:
    """What `serve` does at start: migrate an empty or an older database, leave a current one alone.

    Raises `DatabaseRefused` as `upgrade` does.
    """
    database.check()
    if current(database) != _scripts(_config(None)).get_current_head():
        upgrade(database)


def _upgrade(connection: Connection, revision: str) -> None:
    _lock(connection)
    _refuse_unknown(connection)
    _refuse_foreign_tables(connection)
    config = _config(connection)
    _refuse_missing(config, revision)
    command.upgrade(config, revision)


def _downgrade(connection: Connection, revision: str) -> None:
    _lock(connection)
    _refuse_unknown(connection)
    config = _config(connection)
    _refuse_missing(config, revision)
    command.downgrade(config, revision)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    # The configuration is read like an INI file, where a percent sign begins a substitution.
    config.set_main_option("script_location", str(resource_path("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _refuse_unknown(connection: Connection) -> None:
    found = _current(connection)
    known = {script.revision for script in _scripts(_config(None)).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseRefused(
            f"the database is at revision {found}, which alertd {__version__} does not know: a newer alertd upgraded"
            " it; start that version, or let it downgrade the database first"
        )


def _refuse_foreign_tables(connection: Connection) -> None:
    if _current(connection) is not None:
        return
    foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if foreign:
        raise DatabaseRefused(
            f"the database has tables that alertd did not make: {', '.join(foreign)}; give alertd a database of its own"
        )


def _refuse_missing(config: Config, revision: str) -> None:
    if revision == "base":
        return
    try:
        _scripts(config).get_revision(revision)
    except CommandError as error:
        known = ", ".join(reversed([script.revision for script in _scripts(config).walk_revisions()]))
        raise DatabaseRefused(f"there is no revision {revision!r}; these exist: {known}, head, base") from error
