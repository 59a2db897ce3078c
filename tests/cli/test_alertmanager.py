"""`alertd alertmanager`, as far as it needs no service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alertd import __version__
from alertd.api.web import WebOptions
from alertd.cli.alertmanager import _options, _web_options
from alertd.cli.alertmanagerflags import read_flags
from alertd.clock import DAY, HOUR
from alertd.routing.matchers import Grammar


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


def test_options() -> None:
    """What the flags ask for is what the service and its doors are told."""
    none = _options(read_flags([]))
    assert (none.retention, none.silence_retention, none.open_to_all) == (None, 5 * DAY, True)
    given = _options(
        read_flags(
            [
                "--data.retention=1h",
                "--enable-feature=utf8-strict-mode,receiver-name-in-metrics",
                "--log.silences",
                "--web.external-url=http://a/b",
                "--alerts.per-alertname-limit=7",
            ]
        )
    )
    assert (given.retention, given.silence_retention, given.log_silences) == (HOUR, HOUR, True)
    assert (given.grammar, given.metric_labels) == (Grammar.UTF8, frozenset({"receiver_name"}))
    assert (given.external_url, given.max_alerts_per_name) == ("http://a/b", 7)


def test_web_options() -> None:
    """Without a bound there are as many GETs as processors, and at least eight; a negative time is no bound."""
    web = _web_options(read_flags(["--web.get-concurrency=3", "--web.timeout=1500ms", "--web.route-prefix=/x"]))
    assert web == WebOptions(prefix="/x", get_concurrency=3, timeout=1_500, any_page=True)
    web = _web_options(read_flags(["--web.get-concurrency=-1", "--web.timeout=-1s"]))
    assert (web.get_concurrency >= 8, web.timeout) == (True, 0)


def test_linked_under_its_name(tmp_path: Path) -> None:
    """A link with Alertmanager's name is Alertmanager."""
    script = tmp_path / "prometheus-alertmanager"
    script.write_text(f"#!{sys.executable}\nfrom alertd.__main__ import main\nmain()\n")
    script.chmod(0o755)
    said = run("--help", program=str(script))
    assert said.stdout.startswith("usage: prometheus-alertmanager [<flags>]")
    assert "/var/lib/prometheus/alertmanager/" in said.stdout
