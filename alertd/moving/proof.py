"""Whether two configurations mean the same: what is compared, and where they differ, in words without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from posixpath import isabs, normpath
from typing import Any

from pydantic import BaseModel, SecretStr

from alertd.config.clients import client_settings
from alertd.config.http import HttpConfig
from alertd.config.loading import Config
from alertd.config.receivers import Receiver
from alertd.routing.matchers import Matcher
from alertd.rules.models import AlertRule, RecordingRule, RuleFile

_COMPARED_ELSEWHERE = {
    *("route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals", "templates"),
    *("rule_files", "sources", "default_source", "evaluation_interval", "external_labels"),
    *("tracing", "event_recorder", "global_"),
    # The environment may name another one for all files.
    "database",
}
_PLACES = {"id", "file", "line", "places", "parsed"}


def meaning(value: Any, name: str = "") -> Any:
    """A value of a configuration as plain data that is equal where the meaning is.

    The order of matchers and the form of an authorization say nothing, and a path is where it leads. `name` is the
    name of the field that has the value.
    """
    if isinstance(value, SecretStr):
        return ("secret", value.get_secret_value())
    if isinstance(value, HttpConfig):
        return meaning(client_settings(value))
    if isinstance(value, BaseModel):
        return {key: meaning(getattr(value, key), key) for key in type(value).model_fields}
    if isinstance(value, tuple | list):
        if value and all(isinstance(member, Matcher) for member in value):
            return sorted(map(str, value))
        return [meaning(member, name) for member in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: meaning(getattr(value, field.name), field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: meaning(member, name) for key, member in value.items()}
    if isinstance(value, str) and name.endswith(("_file", "files")) and isabs(value):
        return normpath(value)
    return value


def differences(old: Config, new: Config) -> Iterator[str]:
    """What of routing and receivers differs, one sentence each; templates, rules and sources are not looked at."""
    if meaning(old.route) != meaning(new.route):
        yield "the route tree differs"
    if inhibition_of(old) != inhibition_of(new):
        yield "the inhibition rules differ"
    if meaning(dict(old.time_intervals)) != meaning(dict(new.time_intervals)):
        yield "the time intervals differ"
    if list(old.receivers) != list(new.receivers):
        yield "the receivers are not the same"
    for name in old.receivers.keys() & new.receivers.keys():
        if meaning(old.receivers[name]) != meaning(new.receivers[name]):
            yield f"the receiver {name!r} differs"
    for key in _settings_to_compare(old.settings):
        if meaning(getattr(old.settings, key)) != meaning(getattr(new.settings, key)):
            yield f"{key} differs"
    # What receivers take from `global` is in them already, so that only the rest of it has a meaning of its own.
    if old.settings.global_.resolve_timeout != new.settings.global_.resolve_timeout:
        yield "global.resolve_timeout differs"


def inhibition_of(config: Config) -> list[dict[str, Any]]:
    """The inhibition rules; anchors around a pattern, which matches whole values anyway, say nothing here."""
    return [
        {**meaning(rule), "source": _without_anchors(rule.source), "target": _without_anchors(rule.target)}
        for rule in config.inhibit_rules
    ]


def _without_anchors(matchers: tuple[Matcher, ...]) -> list[tuple[str, str, str]]:
    return sorted((matcher.name, matcher.op.value, _bare(matcher)) for matcher in matchers)


def _bare(matcher: Matcher) -> str:
    whole = matcher.op.is_regex and matcher.value.startswith("^(?:") and matcher.value.endswith(")$")
    return matcher.value[len("^(?:") : -len(")$")] if whole else matcher.value


def _settings_to_compare(settings: BaseModel) -> list[str]:
    return [key for key in type(settings).model_fields if key not in _COMPARED_ELSEWHERE]


def differing_keys(old: Receiver, new: Receiver) -> tuple[str, ...]:
    """The keys of a receiver that do not mean the same in two configurations, as `slack_configs.0.channel`."""
    return tuple(_differing(meaning(old), meaning(new), ""))


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _differing(old[key], new[key], f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differing(before, after, f"{path}.{index}")
    else:
        yield path


def rule_meanings(files: tuple[RuleFile, ...], query_offset: int | None) -> list[Any]:
    """The alerting rules of all files, group by group, as plain data without their places.

    Groups without a query offset of their own get `query_offset`; groups that only record are not there.
    """
    found = []
    for file in files:
        for group in file.groups:
            rules = [meaning(_without_places(rule)) for rule in group.rules if isinstance(rule, AlertRule)]
            if rules or not group.rules:
                offset = query_offset if group.query_offset is None else group.query_offset
                found.append({**_without_places(group), "rules": rules, "query_offset": offset})
    return found


def _without_places(value: AlertRule | RecordingRule | Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name not in _PLACES}
