"""What receivers and sources take from `global` where they say nothing themselves."""

from __future__ import annotations

from alertd.config.models import Settings


def with_inherited(settings: Settings) -> Settings:
    """The same settings with everything filled in that receivers and sources take from `global`."""
    general = settings.global_
    receivers = tuple(receiver.filled(general) for receiver in settings.receivers)
    sources = {
        name: source.model_copy(update={"http_config": source.http_config or general.http_config})
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"receivers": receivers, "sources": sources})
