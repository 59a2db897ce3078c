"""Dependencies between rules: a child says nothing while an alert that it depends on fires.

A parent explains a child when every label that both have agrees, leaving out the alert's name and severity: so
`ProviderDown{provider="a"}` holds back `HighLatency{provider="a"}` and not `HighLatency{provider="b"}`.
"""

from __future__ import annotations

from collections.abc import Iterable

from alertd.alerts.labels import Labels

_NOT_COMPARED = frozenset({"alertname", "severity"})


class Dependencies:
    """Knows the firing alerts by name and answers which of them explains another."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[str, Labels]] = {}
        self._names: dict[str, str] = {}

    def add(self, fingerprint: str, labels: Labels) -> None:
        self.remove(fingerprint)
        name = labels.get("alertname", "")
        self._names[fingerprint] = name
        self._by_name.setdefault(name, {})[fingerprint] = labels

    def remove(self, fingerprint: str) -> None:
        name = self._names.pop(fingerprint, None)
        if name is not None:
            del self._by_name[name][fingerprint]

    def explained_by(self, labels: Labels, depends_on: Iterable[str]) -> str | None:
        """The fingerprint of a firing alert that an alert with `labels` depends on; None if there is none."""
        for name in depends_on:
            for fingerprint, parent in self._by_name.get(name, {}).items():
                if _agree(parent, labels):
                    return fingerprint
        return None


def _agree(parent: Labels, child: Labels) -> bool:
    shared = (parent.keys() & child.keys()) - _NOT_COMPARED
    return all(parent[name] == child[name] for name in shared)
