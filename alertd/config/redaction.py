"""The configuration as it may be shown: as it was written, without a secret in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from alertd.config.goscalars import is_whole
from alertd.config.integrations.webhook import WebhookConfig
from alertd.config.loading import Config
from alertd.config.observability import WITHOUT_EFFECT
from alertd.config.types import HIDDEN
from alertd.yamlfile import SourceFloat, SourceInt, text_of

# `amtool` before 0.26 wants a URL for a webhook; for other secrets all its versions take the word.
_HIDDEN_WEBHOOK = "http://secret.invalid/"

_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")


def redacted(config: Config, *, for_alertmanager: bool = False) -> str:
    """The file as YAML with `<secret>` in place of every secret, and variables by their names.

    `for_alertmanager` leaves out what only alertd knows, so that `amtool` can read it.
    """
    shown = _shown(config.document.data, config.settings, for_alertmanager)
    if isinstance(shown, dict) and "event_recorder" in shown:
        shown["event_recorder"] = HIDDEN
    if for_alertmanager and isinstance(shown, dict):
        shown = {key: member for key, member in shown.items() if key not in WITHOUT_EFFECT}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)


def _shown(written: object, value: object, for_alertmanager: bool) -> object:
    """`written`, walked beside the `value` that was made of it and knows what is secret."""
    if isinstance(value, SecretStr):
        return HIDDEN if written else written
    if isinstance(written, str) and isinstance(value, bool):
        return value
    if isinstance(written, str) and isinstance(value, int) and is_whole(written):
        return value
    if isinstance(written, dict) and isinstance(value, BaseModel):
        fields = {field.alias or name: (name, field) for name, field in type(value).model_fields.items()}
        shown = {
            key: _shown(member, getattr(value, fields[key][0]), for_alertmanager)
            for key, member in written.items()
            if not (for_alertmanager and is_own(fields[key][1]))
        }
        if for_alertmanager and isinstance(value, WebhookConfig) and value.url is not None:
            shown["url"] = _HIDDEN_WEBHOOK
        return shown
    if isinstance(written, dict) and isinstance(value, dict):
        return {key: _shown(member, value.get(key), for_alertmanager) for key, member in written.items()}
    if isinstance(written, list):
        values = value if isinstance(value, tuple | list) else [None] * len(written)
        return [_shown(member, beside, for_alertmanager) for member, beside in zip(written, values, strict=True)]
    if isinstance(written, str):
        # An address with the sign `<` before its host is none for Alertmanager's tools.
        return _CREDENTIALS.sub(r"\1secret@" if for_alertmanager else rf"\1{HIDDEN}@", str(written))
    if isinstance(written, SourceInt | SourceFloat):
        return text_of(written)
    return written


def is_own(field: FieldInfo) -> bool:
    """Whether only alertd knows this key."""
    return is_marked(field, "own")


def is_marked(field: FieldInfo, mark: str) -> bool:
    """Whether a key was declared with a mark."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get(mark) is True


def secret_values(value: object) -> Iterator[str]:
    """Every secret that a section and the sections in it carry."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secret_values(getattr(value, name))
    elif isinstance(value, dict):
        for member in value.values():
            yield from secret_values(member)
    elif isinstance(value, tuple | list):
        for member in value:
            yield from secret_values(member)
