"""One `alertd.yml` out of an `alertmanager.yml`, a `prometheus.yml`, or both, and what was changed and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from alertd.config.forwarding import AlertmanagerConfig
from alertd.config.loading import Config, parse_config
from alertd.errors import InvalidInput, Problem
from alertd.moving.alertmanager import changes_of
from alertd.moving.changes import Action, Change, Need
from alertd.moving.edits import Edit, apply
from alertd.moving.forwarding import NOBODY
from alertd.moving.layout import Layout, Placed
from alertd.moving.parts import parts_of
from alertd.moving.prometheus import carried
from alertd.moving.proof import differences
from alertd.yamlfile import load

NAME = "alertd.yml"


@dataclass(frozen=True)
class Source:
    """A file to import: its name for people, its text, and the absolute path of its folder."""

    file: str
    text: str
    directory: str


@dataclass(frozen=True)
class Plan:
    """The text of the new `alertd.yml`, and what follows from it for other files.

    `before` is the old configuration as alertd reads it, None without an `alertmanager.yml`. `carried` has the values
    that Prometheus' file had for keys of the new one. `query_offset` is what rule groups get that say none, "" for
    nothing. `alertmanagers` are those that Prometheus told, as far as alertd forwards to them.
    """

    text: str
    changes: tuple[Change, ...]
    templates: tuple[Placed, ...] = ()
    rules: tuple[Placed, ...] = ()
    before: Config | None = field(default=None, repr=False)
    carried: Mapping[str, object] = field(default_factory=dict, repr=False)
    query_offset: str = ""
    alertmanagers: tuple[AlertmanagerConfig, ...] = field(default=(), repr=False)


def plan(alertmanager: Source | None, prometheus: Source | None, target: str, url: str) -> Plan:
    """Plan the import into the folder `target`, an absolute path; `url` is where alertd finds the Prometheus.

    Raises `InvalidInput` with everything that is wrong with the files, or that cannot be carried over.
    """
    layout = Layout((alertmanager or prometheus or Source("", "", target)).directory)
    made = _routing(alertmanager, layout, target) if alertmanager is not None else Plan(NOBODY, ())
    if prometheus is None:
        return made
    document = load(prometheus.text, prometheus.file)
    directories = (prometheus.directory, target)
    routed = alertmanager is not None
    rules = carried(document, parts_of(prometheus.text), layout, directories, url, routed=routed)
    if not routed:
        made = replace(made, changes=(_routes_nothing(prometheus.file, forwards=bool(rules.forwarded.alertmanagers)),))
    return replace(
        made,
        text=f"{made.text.rstrip()}\n\n{rules.text}",
        changes=(*made.changes, *rules.changes),
        rules=rules.placed,
        carried=rules.values,
        query_offset=rules.query_offset,
        alertmanagers=rules.forwarded.alertmanagers,
    )


def _routes_nothing(file: str, *, forwards: bool) -> Change:
    if forwards:
        sentence = (
            "there is no alertmanager.yml, so alertd routes nothing itself: it evaluates the rules and forwards alerts"
            " to the Alertmanagers of this file, as Prometheus did"
        )
        return Change(Action.CHANGED, Problem(file, 1, 1, "", sentence))
    sentence = (
        "there is no alertmanager.yml, so alerts go to the receiver nobody, which tells nobody;"
        " write your routes and receivers into alertd.yml"
    )
    return Change(Action.LOOK, Problem(file, 1, 1, "", sentence))


def _routing(source: Source, layout: Layout, target: str) -> Plan:
    document = load(source.text, source.file, only_first=True)
    parts = parts_of(source.text)
    if parts.root is None or parts.root.flow:
        sentence = "the file is written in brackets, or empty; write its keys in lines of their own"
        raise InvalidInput([document.problem((), sentence)])
    changes, templates = changes_of(document, parts, layout, (source.directory, target))
    readable = [edit for change in changes if change.need is Need.READING for edit in change.edits]
    before = parse_config(_in_its_lines(source.text, readable), source.file, Path(source.directory), {})
    proof = _Proof(before, source, target)
    done = proof.proven(changes)
    return Plan(proof.written(done), tuple(sorted(done, key=_by_place)), tuple(templates), before=before)


def _in_its_lines(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits, and every line where it was, so that mistakes are found at their places."""
    kept = (replace(edit, text=edit.text + "\n" * text.count("\n", edit.start, edit.end)) for edit in edits)
    return apply(text, kept)


def _by_place(change: Change) -> Problem:
    return change.place


@dataclass(frozen=True)
class _Proof:
    """Reads what changes would make of a file, and compares it with what the file means now."""

    before: Config
    source: Source
    target: str

    def written(self, changes: Iterable[Change]) -> str:
        return apply(self.source.text, (edit for change in changes for edit in change.edits))

    def proven(self, changes: Iterable[Change]) -> list[Change]:
        """The changes that leave the meaning as it is; those for cleanness that do not are only mentioned.

        Raises `InvalidInput` when it is another without them.
        """
        kept = list(changes)
        if not self._differences(kept):
            return kept
        cleaning = [change for change in kept if change.need is Need.CLEANING and change.edits]
        kept = [change for change in kept if change not in cleaning]
        broken = self._differences(kept)
        if broken:
            sentence = f"the file cannot be carried over: {'; '.join(broken)}"
            raise InvalidInput([Problem(self.source.file, 1, 1, "", sentence)])
        for change in cleaning:
            broken = self._differences([*kept, change])
            kept.append(_mentioned(change, broken) if broken else change)
        return kept

    def _differences(self, changes: Iterable[Change]) -> list[str]:
        try:
            after = parse_config(self.written(changes), NAME, Path(self.target), {})
        except InvalidInput as invalid:
            return [str(problem) for problem in invalid.problems]
        return list(differences(self.before, after))


def _mentioned(change: Change, broken: list[str]) -> Change:
    sentence = f"this stays in its older form: written as today, {'; '.join(broken)}"
    return Change(Action.LOOK, replace(change.place, message=sentence))
