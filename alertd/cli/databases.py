"""`alertd db …` and `alertd token …`: work on the database itself, with or without a running service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertd.cli.options import DatabaseUrl, Json, MaybeConfig

if TYPE_CHECKING:
    from alertd.store.database import Database

migrations = typer.Typer(no_args_is_help=True, help="Bring the database to a version of its tables.")
tokens = typer.Typer(no_args_is_help=True, help="Make and revoke the tokens that the API asks for.")

Organisation = Annotated[
    str | None, typer.Option(metavar="NAME", help="Whose token; default: the configuration's, else `default`.")
]
_DEFAULT_CONFIG = Path("alertd.yml")


@migrations.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="The revision to reach.")] = "head",
    database: DatabaseUrl = None,
    config: MaybeConfig = None,
) -> None:
    """Migrate up. `serve` does it by itself."""
    from alertd.cli.output import say
    from alertd.store import migrate

    with _opened(database, config) as opened:
        migrate.upgrade(opened, revision)
        say(f"the database is at revision {migrate.current(opened)}")


@migrations.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision to go back to; `base` takes every table away.")],
    yes: Annotated[bool, typer.Option("--yes", help="Yes, what only newer tables hold may be lost.")] = False,
    database: DatabaseUrl = None,
    config: MaybeConfig = None,
) -> None:
    """Migrate down, to run an older alertd."""
    from alertd.cli.output import say
    from alertd.store import migrate

    if not yes:
        raise typer.BadParameter("what only newer tables hold is lost; say --yes if that is meant")
    with _opened(database, config) as opened:
        migrate.downgrade(opened, revision)
        say(f"the database is at revision {migrate.current(opened) or 'base'}")


@migrations.command()
def current(database: DatabaseUrl = None, config: MaybeConfig = None) -> None:
    """Print the revision of the database."""
    from alertd.cli.output import say
    from alertd.store import migrate

    with _opened(database, config) as opened:
        opened.check()
        say(migrate.current(opened) or "base")


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what uses it; the history shows it.")],
    role: Annotated[str, typer.Option(help="viewer, sender, responder, editor or admin.")],
    expires_in: Annotated[str | None, typer.Option(metavar="DURATION", help="As 90d; default: never.")] = None,
    organisation: Organisation = None,
    database: DatabaseUrl = None,
    config: MaybeConfig = None,
) -> None:
    """Make a token and print its secret, this once."""
    from alertd.cli.output import complain, say
    from alertd.clock import SystemClock
    from alertd.promql.durations import parse_duration
    from alertd.store import tokens as rows
    from alertd.store.tokens import Role

    if role not in set(Role):
        raise typer.BadParameter(f"there is no role {role!r}; there are {', '.join(Role)}")
    try:
        lifetime = None if expires_in is None else parse_duration(expires_in)
    except ValueError:
        raise typer.BadParameter(f"{expires_in!r} is no duration; write it as in 90d or 12h") from None
    now = SystemClock().now()
    with _opened(database, config, migrated=True) as opened:
        token, secret = opened.transaction(
            rows.create,
            organisation or _organisation(config),
            name=name,
            role=Role(role),
            now=now,
            actor="alertd token",
            expires_at=None if lifetime is None else now + lifetime,
        )
    complain(f"token {token.id} of {token.organisation}: {token.name}, {token.role}. It is shown this once:")
    say(secret)


@tokens.command("list")
def list_tokens(
    organisation: Organisation = None,
    database: DatabaseUrl = None,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """List tokens, the oldest first, without their secrets."""
    from alertd.cli.output import moment, show_json, show_table
    from alertd.clock import to_rfc3339
    from alertd.store import tokens as rows

    with _opened(database, config, migrated=True) as opened:
        found = opened.transaction(rows.listing, organisation or _organisation(config))

    def when(instant: int | None) -> str | None:
        return None if instant is None else to_rfc3339(instant)

    listed = [
        {
            "id": token.id,
            "name": token.name,
            "role": token.role.value,
            "prefix": token.prefix,
            "created_at": when(token.created_at),
            "created_by": token.created_by,
            "expires_at": when(token.expires_at),
            "revoked_at": when(token.revoked_at),
            "last_used_at": when(token.last_used_at),
        }
        for token in found
    ]
    if as_json:
        show_json(listed)
        return
    show_table(
        ("ID", "NAME", "ROLE", "BEGINS", "CREATED", "LAST USED", "EXPIRES", "REVOKED"),
        [
            (
                token["id"],
                token["name"],
                token["role"],
                token["prefix"],
                moment(token["created_at"]),
                moment(token["last_used_at"]) or "never",
                moment(token["expires_at"]) or "never",
                moment(token["revoked_at"]) or "no",
            )
            for token in listed
        ],
        empty="no tokens",
    )


@tokens.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
    organisation: Organisation = None,
    database: DatabaseUrl = None,
    config: MaybeConfig = None,
) -> None:
    """Make a token worthless at once."""
    from alertd.cli.exits import CommandFailed, Exit
    from alertd.cli.output import say
    from alertd.clock import SystemClock
    from alertd.store import tokens as rows

    owner = organisation or _organisation(config)
    with _opened(database, config, migrated=True) as opened:
        token = opened.transaction(rows.revoke, owner, token_id, SystemClock().now(), "alertd token")
    if token is None:
        raise CommandFailed(Exit.NOT_FOUND, f"{owner} has no token {token_id}")
    say(f"{token.name} can no longer be used")


@contextmanager
def _opened(url: str | None, config: Path | None, *, migrated: bool = False) -> Iterator[Database]:
    from alertd.store.database import Database
    from alertd.store.migrate import ensure_current

    database = Database(url or _configured(config))
    try:
        if migrated:
            ensure_current(database)
        yield database
    finally:
        database.close()


def _configured(config: Path | None) -> str:
    from alertd.config.loading import load_config

    if config is None and not _DEFAULT_CONFIG.exists():
        raise typer.BadParameter(
            "which database? Give --database or ALERTD_DATABASE_URL, or --config for the one that it names"
        )
    return load_config(config or _DEFAULT_CONFIG).settings.database.get_secret_value()


def _organisation(config: Path | None) -> str:
    from alertd.config.loading import load_config

    found = config or (_DEFAULT_CONFIG if _DEFAULT_CONFIG.exists() else None)
    return "default" if found is None else load_config(found).settings.organisation
