"""Mistakes that lie between sections: names that nobody defines, names defined twice, rules for the root route.

The checks read the plain data, so that they find their mistakes also in a file that has others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from alertd.config.models import Settings
from alertd.config.receivers import KINDS, key_of
from alertd.config.scalars import empty_patterns, label_names, quoted_scalars
from alertd.config.types import Complaint, Section, flag_of, is_given, to_text
from alertd.errors import Problem
from alertd.routing.matchers import Grammar, MatcherError, parse_matchers
from alertd.yamlfile import Document, Path
from alertd.yamlmodel import sections

_LONGEST_QUOTE = 60
_INTERVALS = {"mute_time_intervals": "mute time interval", "time_intervals": "time interval"}
_WHOLE_PATTERN = re.compile(r"(?:[^\\\[]|\\.|\[\^?(?:[^\\\]]|\\.)+\])*", re.DOTALL)
_ROOT_REFUSES = {
    "matchers": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "match": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "match_re": "root route must not have any matchers; it takes every alert, so move them to a child in routes",
    "mute_time_intervals": "root route must not have any mute time intervals; move them to a child in routes",
    "active_time_intervals": "root route must not have any active time intervals; move them to a child in routes",
    "continue": "cannot have continue in root route; it has no siblings, so remove it",
}


def check(document: Document, grammar: Grammar) -> list[Problem]:
    """Every mistake that the single fields do not show; what a label's name may be follows from the grammar."""
    data = _mapping(document.data)
    return [
        *_whole(document),
        *_in_sections(document),
        *quoted_scalars(document),
        *label_names(document, grammar),
        *empty_patterns(document),
        *_names(document, data),
        *_root(document, data, grammar),
        *_routes(document, data),
        *_integrations(document, data),
        *_templates(document, data),
        *_default_source(document, data),
    ]


def _whole(document: Document) -> Iterator[Problem]:
    """A file that holds nothing, or nothing that has keys."""
    if document.data is None:
        yield document.problem((), "no route provided in config; the file is empty: add a route with a receiver")
    elif not isinstance(document.data, dict):
        found = "!!seq" if isinstance(document.data, list) else f"!!str `{str(document.data)[:_LONGEST_QUOTE]}`"
        sentence = f"cannot unmarshal {found} into a configuration; write keys, as in route: {{receiver: team}}"
        yield document.problem((), sentence)


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
    yield from _twice(document, _named(data, "receivers"), "notification config name")
    intervals: set[str] = set()
    for key, what in _INTERVALS.items():
        yield from _nameless(document, data, key, what)
        yield from _twice(document, _named(data, key), what, intervals)


def _twice(
    document: Document, named: Iterable[tuple[Path, str]], what: str, seen: set[str] | None = None
) -> Iterator[Problem]:
    """The names that come again; `seen` has those of an earlier list, and gets these."""
    seen = set() if seen is None else seen
    for path, name in named:
        if name in seen:
            yield document.problem((*path, "name"), f'{what} "{name}" is not unique; rename one')
        seen.add(name)


def _nameless(document: Document, data: Mapping[str, object], key: str, what: str) -> Iterator[Problem]:
    for index, entry in enumerate(_list(data.get(key))):
        if isinstance(entry, dict) and not is_given(entry, "name"):
            yield document.problem((key, index, "name"), f"missing name in {what}; write the name that routes use")


def _root(document: Document, data: Mapping[str, object], grammar: Grammar) -> Iterator[Problem]:
    root = data.get("route")
    if not isinstance(root, dict):
        return
    if not is_given(root, "receiver"):
        sentence = "root route must specify a default receiver; add receiver, the name of one in receivers"
        yield document.problem(("route",), sentence, at_key=True)
    for key, sentence in _ROOT_REFUSES.items():
        if _says_something(key, root.get(key), grammar):
            yield document.problem(("route", key), sentence, at_key=True)


def _says_something(key: str, value: object, grammar: Grammar) -> bool:
    """Whether a key that the root route refuses is more than an empty form."""
    if key == "continue":
        return bool(flag_of(value))
    if key != "matchers":
        return bool(value)
    for text in _list(value):
        try:
            if parse_matchers(str(to_text(text)), grammar):
                return True
        except MatcherError:
            return True
    return False


def _routes(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    receivers = {name for _, name in _named(data, "receivers")}
    intervals = {name for key in ("time_intervals", "mute_time_intervals") for _, name in _named(data, key)}
    waiting: list[tuple[Path, object]] = [(("route",), data.get("route"))]
    while waiting:
        path, route = waiting.pop()
        if not isinstance(route, dict):
            continue
        receiver = to_text(route.get("receiver"))
        if isinstance(receiver, str) and receiver and receiver not in receivers:
            sentence = f'undefined receiver "{receiver}" used in route; {_near(receiver, receivers, "receivers")}'
            yield document.problem((*path, "receiver"), sentence)
        for key in ("mute_time_intervals", "active_time_intervals"):
            for index, name in enumerate(map(to_text, _list(route.get(key)))):
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
                path = ("receivers", number, key_of(kind), index)
                if written is None:
                    yield document.problem(path, f"missing {kind} config; write its keys, or remove the entry")
                if isinstance(written, dict):
                    yield from _placed(document, path, written, config.missing(written, general))


def _templates(document: Document, data: Mapping[str, object]) -> Iterator[Problem]:
    for index, pattern in enumerate(_list(data.get("templates"))):
        if isinstance(pattern, str) and _is_broken_pattern(pattern):
            yield document.problem(("templates", index), "syntax error in pattern; close its bracket, or write \\[")


def _is_broken_pattern(pattern: str) -> bool:
    """Whether a pattern of file names has a bracket or a backslash without its end."""
    return _WHOLE_PATTERN.fullmatch(pattern) is None


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
        name = to_text(_mapping(entry).get("name"))
        if isinstance(name, str) and name:
            yield (key, index), name


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
