"""From a configuration file to a service that can be started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from alertd.clock import Clock
from alertd.config.loading import load_config
from alertd.service.logs import Scrubber
from alertd.service.service import Service, default_external_url
from alertd.store.database import Database
from alertd.store.migrate import ensure_current


def build_service(
    config_path: Path,
    *,
    database_url: str | None = None,
    listen: str | None = None,
    clock: Clock | None = None,
    scrubber: Scrubber | None = None,
    env: Mapping[str, str] = os.environ,
) -> Service:
    """A service over the configured database, which is brought to this version's tables first.

    Raises `InvalidInput` with every mistake of the configuration, and `DatabaseRefused`.
    """
    settings = load_config(config_path, env).settings
    database = Database(database_url or settings.database.get_secret_value())
    ensure_current(database)
    url = default_external_url(listen or str(settings.listen))
    return Service(config_path, database, clock=clock, external_url=url, scrubber=scrubber, env=env)
