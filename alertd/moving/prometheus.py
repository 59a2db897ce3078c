"""What an `alertd.yml` takes of a `prometheus.yml`: rules, their interval and labels, sources, forwarding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alertd.config.types import duration_of
from alertd.errors import InvalidInput, Problem
from alertd.moving.changes import Action, Change, place_of
from alertd.moving.edits import Edit
from alertd.moving.forwarding import Forwarded, forwarded
from alertd.moving.layout import Layout, Placed
from alertd.moving.parts import Part, Parts
from alertd.moving.scalars import scalar
from alertd.moving.sections import section
from alertd.moving.variables import escaped
from alertd.yamlfile import Document

_USUAL = "http://localhost:9090"
_CARRIED = ("evaluation_interval", "external_labels")
_STAYS = "is about scraping, storing or tracing, which stay with Prometheus"
_OF_PROMETHEUS = {
    *("scrape_configs", "scrape_config_files", "remote_write", "remote_read", "storage", "tracing", "otlp", "runtime"),
}


@dataclass(frozen=True)
class Carried:
    """What goes into `alertd.yml`, as text, and what was done to the file.

    `values` has the keys of `alertd.yml` that have the same value in both. `query_offset` is what all groups have that
    do not say it, "" for none. `placed` has the patterns of the rule files that are carried.
    """

    text: str
    values: Mapping[str, object]
    changes: tuple[Change, ...]
    placed: tuple[Placed, ...]
    query_offset: str
    forwarded: Forwarded


def carried(
    document: Document, parts: Parts, layout: Layout, directories: tuple[str, str], url: str, *, routed: bool
) -> Carried:
    """The part of the file that alertd takes; `url` is where it finds the Prometheus, "" for the usual address.

    `directories` are the absolute paths of the file's folder and of the new one; with `routed` there are routes beside
    it, so that nothing is forwarded. Raises `InvalidInput` when the file is no configuration of Prometheus.
    """
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("global", {}), dict | None):
        sentence = "this is no configuration of Prometheus: it is a mapping with global, rule_files and others"
        raise InvalidInput([document.problem((), sentence)])
    general = _mapping(data.get("global"))
    if general.get("evaluation_interval") is not None and not duration_of(general["evaluation_interval"]):
        sentence = "this is no duration to evaluate rules at; write one, as in 30s or 1m"
        raise InvalidInput([document.problem(("global", "evaluation_interval"), sentence)])
    placed: list[Placed] = []
    changes = [*_rule_files(document, parts, layout, placed), *_left_out(parts, document.file)]
    if not url:
        sentence = (
            f"the file does not say where Prometheus is: alertd is to ask {_USUAL}, mend sources if it is not there"
        )
        changes.append(Change(Action.LOOK, Problem(document.file, 1, 1, "", sentence)))
    told = forwarded(document, parts, directories, routed=routed)
    changes += told.changes
    offset = parts.find(("global", "rule_query_offset"))
    edits = [edit for change in changes for edit in change.edits]
    values = {key: general[key] for key in _CARRIED if general.get(key)}
    sections = [
        *(section(parts, ("global", key), edits, value) for key, value in values.items()),
        section(parts, ("rule_files",), edits, [place.target for place in placed]),
        f"sources:\n  prometheus:\n    type: prometheus\n    url: {_url(url or _USUAL)}\n",
        told.text,
    ]
    query_offset = offset.value if offset is not None else ""
    return Carried("".join(sections), values, tuple(changes), tuple(placed), query_offset, told)


def _url(url: str) -> str:
    return url if url.startswith(("http://", "https://")) and not set(url) & set(" #'\"{}[],") else scalar(url)


def _rule_files(document: Document, parts: Parts, layout: Layout, placed: list[Placed]) -> Iterator[Change]:
    data = document.data
    patterns = data.get("rule_files") if isinstance(data, dict) else None
    for index, pattern in enumerate(patterns if isinstance(patterns, list) else ()):
        if not isinstance(pattern, str):
            raise InvalidInput([document.problem(("rule_files", index), "expected a path or a pattern of paths")])
        place = layout.place(pattern, "rules")
        placed.append(place)
        part = parts.find(("rule_files", index))
        if part is not None and place.target != pattern:
            sentence = f"the rules are copied, so {pattern} is written as {place.target}"
            edit = Edit(part.start, part.end, scalar(escaped(place.target)))
            yield _change(Action.CHANGED, parts, document.file, part, sentence, edit)


def _left_out(parts: Parts, file: str) -> Iterator[Change]:
    for path, part in parts.by_path.items():
        match path:
            case ("global", "rule_query_offset"):
                sentence = "the groups say it themselves, as query_offset"
                yield _change(Action.CHANGED, parts, file, part, f"rule_query_offset: {sentence}")
            case ("global", "external_labels", str(name)) if "$" in part.value:
                sentence = (
                    f"the value of {name} has a $ in it: alertd fills in ${{NAME}} from the environment and leaves"
                    " $NAME as it is, newer Prometheuses fill in both"
                )
                yield _change(Action.LOOK, parts, file, part, sentence)
            case ("global", str(key)) if key not in _CARRIED:
                yield _change(Action.LEFT_OUT, parts, file, part, f"{key} {_STAYS}")
            case (str(key),) if key in _OF_PROMETHEUS:
                yield _change(Action.LEFT_OUT, parts, file, part, f"{key} {_STAYS}")
            case (str(key),) if key not in {"global", "rule_files", "alerting"}:
                sentence = (
                    f"{key} is no key of Prometheus that is known here; see whether alertd must do something for it"
                )
                yield _change(Action.LOOK, parts, file, part, sentence)


def _change(action: Action, parts: Parts, file: str, part: Part, sentence: str, *edits: Edit) -> Change:
    place = place_of(parts.text, file, part.first, ".".join(map(str, part.path)), sentence)
    return Change(action, place, edits)


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
