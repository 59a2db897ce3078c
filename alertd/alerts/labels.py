"""Label sets: their canonical form, their printed form and their fingerprint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

Labels = Mapping[str, str]

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_MASK = 0xFFFFFFFFFFFFFFFF


def without_empty(labels: Labels) -> dict[str, str]:
    """The same labels, sorted by name; an empty value means that the label is not there."""
    return {name: labels[name] for name in sorted(labels) if labels[name]}


def fingerprint(labels: Labels) -> str:
    """The identity of a label set: 16 hex digits, the same as Prometheus' and Alertmanager's.

    FNV-1a over the labels sorted by name, each name and value closed by the byte 0xff.
    """
    value = _FNV_OFFSET
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return f"{value:016x}"


def quote(value: str) -> str:
    """`value` in double quotes with `\\`, `"` and line ends escaped, as label values are printed."""
    return json.dumps(value, ensure_ascii=False)


def format_labels(labels: Labels) -> str:
    """`{alertname="A", team="a"}`, sorted by name."""
    return "{" + ", ".join(f"{name}={quote(labels[name])}" for name in sorted(labels)) + "}"


def common(label_sets: Iterable[Labels]) -> dict[str, str]:
    """The pairs that all of `label_sets` have; empty for none."""
    sets = iter(label_sets)
    shared = dict(next(sets, {}))
    for labels in sets:
        shared = {name: value for name, value in shared.items() if labels.get(name) == value}
    return dict(sorted(shared.items()))
