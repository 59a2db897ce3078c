"""`alertd db` and `alertd token`, which work on the database itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alertd.cli.app import run
from alertd.clock import DAY, SystemClock
from alertd.store import tokens
from alertd.store.database import Database


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a configuration, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALERTD_DATABASE_URL", raising=False)


def test_migrations(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Up, down and the revision in between, on both databases; going down must be meant."""
    monkeypatch.setenv("ALERTD_DATABASE_URL", database_url)
    assert [run(["db", "current"]), run(["db", "upgrade"]), run(["db", "current"])] == [0, 0, 0]
    before, said, after = capsys.readouterr().out.splitlines()
    assert before == "base"
    assert said == f"the database is at revision {after}"
    assert run(["db", "downgrade", "base"]) == 2
    assert "say --yes if that is meant" in capsys.readouterr().err
    assert run(["db", "downgrade", "base", "--yes"]) == 0
    assert capsys.readouterr().out == "the database is at revision base\n"
    assert run(["db", "upgrade", "nowhere"]) == 1
    assert "there is no revision 'nowhere'" in capsys.readouterr().err


def test_the_first_token(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A token can be made before alertd ever ran; only its secret goes to standard output, and it is good."""
    arguments = ["--database", sqlite_url]
    assert run(["token", "create", "ci", "--role", "editor", "--expires-in", "90d", *arguments]) == 0
    secret = capsys.readouterr().out.strip()
    database = Database(sqlite_url)
    now = SystemClock().now()
    found = database.transaction(tokens.authenticate, secret, now)
    database.close()
    assert found is not None
    assert (found.name, found.role, found.organisation) == ("ci", "editor", "default")
    assert found.expires_at is not None
    assert 89 * DAY < found.expires_at - now <= 90 * DAY

    assert run(["token", "revoke", found.id, *arguments]) == 0
    assert run(["token", "list", "--json", *arguments]) == 0
    told = capsys.readouterr().out
    assert told.startswith("ci can no longer be used\n")
    assert json.loads(told.partition("\n")[2])[0]["revoked_at"] is not None
    assert run(["token", "revoke", "0" * 32, *arguments]) == 3
    assert f"default has no token {'0' * 32}" in capsys.readouterr().err


def test_the_configuration_names_database_and_organisation(
    tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--database`, alertd.yml says where; it also says whose token it is."""
    (tmp_path / "alertd.yml").write_text(
        f"database: {sqlite_url}\norganisation: shop\nroute: {{receiver: a}}\nreceivers: [{{name: a}}]\n"
    )
    assert run(["token", "create", "me", "--role", "admin"]) == 0
    assert run(["token", "list", "--organisation", "shop"]) == 0
    assert run(["token", "list", "--organisation", "other"]) == 0
    out, err = capsys.readouterr()
    assert " of shop: me, admin" in err
    assert " me " in out
    assert out.endswith("no tokens\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["db", "upgrade"], 2, "which database?"),
        (["db", "upgrade", "--database", "mysql://x/y"], 1, "'mysql' is not a database of alertd"),
        (["db", "upgrade", "--database", "nonsense"], 1, "the database URL cannot be read"),
        (["db", "current", "--database", "postgresql://127.0.0.1:1/x"], 1, "the database does not answer"),
        (["token", "create", "x", "--role", "king", "--database", "sqlite://"], 2, "there is no role 'king'"),
        (
            ["token", "create", "x", "--role", "admin", "--expires-in", "soon", "--database", "sqlite://"],
            2,
            "'soon' is no duration",
        ),
        (["token", "create", "", "--role", "admin", "--database", "sqlite://"], 1, "a token needs a name"),
    ],
)
def test_what_goes_wrong(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each failure has its exit code and says what would be right."""
    assert run(arguments) == code
    assert said in capsys.readouterr().err.replace("\n", " ")
