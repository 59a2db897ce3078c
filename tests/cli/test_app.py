"""The program as a whole: its start, its help, its exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from alertd import __version__
from alertd.cli.app import app, run

#: What takes long to import and is only needed when a command runs.
HEAVY = {
    "aiohttp",
    "aiosmtplib",
    "alembic",
    "apscheduler",
    "fastapi",
    "httpx",
    "jinja2",
    "sqlalchemy",
    "uvicorn",
    "yaml",
}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["alert", "--help"], ["token", "create", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help and completion answer at once, because no command's own imports are loaded for them."""
    command = [sys.executable, "-X", "importtime", "-m", "alertd", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names the program and its version."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"alertd {__version__}\n"


def test_help_explains_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Every exit code stands in the help, each on its own line."""
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.partition("Exit codes:\n")[2].splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["alert", "list", "--nonsense"], ["check"], ["serve", "x"]])
def test_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that cannot be understood ends with 2 and shows how it is used."""
    assert run(arguments) == 2
    assert "Usage: alertd" in "".join(capsys.readouterr())


def test_serve_refuses_a_wrong_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`serve` ends with 1 and every mistake, each with its place."""
    config = tmp_path / "alertd.yml"
    config.write_text("route: {receiver: ghost}\nlisten: nowhere\n")
    assert run(["serve", "--config", str(config)]) == 1
    told = capsys.readouterr().err
    assert f"{config}:1:" in told
    assert f"{config}:2:" in told


def test_serve_refuses_an_open_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--listen` cannot open a service to everybody that asks nobody who they are."""
    config = tmp_path / "alertd.yml"
    config.write_text(
        f"database: sqlite:///{tmp_path}/alertd.db\n"
        "auth: {required: false}\nroute: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
    )
    assert run(["serve", "--config", str(config), "--listen", "0.0.0.0:0"]) == 1
    assert "does not ask who speaks to it" in capsys.readouterr().err


def commands(group: Any, path: tuple[str, ...] = ("alertd",)) -> Iterator[tuple[str, Any]]:
    """Every command that the help shows, with its whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        elif not command.hidden:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    """docs/cli.md has every command with every option of its own; each has a help text too."""
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    section = re.search(rf"^### `{name}.*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"docs/cli.md has no section on {name}"
    common = {"--url", "--token", "--json", "--database", "--config", "--help"}
    for parameter in COMMANDS[name].params:
        option = parameter.opts[0]
        assert parameter.help or option == "--help", option
        if option.startswith("--") and option not in common:
            assert f"`{option}" in section[0], f"{name} {option}"
