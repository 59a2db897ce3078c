"""`alerting` of a `prometheus.yml`: alertd forwards its alerts to the same Alertmanagers, where that means the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alertd.config.forwarding import AlertmanagerConfig
from alertd.config.http import HttpConfig
from alertd.config.loading import parse_config
from alertd.errors import InvalidInput
from alertd.moving.alertmanager import files
from alertd.moving.changes import Action, Change
from alertd.moving.edits import Edit, cut
from alertd.moving.parts import Parts, parts_of
from alertd.moving.proof import meaning
from alertd.moving.scalars import scalar
from alertd.moving.sections import dumped, is_liftable, section
from alertd.moving.variables import escaped, escapes
from alertd.yamlfile import Document, load
from alertd.yamlfile import Path as Place

#: Routes of an `alertd.yml` that has none of its own to carry over.
NOBODY = """\
route:
  receiver: nobody
receivers:
  - name: nobody
"""
_SECTION = ("alerting",)
_LIST = ("alerting", "alertmanagers")
_PORTS = {"http": 80, "https": 443}
_WITHOUT_PORT = re.compile(r"[^:/\[\]]+|\[[^\]]*\]")
_ROUTED = (
    "alertd routes by itself now, since alertmanager.yml is carried over too, so no Alertmanager is named here; import"
    " this file alone to have alertd forward its alerts"
)
_NO_RELABELLING = (
    "alertd does not rewrite labels of alerts: write the labels into the rules, and see what that means for routes"
)
_NO_DISCOVERY = "alertd looks for no Alertmanagers by itself: name their host:port in static_configs"
_NO_LABELS = "labels of an Alertmanager serve relabelling alone, which alertd does not do"


@dataclass(frozen=True)
class Forwarded:
    """The section `alerting` as text, "" for none, what it means, and what was done to the file."""

    text: str = ""
    alertmanagers: tuple[AlertmanagerConfig, ...] = field(default=(), repr=False)
    changes: tuple[Change, ...] = ()


def forwarded(document: Document, parts: Parts, directories: tuple[str, str], *, routed: bool) -> Forwarded:
    """Who alertd forwards to; nobody where it routes by itself (`routed`).

    `directories` are the absolute paths of the file's folder and of the new one. Raises `InvalidInput` when the section
    is none.
    """
    written = document.data.get("alerting") if isinstance(document.data, dict) else None
    entries = (written or {}).get("alertmanagers", []) if isinstance(written or {}, dict) else None
    if not isinstance(written or {}, dict) or not isinstance(entries or [], list):
        sentence = "this is no section of Prometheus: alerting is a mapping with a list of alertmanagers"
        raise InvalidInput([document.problem(_SECTION if entries is None else _LIST, sentence)])
    work = _Work(document, directories[0])
    work.look_at(written or {}, routed=routed)
    if routed or not work.kept:
        return Forwarded(changes=tuple(work.changes))
    original = document
    if not is_liftable(parts, _SECTION) or work.cuts_between_brackets(parts):
        text = dumped({"alerting": written})
        document, parts = load(text, document.file), parts_of(text)
    further = list(_kept_as_meant(document, parts, directories))
    edits = [*work.edits(parts), *(edit for change in further for edit in change.edits)]
    changes = [*work.changes, *(_placed(change, original) for change in further)]
    return Forwarded(section(parts, _SECTION, edits, written), tuple(work.kept), tuple(changes))


def forwarding_meaning(alertmanagers: Sequence[AlertmanagerConfig]) -> list[Any]:
    """What is forwarded to whom, as plain data that is equal where the meaning is."""
    own = [name for name in AlertmanagerConfig.model_fields if name not in HttpConfig.model_fields]
    return [(meaning(one), {name: meaning(getattr(one, name), name) for name in own}) for one in alertmanagers]


class _Work:
    """Decides entry by entry; `kept` is how Prometheus means those that are carried."""

    def __init__(self, document: Document, directory: str) -> None:
        self._document = document
        self._directory = Path(directory)
        self._cut: list[Place] = []
        self._written: dict[Place, str] = {}
        self.kept: list[AlertmanagerConfig] = []
        self.changes: list[Change] = []

    def look_at(self, written: Mapping[str, object], *, routed: bool) -> None:
        for key, value in written.items():
            place = (*_SECTION, key)
            if key == "alert_relabel_configs":
                self._leave(Action.LOOK, place, _NO_RELABELLING)
            elif key != "alertmanagers":
                self._leave(Action.LOOK, place, f"{key} is no key of Prometheus that is known here")
            elif routed or not value:
                self._leave(Action.LEFT_OUT, place, _ROUTED if value else "it names nobody")
            else:
                for index, entry in enumerate(value if isinstance(value, list) else ()):
                    self._entry((*_LIST, index), entry)

    def edits(self, parts: Parts) -> Iterator[Edit]:
        """What makes the new text of the old one, of which `parts` are."""
        for place in self._cut:
            part = parts.find(place)
            if part is not None:
                yield cut(parts, part)
        for place, text in self._written.items():
            part = parts.find(place)
            if part is not None:
                yield Edit(part.start, part.end, scalar(escaped(text)))

    def cuts_between_brackets(self, parts: Parts) -> bool:
        """Whether something is cut out of brackets, where two cuts would meet."""
        return any((part := parts.find(place[:-1])) is None or part.flow for place in self._cut)

    def _leave(self, action: Action, place: Place, sentence: str) -> None:
        self._cut.append(place)
        self._say(action, place, sentence)

    def _say(self, action: Action, place: Place, sentence: str) -> None:
        self.changes.append(Change(action, self._document.problem(place, sentence, at_key=True)))

    def _entry(self, place: Place, entry: object) -> None:
        """Carry one entry, or say why not."""
        if not isinstance(entry, dict):
            raise InvalidInput([self._document.problem(place, "this is no Alertmanager: it is a mapping")])
        left: dict[str, object] = {}
        discovers = False
        told = len(self.changes)
        for key, value in entry.items():
            if key.endswith("_sd_configs"):
                discovers = True
                self._leave(Action.LOOK, (*place, key), _NO_DISCOVERY)
            elif key == "alert_relabel_configs":
                self._leave(Action.LOOK, (*place, key), _NO_RELABELLING)
            elif key == "relabel_configs" and not value:
                self._leave(Action.LEFT_OUT, (*place, key), "it is empty")
            elif key == "static_configs" and isinstance(value, list):
                default = _PORTS.get(str(entry.get("scheme", "http")), 80)
                left[key] = [self._static((*place, key, index), one, default) for index, one in enumerate(value)]
            else:
                left[key] = value
        if discovers and not left.get("static_configs"):
            self._cut.append(place)
            return
        if not self._carry(place, left):
            # What would have been changed in it says nothing any more.
            self.changes[told:] = [change for change in self.changes[told:] if change.action is Action.LOOK]

    def _static(self, place: Place, static: object, default: int) -> object:
        if not isinstance(static, dict):
            return static
        labels, targets = static.get("labels"), static.get("targets")
        found = dict(static)
        # Labels that begin so say how the Alertmanager is spoken to, and stay to be complained of.
        if "labels" in static and not any(str(name).startswith("__") for name in labels or ()):
            self._leave(Action.LEFT_OUT, (*place, "labels"), _NO_LABELS)
            del found["labels"]
        if isinstance(targets, list):
            found["targets"] = [
                self._target((*place, "targets", index), one, default) for index, one in enumerate(targets)
            ]
        return found

    def _target(self, place: Place, target: object, default: int) -> object:
        if not isinstance(target, str) or not _WITHOUT_PORT.fullmatch(target):
            return target
        full = f"{target}:{default}"
        self._written[place] = full
        self._say(Action.CHANGED, place, f"{target} is written as {full}, with the port that Prometheus takes")
        return full

    def _carry(self, place: Place, entry: Mapping[str, object]) -> bool:
        """Keep an entry that alertd can forward to, else say what is in the way; whether it is kept."""
        text = NOBODY + dumped(_escaped({"alerting": {"alertmanagers": [entry]}}))
        try:
            config = parse_config(text, self._document.file, self._directory, {})
        except InvalidInput as invalid:
            self._cut.append(place)
            for problem in invalid.problems:
                sentence = f"nothing is forwarded to these Alertmanagers: {problem.message}"
                self._say(Action.LOOK, (*place, *_path(problem.field)[3:]), sentence)
            return False
        self.kept += config.settings.alerting.alertmanagers
        return True


def _kept_as_meant(document: Document, parts: Parts, directories: tuple[str, str]) -> Iterator[Change]:
    """Paths that must lead where they led, and texts that alertd would fill something in to."""
    for change in (*files(document, parts, *directories), *escapes(parts, document.file, "Prometheus")):
        if _path(change.place.field)[:1] == _SECTION:
            yield change


def _placed(change: Change, document: Document) -> Change:
    """The change at its place in the file as it was, without the edits, which are made."""
    return Change(change.action, document.problem(_path(change.place.field), change.place.message))


def _path(field: str) -> Place:
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))


def _escaped(value: object) -> object:
    if isinstance(value, list):
        return [_escaped(member) for member in value]
    if isinstance(value, dict):
        return {key: _escaped(member) for key, member in value.items()}
    return escaped(value) if isinstance(value, str) else value
