"""Mistakes that lie between sections: names that nobody defines, names defined twice, rules for the root route.

The checks read the plain data, so that they find their mistakes also in a file that has others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from alertd.config.models import Settings
from alertd.config.receivers import KINDS, key_of
from alertd.config.types import Complaint, Section, is_given
from alertd.errors import Problem
from alertd.yamlfile import Document, Path
from alertd.yamlmodel import sections

_ROOT_REFUSES = {
    "matchers": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "match": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "match_re": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "mute_time_intervals": "root route must not have any mute time intervals; move them to a child in routes",
    "active_time_intervals": "root route must not have any active time intervals; move them to a child in routes",
    "continue": "cannot have continue in root route; it has no siblings, so remove it",
}


def check(document: Document) -> list[Problem]:
    """Every mistake that the single fields do not show."""
    data = _mapping(document.data)
    return [
        *_in_sections(document),
        *_names(document, data),
        *_root(document, data),
        *_routes(document, data),
        *_integrations(document, data),
        *_default_source(document, data),
    ]


def _in_sections(document: Document) -> Iterator[Problem]:
    for path, model, written in sections(document, Settings):
        if issubclass(model, Section):
            yield from _placed(document, path, written, model.complaints(written))


def _placed(
    document: Document, path: Path, written: Mapping[str, object], complaints: Iterable[Complaint]
) -> Iterator[Problem]:
    for keys, sentence in complaints:
        key = next((key for key in keys.split("/") if key in written), keys)
        yield document.problem((*path, key) if key else path, sentence, at_key=True)


def _names(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    yield from _twice(document, _named(data, "receivers"), "notification config name {} is not unique; rename one")
    intervals = [*_named(data, "mute_time_intervals"), *_named(data, "time_intervals")]
    yield from _twice(document, intervals, "time interval {} is not unique; rename one")


def _twice(document: Document, named: Iterable[tuple[Path, str]], sentence: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            yield document.problem((*path, "name"), sentence.format(f'"{name}"'))
        seen.add(name)


def _root(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    root = data.get("route")
    if not isinstance(root, dict):
        return
    if not is_given(root, "receiver"):
        sentence = "root route must specify a default receiver; add receiver, the name of one in receivers"
        yield document.problem(("route",), sentence, at_key=True)
    for key, sentence in _ROOT_REFUSES.items():
        if root.get(key):
            yield document.problem(("route", key), sentence, at_key=True)


def _routes(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    receivers = {name for _, name in _named(data, "receivers")}
    intervals = {name for key in ("time_intervals", "mute_time_intervals") for _, name in _named(data, key)}
    waiting: list[tuple[Path, object]] = [(("route",), data.get("route"))]
    while waiting:
        path, route = waiting.pop()
        if not isinstance(route, dict):
            continue
        receiver = route.get("receiver")
        if isinstance(receiver, str) and receiver and receiver not in receivers:
            sentence = f'undefined receiver "{receiver}" used in route; {_near(receiver, receivers, "receivers")}'
            yield document.problem((*path, "receiver"), sentence)
        for key in ("mute_time_intervals", "active_time_intervals"):
            for index, name in enumerate(_list(route.get(key))):
                if isinstance(name, str) and name not in intervals:
                    near = _near(name, intervals, "time_intervals")
                    sentence = f'undefined time interval "{name}" used in route; {near}'
                    yield document.problem((*path, key, index), sentence)
        waiting += [((*path, "routes", index), child) for index, child in enumerate(_list(route.get("routes")))]


def _integrations(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    general = _mapping(data.get("global"))
    for number, receiver in enumerate(_list(data.get("receivers"))):
        for kind, config in KINDS.items():
            for index, written in enumerate(_list(_mapping(receiver).get(key_of(kind)))):
                if isinstance(written, dict):
                    path = ("receivers", number, key_of(kind), index)
                    yield from _placed(document, path, written, config.missing(written, general))


def _default_source(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    name = data.get("default_source")
    sources = set(_mapping(data.get("sources")))
    if isinstance(name, str) and name not in sources:
        sentence = f'undefined source "{name}" used as default_source; {_near(name, sources, "sources")}'
        yield document.problem(("default_source",), sentence)


def _near(name: str, known: Iterable[str], where: str) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"define it in {where}" + (f", or use one of {', '.join(names)}" if names else "")


def _named(data: Mapping[str, object], key: str) -> Iterator[tuple[Path, str]]:
    """The path and the name of each entry of a list that has one."""
    for index, entry in enumerate(_list(data.get(key))):
        name = _mapping(entry).get("name")
        if isinstance(name, str) and name:
            yield (key, index), name


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
