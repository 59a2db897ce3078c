"""From a configuration file to a service that can be started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from alertd.clock import Clock
from alertd.config.loading import DATABASE_VARIABLE, load_config
from alertd.service.logs import Scrubber
from alertd.service.options import Options
from alertd.service.service import Service
from alertd.store.database import Database, DatabaseRefused
from alertd.store.migrate import ensure_current


def build_service(
    config_path: Path,
    *,
    database_url: str | None = None,
    listen: str | None = None,
    default_database: str | None = None,
    default_listen: str | None = None,
    clock: Clock | None = None,
    scrubber: Scrubber | None = None,
    env: Mapping[str, str] = os.environ,
    options: Options = Options(),
) -> Service:
    """A service over the configured database, which is brought to this version's tables first.

    `listen` and `database_url` go before what the configuration says, the defaults hold where it says nothing.
    Raises `InvalidInput` with every mistake of the configuration, and `DatabaseRefused`.
    """
    config = load_config(config_path, env, options.grammar)
    written = config.document.data if isinstance(config.document.data, dict) else {}
    url = database_url
    if url is None and default_database is not None and "database" not in written and DATABASE_VARIABLE not in env:
        url = _made(default_database)
    database = Database(url or config.settings.database.get_secret_value())
    ensure_current(database)
    where = listen or (default_listen if "listen" not in written else None) or str(config.settings.listen)
    return Service(config_path, database, clock=clock, listen=where, scrubber=scrubber, env=env, options=options)


def _made(url: str) -> str:
    """The URL of a SQLite file, whose folder is made if it is not there."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseRefused(f"the folder {folder} cannot be made: {error.strerror}") from error
    return url
