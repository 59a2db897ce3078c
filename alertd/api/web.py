"""How the doors are opened to the network: under which path, with which users, and how many may ask at once."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.config.webconfig import WebConfig


@dataclass(frozen=True)
class WebOptions:
    """`prefix` is before every path, as `/alerts`. `get_concurrency` and `timeout` (milliseconds) bound requests to
    Alertmanager's API, 0 for no bound. `any_page`: pages of every site may use that API, as they may Alertmanager's.
    """

    prefix: str = ""
    get_concurrency: int = 0
    timeout: int = 0
    any_page: bool = False
    config: WebConfig = WebConfig()
