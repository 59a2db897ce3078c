"""What a command line decides for the life of a process, beside the configuration and before it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alertd.cluster.settings import ClusterFlags
from alertd.config.loading import Config
from alertd.routing.matchers import Grammar


@dataclass(frozen=True)
class Options:
    """What is not in the configuration; the values here are those of `alertd serve`.

    `external_url` goes before the file's. `open_to_all`: who asks is asked for nothing where the file does not speak of
    `auth.required`. `retention` (milliseconds) goes before the defaults of the file's `retention`, `silence_retention`
    is how long ended silences are kept, None for as long as history. The limits are off at 0. `start_delay`: nothing is
    flushed before the process is that old. `metric_labels`: labels with many values that Alertmanager's metrics get.
    """

    grammar: Grammar = Grammar.FALLBACK
    external_url: str = ""
    open_to_all: bool = False
    retention: int | None = None
    silence_retention: int | None = None
    max_silences: int = 0
    max_silence_bytes: int = 0
    max_alerts_per_name: int = 0
    start_delay: int = 0
    log_silences: bool = False
    metric_labels: frozenset[str] = frozenset()
    cluster: ClusterFlags | None = None

    def applied(self, config: Config) -> Config:
        """The configuration as it is in force under these options."""
        settings = config.settings
        changed: dict[str, object] = {}
        if self.external_url:
            changed["external_url"] = self.external_url
        if self.open_to_all and settings.auth.required is None:
            changed["auth"] = settings.auth.model_copy(update={"required": False, "allow_unauthenticated": True})
        if self.retention is not None:
            kept = {
                name: self.retention
                for name in ("history", "notifications")
                if name not in settings.retention.model_fields_set
            }
            changed["retention"] = settings.retention.model_copy(update=kept)
        return replace(config, settings=settings.model_copy(update=changed)) if changed else config
