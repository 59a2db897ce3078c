"""Snapshots: the JSON that an application shows of itself, turned into samples by plain functions.

A number or a boolean becomes a sample named by its path joined with `_`; a text becomes a state: the value 1 in a
series whose label `state` is the text; null says nothing. The elements of a list are told apart by the label `index`
(`index_2` and so on for lists within lists). A mapping gives the values of a path pattern a better name and labels.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alertd.errors import AlertdError

STATE = "state"
INDEX = "index"

_ANY = "*"
_REST = "**"
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NOT_IN_METRIC_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_NAME_TEMPLATE = re.compile(r"(?:[a-zA-Z0-9_]|\$[1-9])+")
_REFERENCE = re.compile(r"\$([1-9])")


class SnapshotRejected(AlertdError):
    """A snapshot was refused whole. `path` is the dotted path of what was wrong, empty for the document itself."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(f"{path}: {message}" if path else message)


@dataclass(frozen=True)
class Limits:
    """How large a snapshot may be: levels of nesting, samples, and characters of a name and of a label's value."""

    depth: int = 32
    samples: int = 10_000
    name: int = 256
    value: int = 2_048


Path = tuple["str | int", ...]
Sample = tuple[dict[str, str], float]


@dataclass(frozen=True)
class Snapshot:
    """What one push said at the instant `at`: the pusher's labels, and samples whose labels include `__name__`."""

    at: int
    labels: Mapping[str, str]
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class PathMapping:
    """Gives the values whose path matches `pattern` the name `name` and the labels `labels`.

    `name` is None for values that shall be left out. In `name` and `labels`, `$1` to `$9` stand for what the
    pattern's wildcards matched.
    """

    pattern: tuple[str, ...]
    name: str | None
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, pattern: str, name: str | None, labels: Mapping[str, str] | None = None) -> PathMapping:
        """Read `checks.providers.details.*.status`: path elements between dots, `*` for any one, `**` for the rest.

        Raises ValueError that says what is wrong with the pattern, the name or a label.
        """
        elements = tuple(pattern.split("."))
        if "" in elements:
            raise ValueError(f"the path pattern {pattern!r} has an empty element; write elements with single dots")
        if _REST in elements[:-1]:
            raise ValueError(f"`**` may only end a path pattern; {pattern!r} goes on after it")
        wildcards = sum(element in (_ANY, _REST) for element in elements)
        if name is not None and not _NAME_TEMPLATE.fullmatch(name):
            raise ValueError(f"the name {name!r} may have letters, digits, `_` and `$1` to `$9` only")
        given = dict(labels or {})
        for label in given:
            if not _LABEL_NAME.fullmatch(label) or label in _RESERVED:
                raise ValueError(f"{label!r} cannot be a mapping's label; {_RESERVED_SENTENCE}")
        for text in (name or "", *given.values()):
            for number in _REFERENCE.findall(text):
                if int(number) > wildcards:
                    raise ValueError(f"${number} in {text!r} has no wildcard: {pattern!r} has {wildcards}")
        return cls(elements, name, given)

    def match(self, path: Path) -> list[Path] | None:
        """What each wildcard matched, or None when the path is another one."""
        open_ended = self.pattern[-1] == _REST
        fixed = self.pattern[:-1] if open_ended else self.pattern
        if len(path) <= len(fixed) if open_ended else len(path) != len(fixed):
            return None
        matched: list[Path] = []
        for expected, found in zip(fixed, path, strict=False):
            if expected == _ANY:
                matched.append((found,))
            elif expected != str(found):
                return None
        if open_ended:
            matched.append(path[len(fixed) :])
        return matched


_RESERVED = {"__name__", STATE, INDEX}
_RESERVED_SENTENCE = "a label's name has letters, digits and `_`, and `__name__`, `state` and `index` are alertd's own"


def flatten(
    document: Any,
    mappings: Sequence[PathMapping],
    labels: Mapping[str, str],
    at: int,
    limits: Limits = Limits(),
) -> Snapshot:
    """Turn a JSON document (as `json.loads` gives it) into the samples of one snapshot.

    The first mapping that matches a path names its value. `labels` are the pusher's: every sample has them, and a
    mapping's label of the same name wins. Raises SnapshotRejected, which names the path of what was wrong.
    """
    if not isinstance(document, dict):
        raise SnapshotRejected("", f"a snapshot is a JSON object; this is {_kind(document)}")
    _check_pusher_labels(labels, limits)
    samples: list[Sample] = []
    origins: dict[frozenset[tuple[str, str]], Path] = {}
    for path, leaf in _leaves(document, (), limits.depth):
        place = _naming(path, mappings)
        if place is None:
            continue
        name, own_labels = place
        value, state = _value(path, leaf)
        series = {"__name__": name, **labels, **own_labels, **state}
        # An empty value means that the label is not there.
        series = {label: text for label, text in series.items() if text}
        _check_size(path, series, limits)
        known = origins.setdefault(frozenset(series.items()), path)
        if known != path:
            raise SnapshotRejected(
                dotted(path), f"this is the series {_print(series)} that {dotted(known)} is already; map one of the two"
            )
        samples.append((series, value))
        if len(samples) > limits.samples:
            raise SnapshotRejected(dotted(path), f"a snapshot may hold {limits.samples} samples; this is one too many")
    return Snapshot(at, dict(labels), tuple(samples))


