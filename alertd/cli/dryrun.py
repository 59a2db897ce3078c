"""`alertd dry-run`: what the rules find now and whom that would tell, without telling anybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.cli.options import Config, DatabaseUrl, Json

if TYPE_CHECKING:
    from alertd.simulate.dryrun import DryRun

_DEFAULT_CONFIG = Path("alertd.yml")


def dry_run(
    config: Config = _DEFAULT_CONFIG,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Evaluate over this JSON as if it had just been pushed; - is standard input."
        ),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A label of who pushed it.", show_default=False)
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the text of each message too.")] = False,
    database: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Evaluate the rules now and show what would be sent; nothing is written and nothing is sent.

    The exit code is 1 when a rule cannot be evaluated.
    """
    import asyncio

    from alertd.cli.exits import Exit
    from alertd.cli.output import show_json
    from alertd.cli.texts import pairs
    from alertd.service.logs import Scrubber, configure
    from alertd.simulate import dryrun

    # What goes wrong with a rule is part of the outcome; a log line would say it twice.
    configure(Scrubber(), "error")
    outcome = asyncio.run(
        dryrun.dry_run(
            config,
            snapshot=None if snapshot is None else _document(snapshot),
            snapshot_labels=pairs(label or [], "label"),
            database_url=database,
        )
    )
    show_json(_as_json(outcome)) if as_json else _show(outcome, text=text)
    if any(health.health == "err" for health in outcome.rules.values()):
        raise typer.Exit(Exit.FAILED)


def _document(path: Path) -> Any:
    import json
    import sys

    try:
        return json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise typer.BadParameter(f"{path} is no JSON: {error}") from error


def _show(outcome: DryRun, *, text: bool) -> None:
    from alertd.cli.output import label_text, say, show_table, span

    show_table(
        ("RULE", "HEALTH", "SAMPLES", "ERROR"),
        [(outcome.names[key], health.health, health.samples, health.error) for key, health in outcome.rules.items()],
        empty="no rules",
    )
    say("")
    show_table(
        ("ALERT", "STATE", "FIRES", "VALUE", "LABELS", "HELD BACK BY"),
        [
            (
                outcome.names[alert.rule],
                alert.state.value,
                f"in {span(alert.fires_in)}" if alert.fires_in else "now",
                "" if alert.report.value is None else alert.report.value,
                label_text(alert.report.labels, without=("alertname",)),
                [f"{gate.gate} {gate.detail}".rstrip() for gate in alert.why.gates if gate.gate != "open"],
            )
            for alert in outcome.alerts
        ],
        empty="no alerts",
    )
    say("")
    show_table(
        ("MESSAGE", "TO", "AT", "REASON"),
        [
            (f"after {span(message.at)}", message.integration, message.target, message.reason)
            for message in outcome.messages
        ],
        empty="no messages",
    )
    for message in outcome.messages if text else ():
        say(f"\nto {message.integration} after {span(message.at)}:\n{message.text}")


def _as_json(outcome: DryRun) -> dict[str, Any]:
    from alertd.clock import to_rfc3339
    from alertd.promql.durations import format_duration

    return {
        "at": to_rfc3339(outcome.at),
        "rules": [
            {
                "id": key,
                "name": outcome.names[key],
                "health": health.health,
                "samples": health.samples,
                "error": health.error,
                "warnings": list(health.warnings),
            }
            for key, health in outcome.rules.items()
        ],
        "alerts": [
            {
                "rule": alert.rule,
                "state": alert.state.value,
                "fires_in": format_duration(alert.fires_in),
                "fingerprint": alert.report.fingerprint,
                "labels": dict(alert.report.labels),
                "annotations": dict(alert.report.annotations),
                "gates": [
                    {"receiver": gate.receiver, "gate": gate.gate, "detail": gate.detail} for gate in alert.why.gates
                ],
            }
            for alert in outcome.alerts
        ],
        "messages": [
            {
                "after": format_duration(message.at),
                "receiver": message.receiver,
                "integration": message.integration,
                "reason": message.reason,
                "target": message.target,
                "text": message.text,
            }
            for message in outcome.messages
        ],
    }
