"""`alertd diff-routing`: for which alerts two configurations tell other people, or tell them otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.cli.options import Json

if TYPE_CHECKING:
    from alertd.moving.ways import Answer, Difference, Map

_STANDARD_INPUT = Path("-")
_DURATIONS = {"group_wait", "group_interval", "repeat_interval"}


def diff_routing(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The configuration of today.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The one to compare with it.")],
    alerts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Alerts or label sets to ask for, as JSON, YAML or lines of name=value; - is standard input.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which alerts go elsewhere, or are grouped, timed or held back otherwise, in NEW than in OLD.

    Both are an alertd.yml or an alertmanager.yml. Without --alerts the labels of the rules that they name and
    examples for every route are tried. The exit code is 0 when nothing differs, 1 when something does, and 2 when the
    files cannot be compared.
    """
    from alertd.cli.exits import Exit
    from alertd.cli.output import complain
    from alertd.cli.routing import map_of
    from alertd.errors import InvalidInput
    from alertd.moving.ways import changed_definitions, differences_of

    try:
        before, after = map_of(old), map_of(new)
        label_sets, notes = _asked(alerts, (before, old), (after, new))
    except InvalidInput as invalid:
        complain(str(invalid))
        raise typer.Exit(Exit.USAGE) from invalid
    answers = list(zip(label_sets, before.answers(label_sets), after.answers(label_sets), strict=True))
    found = [(labels, one, other, differences_of(one, other)) for labels, one, other in answers]
    differing = [entry for entry in found if entry[3]]
    definitions = list(changed_definitions(before.config, after.config))
    if as_json:
        _print_json(len(found), differing, definitions, notes)
    else:
        _print(len(found), differing, definitions, (old, new))
        for note in notes:
            complain(note)
    if differing or definitions:
        raise typer.Exit(Exit.FAILED)


Entry = tuple[dict[str, str], "Answer", "Answer", tuple["Difference", ...]]
Definitions = list[tuple[str, str, tuple[str, ...]]]


def _asked(
    alerts: Path | None, old: tuple[Map, Path], new: tuple[Map, Path]
) -> tuple[tuple[dict[str, str], ...], list[str]]:
    """The label sets to ask for, and what is to be known of them. Raises `InvalidInput`."""
    import sys

    from alertd.cli.checking import read_text
    from alertd.moving.labelsets import label_sets_of

    if alerts is not None:
        text = sys.stdin.read() if alerts == _STANDARD_INPUT else read_text(alerts)
        return label_sets_of(text, "standard input" if alerts == _STANDARD_INPUT else str(alerts)), []
    from alertd.moving.examples import examples_of, labels_of_rules
    from alertd.rules.loading import load_rule_files

    rule_labels = [
        labels
        for (side, path) in (old, new)
        for labels in labels_of_rules(
            load_rule_files(side.config.settings.rule_files, path.parent), side.config.settings.external_labels
        )
    ]
    examples = examples_of((old[0].tree.root, new[0].tree.root), rule_labels)
    notes = [
        f"no example is known for the route {route}; name alerts for it with --alerts" for route in examples.unreached
    ]
    if examples.cut:
        notes.append(f"only the first {len(examples.label_sets)} combinations of labels were tried")
    return examples.label_sets, notes


def _print(count: int, differing: list[Entry], definitions: Definitions, files: tuple[Path, Path]) -> None:
    from alertd.alerts.labels import format_labels
    from alertd.cli.output import say, show_fields, show_table

    say(f"{_count(count)}: {count - len(differing)} the same, {len(differing)} changed")
    for entries in _alike(differing):
        labels, old, new, found = entries[0]
        say(f"\n{_count(len(entries))}, as {format_labels(labels)}")
        show_fields(_fields(old, new, found, files), indent="  ")
    if definitions:
        say("")
        show_table(
            ("SAME NAME, OTHER MEANING", "NAME", "DIFFERS IN"),
            [(kind, name, list(keys)) for kind, name, keys in definitions],
            empty="",
        )


def _alike(differing: list[Entry]) -> list[list[Entry]]:
    """The entries that differ in the same way and come from the same routes, together."""
    alike: dict[object, list[Entry]] = {}
    for entry in differing:
        _, old, new, found = entry
        kind = tuple((one.what, one.receiver, *_shown_or_kind(one)) for one in found)
        routes = tuple(tuple(way.route for way in answer.ways) for answer in (old, new))
        alike.setdefault((kind, routes), []).append(entry)
    return list(alike.values())


def _shown_or_kind(difference: Difference) -> tuple[str, ...]:
    """What tells two differences apart: groups and their keys are other ones for each alert."""
    if difference.what in {"group_labels", "group_key", "inhibited by"}:
        return ()
    return (_shown(difference.what, difference.old), _shown(difference.what, difference.new))


def _fields(
    old: Answer, new: Answer, found: tuple[Difference, ...], files: tuple[Path, Path]
) -> Iterator[tuple[str, str]]:
    for one in found:
        what = f"{one.what} of {one.receiver}" if one.receiver else one.what
        yield what, f"{_shown(one.what, one.old)} → {_shown(one.what, one.new)}"
    for answer, side, file in ((old, "old", files[0]), (new, "new", files[1])):
        for way in answer.ways:
            yield f"{side} route to {way.receiver}", f"{way.route} ({file}:{way.line})"


def _shown(what: str, value: Any) -> str:
    from alertd.alerts.labels import format_labels
    from alertd.promql.durations import format_duration

    if what in _DURATIONS:
        return format_duration(value)
    if what == "group_labels":
        return format_labels(dict(value))
    if isinstance(value, str):
        return value or "–"
    return ", ".join(value) or "–"


def _count(number: int) -> str:
    return "1 label set" if number == 1 else f"{number} label sets"


def _print_json(count: int, differing: list[Entry], definitions: Definitions, notes: list[str]) -> None:
    from alertd.cli.output import show_json

    show_json(
        {
            "label_sets": count,
            "changed": len(differing),
            "changes": [
                {
                    "labels": labels,
                    "differences": [
                        {
                            "what": one.what,
                            "receiver": one.receiver,
                            "old": _plain(one, one.old),
                            "new": _plain(one, one.new),
                        }
                        for one in found
                    ],
                    "old": _answer_as_json(old),
                    "new": _answer_as_json(new),
                }
                for labels, old, new, found in differing
            ],
            "definitions": [{"kind": kind, "name": name, "keys": list(keys)} for kind, name, keys in definitions],
            "notes": notes,
        }
    )


def _plain(difference: Difference, value: Any) -> Any:
    from alertd.promql.durations import format_duration

    if difference.what in _DURATIONS:
        return format_duration(value)
    return dict(value) if difference.what == "group_labels" else value


def _answer_as_json(answer: Answer) -> dict[str, Any]:
    from alertd.cli.routing import way_as_json

    return {"ways": [way_as_json(way) for way in answer.ways], "inhibited_by": answer.inhibited_by}
