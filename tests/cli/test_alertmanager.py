"""`alertd alertmanager`, as far as it needs no service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alertd import __version__


def run(*arguments: str, program: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, or a program that is linked to alertd under another name."""
    start = [program] if program else [sys.executable, "-m", "alertd", "alertmanager"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALERTD_")}
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [*start, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**environment, "PYTHONPATH": root},
    )


def test_version() -> None:
    """The form that programs of Prometheus have, on standard output."""
    said = run("--version")
    assert said.returncode == 0
    assert re.match(r"alertmanager, version \d+\.\d+\.\d+ \(branch: \S+, revision: .+\)\n  build user: ", said.stdout)
    assert f"alertd {__version__}" in said.stdout


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(flag: str) -> None:
    """All flags, on standard output."""
    said = run(flag)
    assert (said.returncode, said.stderr) == (0, "")
    assert "--cluster.peer=" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--x"], "alertmanager: error: unknown long flag '--x', try --help\n"),
        (["--data.retention=x"], 'alertmanager: error: time: invalid duration "x", try --help\n'),
    ],
)
def test_mistakes(arguments: list[str], complaint: str) -> None:
    """One line on standard error, and the exit code 1."""
    said = run(*arguments)
    assert (said.returncode, said.stdout, said.stderr) == (1, "", complaint)


def test_a_wrong_file(tmp_path: Path) -> None:
    """Mistakes of the configuration and of the web's file are told with their places."""
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: nowhere}\nreceivers: [{name: team}]\n")
    said = run("--web.listen-address=127.0.0.1:0", folder=tmp_path)
    assert said.returncode == 1
    assert "alertmanager.yml:1:" in said.stderr
    (tmp_path / "web.yml").write_text("basic_auth_users: {ann: secret}\n")
    said = run("--web.config.file=web.yml", folder=tmp_path)
    assert said.returncode == 1
    assert "web.yml:1:" in said.stderr
    assert "bcrypt" in said.stderr


def test_linked_under_its_name(tmp_path: Path) -> None:
    """A link with Alertmanager's name is Alertmanager."""
    script = tmp_path / "prometheus-alertmanager"
    script.write_text(f"#!{sys.executable}\nfrom alertd.__main__ import main\nmain()\n")
    script.chmod(0o755)
    said = run("--help", program=str(script))
    assert said.stdout.startswith("usage: prometheus-alertmanager [<flags>]")
    assert "/var/lib/prometheus/alertmanager/" in said.stdout
