"""`alertd silence …`: keep alerts quiet for a time."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alertd.cli.options import DEFAULT_URL, Json, Token, Url

app = typer.Typer(no_args_is_help=True, help="Keep alerts quiet for a time.")

SilenceId = Annotated[str, typer.Argument(metavar="ID", help="The silence, as `silence list` shows it.")]


@app.command()
def add(
    matchers: Annotated[
        list[str], typer.Argument(metavar="MATCHER", help="""As in alertname="DiskFull"; all must match.""")
    ],
    comment: Annotated[str, typer.Option(help="Why.", show_default=False)],
    duration: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long, as 2h.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Until when, as 2026-01-31T18:00:00Z.")] = None,
    starts_at: Annotated[str | None, typer.Option(metavar="TIME", help="From when on; default: now.")] = None,
    created_by: Annotated[str | None, typer.Option(metavar="NAME", help="Whose it is; default: the token's.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Silence the alerts that match, and print the silence's id."""
    from alertd.cli.client import Client
    from alertd.cli.output import say, show_json
    from alertd.cli.texts import one_of

    end = one_of(duration, until)
    body = {
        "matchers": matchers,
        "comment": comment,
        "duration": end.get("duration"),
        "ends_at": end.get("until"),
        "starts_at": starts_at,
        "created_by": created_by,
    }
    silence = Client(url, token).post("/v1/silences", {name: it for name, it in body.items() if it is not None})
    show_json(silence) if as_json else say(silence["id"])


@app.command("list")
def list_silences(
    state: Annotated[
        list[str] | None,
        typer.Option(help="active, pending or expired; default: all but expired.", show_default=False),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """List silences, the active ones first."""
    from alertd.cli.client import Client
    from alertd.cli.output import moment, show_json, show_table

    silences = Client(url, token).get("/v1/silences", {"state": state or ["active", "pending"]})["silences"]
    if as_json:
        show_json(silences)
        return
    show_table(
        ("ID", "STATE", "ENDS", "BY", "MATCHERS", "COMMENT"),
        [
            (
                silence["id"],
                silence["state"],
                moment(silence["ends_at"]),
                silence["created_by"],
                silence["matchers"],
                silence["comment"],
            )
            for silence in silences
        ],
        empty="no silences",
    )


@app.command()
def show(silence_id: SilenceId, url: Url = DEFAULT_URL, token: Token = "", as_json: Json = False) -> None:
    """Show a silence."""
    from alertd.cli.client import Client, segment
    from alertd.cli.output import show_json

    silence = Client(url, token).get(f"/v1/silences/{segment(silence_id)}")
    show_json(silence) if as_json else _show(silence)


@app.command()
def expire(
    silence_ids: Annotated[list[str], typer.Argument(metavar="ID", help="The silences, as `silence list` shows them.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """End silences now."""
    from alertd.cli.client import Client, segment
    from alertd.cli.output import say, show_json

    client, ended = Client(url, token), []
    for silence_id in silence_ids:
        ended.append(client.post(f"/v1/silences/{segment(silence_id)}/expire"))
        if not as_json:
            say(f"{silence_id} has ended")
    if as_json:
        show_json(ended)


def _show(silence: Any) -> None:
    from alertd.cli.output import moment, say, show_fields

    say(f"{silence['id']} is {silence['state']}")
    fields = [
        ("matchers", silence["matchers"]),
        ("starts", moment(silence["starts_at"])),
        ("ends", moment(silence["ends_at"])),
        ("by", silence["created_by"]),
        ("comment", silence["comment"]),
        ("annotations", silence["annotations"]),
    ]
    show_fields(fields, indent="  ")
