"""`alertd route`: the tree of routes, and the ways that an alert takes through it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.cli.options import Config, Json

if TYPE_CHECKING:
    from alertd.moving.ways import Map, Way
    from alertd.routing.tree import Node, Route

app = typer.Typer(help="Routes, and where alerts go.", no_args_is_help=True)

_DEFAULT_CONFIG = Path("alertd.yml")
_INHERITED = ("group_by", "group_wait", "group_interval", "repeat_interval")


@app.command("show")
def show(config: Config = _DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show the tree of routes: conditions, receiver, and what a route says otherwise than its parent."""
    from alertd.cli.output import say, show_json

    routes = map_of(config)
    if as_json:
        show_json(_node_as_json(routes, routes.tree.root))
    else:
        say("\n".join(_tree(routes.tree.root, None, "")))


@app.command("test")
def ways(
    labels: Annotated[list[str], typer.Argument(metavar="LABEL=VALUE...", help="The labels of an alert.")],
    config: Config = _DEFAULT_CONFIG,
    expect: Annotated[
        str | None,
        typer.Option(metavar="RECEIVERS", help="Their names in order, with commas: fail when it is not these."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which routes an alert takes, to whom, and how it is grouped; the exit code is 1 when --expect is not met."""
    from alertd.cli.exits import CommandFailed, Exit
    from alertd.cli.output import show_json
    from alertd.cli.texts import pairs

    taken = map_of(config).ways(pairs(labels, "label"))
    show_json([way_as_json(way) for way in taken]) if as_json else _show_ways(taken, config)
    found = [way.receiver for way in taken]
    if expect is not None and found != expect.split(","):
        raise CommandFailed(Exit.FAILED, f"expected the receivers {expect}, found {','.join(found)}")


def map_of(path: Path) -> Map:
    """The routes of a configuration; variables that the environment lacks stay as they are written.

    Raises `InvalidInput`.
    """
    import os
    import re

    from alertd.cli.checking import read_text
    from alertd.config.loading import parse_config
    from alertd.moving.ways import Map

    text = read_text(path)
    # Where alerts go does not hang on secrets, so the environment of the service is not asked for.
    unknown = {name: f"${{{name}}}" for name in re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)}
    return Map(parse_config(text, str(path), path.parent, {**unknown, **os.environ}))


def way_as_json(way: Way) -> dict[str, Any]:
    """A way as JSON has it, durations as they are written in files."""
    from alertd.promql.durations import format_duration

    return {
        "receiver": way.receiver,
        "route": way.route,
        "line": way.line,
        "group_labels": dict(way.group_labels),
        "group_key": way.group_key,
        "group_wait": format_duration(way.group_wait),
        "group_interval": format_duration(way.group_interval),
        "repeat_interval": format_duration(way.repeat_interval),
        "mute_time_intervals": list(way.mute_time_intervals),
        "active_time_intervals": list(way.active_time_intervals),
    }


def _show_ways(taken: tuple[Way, ...], config: Path) -> None:
    from alertd.cli.output import label_text, show_table
    from alertd.promql.durations import format_duration

    show_table(
        ("RECEIVER", "GROUP", "WAIT", "INTERVAL", "REPEAT", "TIMES", "ROUTE", "PLACE"),
        [
            (
                way.receiver,
                f"{{{label_text(dict(way.group_labels))}}}",
                format_duration(way.group_wait),
                format_duration(way.group_interval),
                format_duration(way.repeat_interval),
                _times(way),
                way.route,
                f"{config}:{way.line}",
            )
            for way in taken
        ],
        empty="no routes",
    )


def _times(way: Way | Route) -> str:
    muted = f"muted in {', '.join(way.mute_time_intervals)}" if way.mute_time_intervals else ""
    active = f"only in {', '.join(way.active_time_intervals)}" if way.active_time_intervals else ""
    return "; ".join(filter(None, (active, muted)))


def _tree(node: Node, parent: Node | None, indent: str) -> list[str]:
    from alertd.routing.matchers import format_matchers

    route = node.route
    said = [f"{name} {value}" for name, value in _own(route, parent.route if parent else None)]
    notes = [*said, *filter(None, (_times(route), "continues" if route.continue_ else ""))]
    line = f"{indent}{format_matchers(route.matchers)} → {route.receiver}"
    lines = [f"{line}  ({'; '.join(notes)})" if notes else line]
    for child in node.children:
        lines += _tree(child, node, indent + "  ")
    return lines


def _own(route: Route, parent: Route | None) -> list[tuple[str, str]]:
    """What a route says otherwise than its parent, in words."""
    from alertd.promql.durations import format_duration

    said = []
    for name in _INHERITED:
        value = getattr(route, name)
        if parent is not None and value == getattr(parent, name):
            continue
        if name == "group_by":
            said.append((name, "every label" if value is None else f"[{', '.join(value)}]"))
        else:
            said.append((name, format_duration(value)))
    return said


def _node_as_json(routes: Map, node: Node) -> dict[str, Any]:
    from alertd.promql.durations import format_duration

    route = node.route
    return {
        "id": node.id,
        "line": routes.line(node),
        "receiver": route.receiver,
        "matchers": [str(matcher) for matcher in route.matchers],
        "group_by": ["..."] if route.group_by is None else list(route.group_by),
        "group_wait": format_duration(route.group_wait),
        "group_interval": format_duration(route.group_interval),
        "repeat_interval": format_duration(route.repeat_interval),
        "mute_time_intervals": list(route.mute_time_intervals),
        "active_time_intervals": list(route.active_time_intervals),
        "continue": route.continue_,
        "routes": [_node_as_json(routes, child) for child in node.children],
    }
