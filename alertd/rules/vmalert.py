"""The keys that vmalert adds to Prometheus' rule files: those with a meaning here are read, the others explained."""

from __future__ import annotations

from dataclasses import dataclass

from alertd.promql.durations import parse_duration
from alertd.rules.reading import Fields, Reader, kind
from alertd.yamlfile import Path

GROUP_KEYS = ("type", "concurrency", "eval_offset", "eval_delay", "eval_alignment", "params", "headers", "debug")

_LANGUAGES = {
    "graphite": "alertd evaluates PromQL; expressions of Graphite cannot be asked",
    "vlogs": "alertd evaluates PromQL; expressions of VictoriaLogs cannot be asked",
}
_ELSEWHERE = {
    "tenant": "a tenant is part of a source's url, as http://vmselect:8481/select/123/prometheus; name that source in"
    " `source`",
    "notifier_headers": "headers for an Alertmanager stand with its address in alertd.yml, as `http_headers`",
    "update_entries_limit": "alertd keeps every transition of an alert in its history, for as long as"
    " `retention.history` says; remove the key",
}


@dataclass(frozen=True)
class Extras:
    """What vmalert's keys say of a group; see `RuleGroup`."""

    concurrency: int = 1
    eval_offset: int | None = None
    eval_delay: int | None = None
    aligned: bool = False
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    debug: bool = False


def explain(key: str) -> str | None:
    """The sentence for a key of vmalert's groups or rules that has no meaning here."""
    return _ELSEWHERE.get(key)


def read_extras(reader: Reader, fields: Fields, path: Path, interval: int | None) -> Extras:
    """vmalert's keys of a group; `interval` is the group's own, in milliseconds."""
    language = reader.text(fields, "type", path)
    if language and language != "prometheus":
        sentence = _LANGUAGES.get(language, f"the type of a group is prometheus; this is {language!r}")
        reader.complain((*path, "type"), f"{sentence}; leave the group where it is")
    eval_delay = reader.duration(fields, "eval_delay", path)
    if "eval_delay" in fields and "query_offset" in fields:
        reader.complain((*path, "eval_delay"), "`eval_delay` and `query_offset` are one thing by two names; keep one")
    if "eval_delay" in fields and "eval_offset" in fields:
        reader.complain((*path, "eval_delay"), "`eval_delay` cannot be combined with `eval_offset`; keep one")
    return Extras(
        concurrency=max(reader.whole_number(fields, "concurrency", path), 1),
        eval_offset=_eval_offset(reader, fields, path, interval),
        eval_delay=eval_delay,
        aligned=reader.truth(fields, "eval_alignment", path, default=False),
        params=_params(reader, fields, path),
        headers=_headers(reader, fields, path),
        debug=reader.truth(fields, "debug", path, default=False),
    )


def _eval_offset(reader: Reader, fields: Fields, path: Path, interval: int | None) -> int | None:
    """The place within the interval; a negative one counts from its end."""
    text = reader.text(fields, "eval_offset", path)
    if not text:
        return None
    place = (*path, "eval_offset")
    try:
        offset = parse_duration(text.removeprefix("-"))
    except ValueError as error:
        reader.complain(place, f"{error}; write a number with its unit, as 30s or -5m")
        return None
    if not interval:
        reader.complain(place, "`eval_offset` is a place within the interval; the group needs an `interval`, too")
        return None
    if offset > interval:
        reader.complain(place, "`eval_offset` must lie within the group's interval; make it smaller")
        return None
    return (-offset if text.startswith("-") else offset) % interval


def _params(reader: Reader, fields: Fields, path: Path) -> tuple[tuple[str, str], ...]:
    value = fields.get("params")
    if value is None:
        return ()
    if not isinstance(value, dict):
        reader.complain((*path, "params"), f"`params` is a mapping of names to lists of texts; this is {kind(value)}")
        return ()
    found = []
    for name in value:
        for element, place in reader.items(value, name, (*path, "params")):
            if isinstance(element, dict | list) or element is None:
                reader.complain(place, f"a parameter's value is a text; this is {kind(element)}")
            else:
                found.append((str(name), reader.text({"value": element}, "value", place)))
    return tuple(found)


def _headers(reader: Reader, fields: Fields, path: Path) -> tuple[tuple[str, str], ...]:
    found = []
    for value, place in reader.items(fields, "headers", path):
        name, colon, text = value.partition(":") if isinstance(value, str) else ("", "", "")
        if not colon or not name.strip() or not text.strip():
            reader.complain(place, f"a header is written as `Name: value`; this is {kind(value)}")
        else:
            found.append((name.strip(), text.strip()))
    return tuple(found)
