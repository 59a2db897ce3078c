"""Reads lists of label sets: alerts as Alertmanager and Prometheus answer them, YAML, or a label set a line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping

from alertd.alerts.labels import without_empty
from alertd.errors import InvalidInput, Problem
from alertd.routing.matchers import MatcherError, Operator, parse_matchers
from alertd.yamlfile import load, text_of

_FORMS = (
    'write alerts as `amtool alert query -o json` does, or a label set a line, as alertname=DiskFull team="a b"'
    ' or {alertname="DiskFull"}'
)


def label_sets_of(text: str, file: str) -> tuple[dict[str, str], ...]:
    """The label sets of a text, each once, in its order; `file` is its name in problems.

    JSON and YAML may hold a list of alerts or of label sets, and the answers of `/api/v2/alerts`,
    `/api/v2/alerts/groups` and Prometheus' `/api/v1/alerts`. Raises `InvalidInput`.
    """
    found = list(_read(text, file))
    return tuple(dict(labels) for labels in dict.fromkeys(tuple(without_empty(labels).items()) for labels in found))


def _read(text: str, file: str) -> Iterator[Mapping[str, str]]:
    try:
        yield from _alerts(json.loads(text), file)
        return
    except ValueError:
        pass
    if not _is_yaml_list(text):
        yield from _lines(text, file)
        return
    yield from _alerts(load(text, file).data, file)


def _is_yaml_list(text: str) -> bool:
    """Whether the first line with something on it begins an entry of a list or a key of YAML."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first.startswith(("- ", "---")) or first.endswith(":")


def _lines(text: str, file: str) -> Iterator[dict[str, str]]:
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            yield label_set_of(written)
        except ValueError as error:
            problems.append(Problem(file, number, 1, "", str(error)))
    if problems:
        raise InvalidInput(problems)


def label_set_of(text: str) -> dict[str, str]:
    """The label set of one line: `a=b c="d e"`, or `{a="b", c="d e"}`. Raises `ValueError`."""
    if text.startswith("{"):
        return _in_braces(text)
    labels: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no label set: {error}; {_FORMS}") from None
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals or value.startswith("~") or name.endswith("!"):
            raise ValueError(f"{word!r} is no label; {_FORMS}")
        labels[name] = value
    return labels


def _in_braces(text: str) -> dict[str, str]:
    try:
        matchers = parse_matchers(text)
    except MatcherError as error:
        raise ValueError(f"{text!r} is no label set: {error}; {_FORMS}") from None
    if any(matcher.op is not Operator.EQUAL for matcher in matchers):
        raise ValueError(f"{text!r} is no label set: a label has one value, so write = between the two")
    return {matcher.name: matcher.value for matcher in matchers}


def _alerts(data: object, file: str) -> Iterator[dict[str, str]]:
    match data:
        case {"alerts": list(alerts)} | {"data": list(alerts)}:
            yield from _alerts(alerts, file)
        case None | {"alerts": None}:
            return
        case {"labels": dict(labels)}:
            yield _labels(labels, file)
        case {"data": dict(answer)}:
            yield from _alerts(answer, file)
        case list():
            for entry in data:
                yield from _alerts(entry, file)
        case dict():
            yield _labels(data, file)
        case _:
            raise InvalidInput([Problem(file, 1, 1, "", f"this holds no label sets; {_FORMS}")])


def _labels(data: dict[str, object], file: str) -> dict[str, str]:
    for name, value in data.items():
        if not isinstance(value, str | int | float):
            sentence = f"the label {name!r} has no text as its value; {_FORMS}"
            raise InvalidInput([Problem(file, 1, 1, name, sentence)])
    return {name: text_of(value) for name, value in data.items() if isinstance(value, str | int | float)}