def dotted(path: Path) -> str:
    """A path as people write it: `checks.providers.0.status`."""
    return ".".join('""' if element == "" else str(element) for element in path)


def _leaves(node: Any, path: Path, levels: int) -> Iterator[tuple[Path, Any]]:
    if isinstance(node, dict):
        children: Iterator[tuple[str | int, Any]] = ((str(key), child) for key, child in node.items())
    elif isinstance(node, list):
        children = iter(enumerate(node))
    else:
        if node is not None:
            yield path, node
        return
    if levels == 0:
        raise SnapshotRejected(dotted(path), f"nested deeper than {len(path)} levels; push a flatter document")
    for element, child in children:
        yield from _leaves(child, (*path, element), levels - 1)


def _naming(path: Path, mappings: Sequence[PathMapping]) -> tuple[str, dict[str, str]] | None:
    """The metric name and labels of a path; None when its mapping leaves it out."""
    for mapping in mappings:
        matched = mapping.match(path)
        if matched is None:
            continue
        if mapping.name is None:
            return None
        labels = {label: _fill(text, matched, ".", with_positions=True) for label, text in mapping.labels.items()}
        spoken_for = {
            int(number) for text in (mapping.name, *mapping.labels.values()) for number in _REFERENCE.findall(text)
        }
        # A list position that the mapping uses in a label, or names outright, needs no label `index` beside it.
        left = [
            element
            for number, part in enumerate(matched, start=1)
            for element in part
            if number not in spoken_for or len(part) > 1
        ]
        return _metric_name(_fill(mapping.name, matched, "_", with_positions=False)), {**_indexes(left), **labels}
    name = "_".join(element for element in path if isinstance(element, str))
    return _metric_name(name), _indexes(path)


def _fill(template: str, matched: Sequence[Path], joint: str, *, with_positions: bool) -> str:
    def text(reference: re.Match[str]) -> str:
        part = matched[int(reference[1]) - 1]
        # Of `**` the list positions become labels; a position that one `*` matched is meant to be in the name.
        kept = part if with_positions or len(part) == 1 else [e for e in part if isinstance(e, str)]
        return joint.join(str(element) for element in kept)

    return _REFERENCE.sub(text, template)


def _indexes(elements: Sequence[str | int]) -> dict[str, str]:
    positions = [element for element in elements if isinstance(element, int)]
    return {INDEX if n == 1 else f"{INDEX}_{n}": str(position) for n, position in enumerate(positions, start=1)}


def _metric_name(text: str) -> str:
    name = _NOT_IN_METRIC_NAMES.sub("_", text)
    return name if name and not name[0].isdigit() else f"_{name}"


def _value(path: Path, leaf: Any) -> tuple[float, dict[str, str]]:
    if isinstance(leaf, str):
        return 1.0, {STATE: leaf}
    try:
        value = float(leaf)
    except OverflowError:
        value = math.inf
    except TypeError:
        raise SnapshotRejected(dotted(path), f"a snapshot holds no {_kind(leaf)}") from None
    if not math.isfinite(value):
        raise SnapshotRejected(dotted(path), "this number is not finite; leave it out or push null")
    return value, {}


def _check_pusher_labels(labels: Mapping[str, str], limits: Limits) -> None:
    for label, value in labels.items():
        if not _LABEL_NAME.fullmatch(label) or label in _RESERVED:
            raise SnapshotRejected(f"labels.{label}", f"this cannot be a pusher's label: {_RESERVED_SENTENCE}")
        if max(len(label), len(value)) > limits.value:
            raise SnapshotRejected(f"labels.{label}", f"a label may have {limits.value} characters")


def _check_size(path: Path, series: Mapping[str, str], limits: Limits) -> None:
    if len(series["__name__"]) > limits.name:
        raise SnapshotRejected(
            dotted(path), f"its name has {len(series['__name__'])} characters, {limits.name} are allowed; map it"
        )
    for label, value in series.items():
        if len(value) > limits.value:
            raise SnapshotRejected(
                dotted(path), f"its label {label} has {len(value)} characters, {limits.value} are allowed"
            )


def _print(series: Mapping[str, str]) -> str:
    pairs = [f"{label}={json.dumps(series[label])}" for label in sorted(series) if label != "__name__"]
    return f"{series['__name__']}{{{', '.join(pairs)}}}"


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), type(value).__name__)
