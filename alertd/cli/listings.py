"""`alertd receiver …`, `rule …`, `notification …` and `history`: look at what the service does."""

from __future__ import annotations

from typing import Annotated

import typer

from alertd.cli.options import DEFAULT_URL, Json, Limit, Token, Url

receivers = typer.Typer(no_args_is_help=True, help="See who can be told, and whether they can be reached.")
rules = typer.Typer(no_args_is_help=True, help="See the rules and how they do.")
notifications = typer.Typer(no_args_is_help=True, help="See what was said to whom.")


@receivers.command("list")
def list_receivers(url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """List the receivers with each of their integrations."""
    from alertd.cli.client import Client
    from alertd.cli.output import moment, show_json, show_table

    found = Client(url, token).get("/v1/receivers")["receivers"]
    if as_json:
        show_json(found)
        return
    rows = []
    for receiver in found:
        for channel in receiver["integrations"]:
            state = "broken" if channel["broken"] else "failing" if channel["failures"] else "good"
            last = moment(channel["last_success_at"]) or "never"
            rows.append((receiver["name"], channel["integration"], channel["kind"], state, last, channel["last_error"]))
        if not receiver["integrations"]:
            rows.append((receiver["name"], "", "", "", "", ""))
    show_table(("RECEIVER", "INTEGRATION", "KIND", "STATE", "LAST SUCCESS", "LAST ERROR"), rows, empty="no receivers")


@receivers.command("test")
def try_receiver(
    name: Annotated[str, typer.Argument(metavar="RECEIVER", help="The receiver's name.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Send a test message to each integration; the exit code is 1 when one does not take it."""
    from alertd.cli.client import Client, segment
    from alertd.cli.exits import Exit
    from alertd.cli.output import say, show_json

    tested = Client(url, token).post(f"/v1/receivers/{segment(name)}/test")
    if as_json:
        show_json(tested)
    else:
        for result in tested["results"]:
            outcome = "delivered" if result["delivered"] else f"not delivered: {result['answer']}"
            say(f"{result['integration']}: {outcome}")
    if not all(result["delivered"] for result in tested["results"]):
        raise typer.Exit(Exit.FAILED)


@rules.command("list")
def list_rules(url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """List the rules, group by group."""
    from alertd.cli.client import Client
    from alertd.cli.output import moment, show_json, show_table

    groups = Client(url, token).get("/v1/rules")["groups"]
    if as_json:
        show_json(groups)
        return
    show_table(
        ("GROUP", "RULE", "STATE", "ALERTS", "HEALTH", "EVALUATED", "ERROR"),
        [
            (
                group["name"],
                rule["name"],
                rule["state"] or "recording",
                rule["active_alerts"],
                rule["health"],
                moment(rule["evaluated_at"]) or "not yet",
                rule["error"],
            )
            for group in groups
            for rule in group["rules"]
        ],
        empty="no rules",
    )


@notifications.command("list")
def list_notifications(
    status: Annotated[
        list[str] | None,
        typer.Option(help="pending, sending, sent, failed, superseded or withdrawn.", show_default=False),
    ] = None,
    receiver: Annotated[str | None, typer.Option(help="To this receiver.")] = None,
    integration: Annotated[str | None, typer.Option(help="To this integration, as team/slack/0.")] = None,
    alert: Annotated[str | None, typer.Option(metavar="FINGERPRINT", help="About this alert.")] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """List notifications, the newest first."""
    from alertd.cli.client import Client
    from alertd.cli.output import label_text, moment, show_json, show_table

    wanted = {"status": status, "receiver": receiver, "integration": integration, "fingerprint": alert}
    found = list(Client(url, token).each("/v1/notifications", "notifications", wanted, limit))
    if as_json:
        show_json(found)
        return
    show_table(
        ("ID", "CREATED", "INTEGRATION", "STATUS", "TRIES", "FIRING", "RESOLVED", "REASON", "GROUP", "ERROR"),
        [
            (
                sent["id"],
                moment(sent["created_at"]),
                sent["integration"],
                sent["status"],
                sent["tries"],
                sent["firing"],
                sent["resolved"],
                sent["reason"],
                label_text(sent["group_labels"]),
                sent["error"],
            )
            for sent in found
        ],
        empty="no notifications",
    )


@notifications.command("show")
def show_notification(
    notification_id: Annotated[str, typer.Argument(metavar="ID", help="As `notification list` shows it.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Show a notification with its alerts and every try to deliver it."""
    from alertd.cli.alertviews import notification_lines
    from alertd.cli.client import Client, segment
    from alertd.cli.output import label_text, say, show_json

    sent = Client(url, token).get(f"/v1/notifications/{segment(notification_id)}")
    if as_json:
        show_json(sent)
        return
    for line in notification_lines(sent):
        say(line)
    for alert in sent["alerts"]:
        say(f"  {alert['fingerprint']}  {alert['status']}  {label_text(alert['labels'])}")


def history(
    alert: Annotated[str | None, typer.Option(metavar="FINGERPRINT", help="About this alert.")] = None,
    event: Annotated[list[str] | None, typer.Option(help="Of this kind, as acknowledged.", show_default=False)] = None,
    actor: Annotated[str | None, typer.Option(metavar="NAME", help="Done by this one.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Of this rule, as `rule list --json` has it.")] = None,
    notification: Annotated[str | None, typer.Option(metavar="ID", help="Of this notification.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on, as 2026-01-31T18:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """List what happened and who did it, the newest first."""
    from alertd.cli.alertviews import event_line
    from alertd.cli.client import Client
    from alertd.cli.output import say, show_json

    wanted = {
        "fingerprint": alert,
        "event": event,
        "actor": actor,
        "rule": rule,
        "notification": notification,
        "since": since,
        "until": until,
    }
    found = list(Client(url, token).each("/v1/history", "events", wanted, limit))
    if as_json:
        show_json(found)
        return
    for one in found:
        about = f"{one['fingerprint']}  " if one["fingerprint"] else ""
        say(f"{about:18}{event_line(one)}")
    if not found:
        say("nothing happened")
