"""What Alembic runs: the caller gives a connection or a URL, the tables come from `alertd.store.tables`.

`alertd.store.migrate` passes a connection with a transaction open, so that a migration happens whole or not at all. The
`alembic` command, which drafts new revisions, has only a URL: `alembic -x url=sqlite:///draft.db revision
--autogenerate -m "what changes"`.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from alertd.store.database import Database
from alertd.store.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite alters a table by copying it.
        render_as_batch=connection.dialect.name == "sqlite",
        # alertd opens SQLite so that its DDL is transactional too.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_url() -> None:
    given = context.get_x_argument(as_dictionary=True)
    url = given.get("url") or os.environ.get("ALERTD_DATABASE_URL")
    if not url:
        raise SystemExit("name the database: alembic -x url=sqlite:///draft.db …, or ALERTD_DATABASE_URL")
    database = Database(url)
    try:
        database.transaction(run)
    finally:
        database.close()


passed: Connection | None = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("migrations run on a database; --sql is not supported")
if passed is None:
    run_on_url()
else:
    run(passed)
