"""`alertd alert …`: look at alerts and answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from alertd.cli.options import DEFAULT_URL, Json, Limit, Token, Url

app = typer.Typer(no_args_is_help=True, help="Look at alerts and answer them.")

Fingerprint = Annotated[str, typer.Argument(metavar="FINGERPRINT", help="The alert, as `alert list` shows it.")]
Fingerprints = Annotated[
    list[str], typer.Argument(metavar="FINGERPRINT", help="The alerts, as `alert list` shows them.")
]


@app.command("list")
def list_alerts(
    matchers: Annotated[
        list[str] | None,
        typer.Argument(metavar="MATCHER", help="""As in severity="critical" or job=~"api.*"; all must match."""),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="pending, firing, acknowledged, snoozed, suppressed or resolved; default: all but resolved.",
            show_default=False,
        ),
    ] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Any of these severities.", show_default=False)] = None,
    limit: Limit = 100,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """List alerts, the newest first."""
    from alertd.cli.client import Client
    from alertd.cli.output import label_text, moment, show_json, show_table

    states = state or ["pending", "firing", "acknowledged", "snoozed", "suppressed"]
    wanted = {"matcher": matchers, "state": states, "severity": severity}
    alerts = list(Client(url, token).each("/v1/alerts", "alerts", wanted, limit))
    if as_json:
        show_json(alerts)
        return
    show_table(
        ("FINGERPRINT", "STATE", "SEVERITY", "SINCE", "ALERT", "LABELS"),
        [
            (
                alert["fingerprint"],
                alert["state"],
                alert["severity"],
                moment(alert["starts_at"]),
                alert["labels"].get("alertname", ""),
                label_text(alert["labels"], without=("alertname", "severity")),
            )
            for alert in alerts
        ],
        empty="no alerts",
    )


@app.command()
def show(fingerprint: Fingerprint, url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """Show all that is known of an alert."""
    from alertd.cli.alertviews import show_alert
    from alertd.cli.client import Client, segment
    from alertd.cli.output import show_json

    alert = Client(url, token).get(f"/v1/alerts/{segment(fingerprint)}")
    show_json(alert) if as_json else show_alert(alert)


@app.command()
def why(fingerprint: Fingerprint, url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """Tell why an alert was notified, or was not."""
    from alertd.cli.alertviews import show_why
    from alertd.cli.client import Client, segment
    from alertd.cli.output import show_json

    answer = Client(url, token).get(f"/v1/alerts/{segment(fingerprint)}/why")
    show_json(answer) if as_json else show_why(answer)


@app.command()
def ack(
    fingerprints: Fingerprints,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="How long, as 2h; default: the configuration's.")
    ] = None,
    note: Annotated[str, typer.Option(help="A word to the others.", show_default=False)] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Acknowledge alerts: you have them; they repeat no more until that ends or their severity worsens."""
    _answer(fingerprints, "acknowledge", {"duration": duration, "note": note}, url, token, as_json, _acknowledged)


@app.command()
def unack(fingerprints: Fingerprints, url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """Give alerts back: their receivers are told again."""
    _answer(fingerprints, "unacknowledge", None, url, token, as_json, lambda _: "is nobody's again")


@app.command()
def resolve(fingerprints: Fingerprints, url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """End alerts by hand. What a rule still finds fires again."""
    _answer(fingerprints, "resolve", None, url, token, as_json, lambda _: "is resolved")


@app.command()
def snooze(
    fingerprints: Fingerprints,
    duration: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long, as 2h.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Until when, as 2026-01-31T18:00:00Z.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Put alerts aside for a time; nobody answers for them meanwhile."""
    from alertd.cli.texts import one_of

    _answer(fingerprints, "snooze", one_of(duration, until), url, token, as_json, _snoozed)


@app.command()
def note(
    fingerprint: Fingerprint,
    text: Annotated[str, typer.Argument(help="What the others shall know.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Write a note into an alert's history."""
    _answer([fingerprint], "note", {"text": text}, url, token, as_json, lambda _: "has your note")


@app.command()
def add(
    labels: Annotated[list[str], typer.Argument(metavar="LABEL=VALUE", help="As alertname=DiskFull severity=warning.")],
    annotation: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="As summary='/var is full'.", show_default=False)
    ] = None,
    starts_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it began; default: now.")] = None,
    ends_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends; default: after global.resolve_timeout.")
    ] = None,
    generator_url: Annotated[str, typer.Option(metavar="URL", help="Where it comes from.", show_default=False)] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Send an alert."""
    from alertd.cli.client import Client
    from alertd.cli.output import say, show_json
    from alertd.cli.texts import pairs

    alert = {
        "labels": pairs(labels, "label"),
        "annotations": pairs(annotation or [], "annotation"),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "generator_url": generator_url,
    }
    taken = Client(url, token).post("/v1/alerts", {name: value for name, value in alert.items() if value is not None})
    show_json(taken) if as_json else say(taken["fingerprints"][0])


def _answer(
    fingerprints: list[str],
    verb: str,
    body: dict[str, str | None] | None,
    url: str,
    token: str,
    as_json: bool,
    said: Callable[[Any], str],
) -> None:
    from alertd.cli.client import Client, segment
    from alertd.cli.output import say, show_json

    given = None if body is None else {name: value for name, value in body.items() if value is not None}
    client, answered = Client(url, token), []
    for fingerprint in fingerprints:
        alert = client.post(f"/v1/alerts/{segment(fingerprint)}/{verb}", given)
        answered.append(alert)
        if not as_json:
            say(f"{fingerprint} {said(alert)}")
    if as_json:
        show_json(answered)


def _acknowledged(alert: Any) -> str:
    from alertd.cli.output import moment

    mark = alert["acknowledgement"]
    return f"is acknowledged by {mark['by']} until {moment(mark['expires_at'])}"


def _snoozed(alert: Any) -> str:
    from alertd.cli.output import moment

    return f"is snoozed until {moment(alert['snooze']['until'])}"
