"""The commands that speak to a running service: what they do, what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.cli.app import run
from alertd.store import tokens
from alertd.store.database import Database
from alertd.store.tokens import Role
from tests.cli.running import running

CONFIG = """
database: sqlite:///{folder}/alertd.db
route: {{receiver: nobody, group_wait: 1h}}
receivers:
  - name: nobody
  - name: hook
    webhook_configs: [{{url: "http://127.0.0.1:1/", timeout: 1s}}]
rule_files: [rules.yml]
evaluation_interval: 1h
"""
RULES = """
groups:
  - name: application
    rules:
      - alert: HighMemory
        expr: memory_percent > 90
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Alertd = Callable[..., Ended]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service of this module lives."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "alertd.yml").write_text(CONFIG.format(folder=folder))
    (folder / "rules.yml").write_text(RULES)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """One service for all tests of this module."""
    with running(folder / "alertd.yml") as url:
        yield url


@pytest.fixture
def alertd(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Alertd:
    """Runs a command line against the service."""
    monkeypatch.setenv("ALERTD_URL", url)

    def call(*arguments: str) -> Ended:
        code = run(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return call


def added(alertd: Alertd, name: str, **labels: str) -> str:
    """The fingerprint of a new alert."""
    given = [f"{label}={value}" for label, value in {"alertname": name, **labels}.items()]
    ended = alertd("alert", "add", *given, "--annotation", "summary=it is bad")
    assert ended.code == 0, ended
    return ended.out.strip()


def test_an_alert_from_its_start_to_its_end(alertd: Alertd) -> None:
    """Added, listed, shown, acknowledged, given back, snoozed, noted and resolved; the history tells all of it."""
    fingerprint = added(alertd, "DiskFull", severity="critical", instance="db-1")

    listed = alertd("alert", "list", 'alertname="DiskFull"')
    header, row = listed.out.splitlines()
    assert header.split() == ["FINGERPRINT", "STATE", "SEVERITY", "SINCE", "ALERT", "LABELS"]
    assert row.split()[:3] == [fingerprint, "firing", "critical"]
    assert row.endswith('DiskFull  instance="db-1"')

    shown = alertd("alert", "show", fingerprint)
    assert shown.out.startswith("DiskFull is firing\n")
    assert "summary:     it is bad" in shown.out

    taken = alertd("alert", "ack", fingerprint, "--for", "2h", "--note", "on it")
    assert f"{fingerprint} is acknowledged by anonymous until " in taken.out
    assert alertd("alert", "show", fingerprint, "--json").json["acknowledgement"]["note"] == "on it"
    assert alertd("alert", "unack", fingerprint).out == f"{fingerprint} is nobody's again\n"
    assert "is snoozed until" in alertd("alert", "snooze", fingerprint, "--for", "1h").out
    assert alertd("alert", "note", fingerprint, "disk is ordered").code == 0
    assert alertd("alert", "resolve", fingerprint).out == f"{fingerprint} is resolved\n"

    why = alertd("alert", "why", fingerprint).out
    for told in (
        "fired (anonymous)",
        "acknowledged (anonymous)  duration=2h, note=on it",
        "unacknowledged (anonymous)",
        "snoozed (anonymous)  until=",
        "note (anonymous)  text=disk is ordered",
        "resolved_by_hand (anonymous)",
    ):
        assert told in why, why
    history = alertd("history", "--alert", fingerprint, "--event", "acknowledged", "--json").json
    assert [event["actor"] for event in history] == ["anonymous"]
    assert fingerprint in alertd("history", "--alert", fingerprint).out


def test_lists_filter_and_page(alertd: Alertd) -> None:
    """Matchers, states and severities narrow the list; `--limit` cuts it; resolved alerts are shown when asked for."""
    names = [added(alertd, "Many", instance=str(number), severity="info") for number in range(3)]
    alertd("alert", "resolve", names[0])
    assert len(alertd("alert", "list", "alertname=Many", "--json").json) == 2
    assert len(alertd("alert", "list", "alertname=Many", "--limit", "1", "--json").json) == 1
    assert len(alertd("alert", "list", "alertname=Many", "--state", "resolved", "--json").json) == 1
    assert alertd("alert", "list", "alertname=Many", "--severity", "critical").out == "no alerts\n"


def test_a_silence_from_its_start_to_its_end(alertd: Alertd) -> None:
    """Added, listed, shown and ended; what it silences is listed as suppressed."""
    fingerprint = added(alertd, "Noisy")
    made = alertd("silence", "add", "alertname=Noisy", "--for", "2h", "--comment", "being mended")
    silence = made.out.strip()
    assert alertd("alert", "show", fingerprint, "--json").json["state"] == "suppressed"
    assert silence in alertd("silence", "list").out
    assert "comment:  being mended" in alertd("silence", "show", silence).out
    assert alertd("silence", "expire", silence).out == f"{silence} has ended\n"
    assert alertd("silence", "list", "--state", "expired", "--json").json[0]["id"] == silence


def test_rules_receivers_notifications(alertd: Alertd) -> None:
    """Each listing has its table and its JSON."""
    assert "HighMemory" in alertd("rule", "list").out
    assert alertd("rule", "list", "--json").json[0]["rules"][0]["name"] == "HighMemory"
    assert alertd("receiver", "list").out.splitlines()[2].split()[:3] == ["hook", "hook/webhook/0", "webhook"]
    assert alertd("notification", "list").out == "no notifications\n"
    assert alertd("notification", "list", "--status", "sent", "--json").json == []


def test_a_receiver_that_cannot_be_reached(alertd: Alertd) -> None:
    """The test message's failure is told, and the exit code says so."""
    ended = alertd("receiver", "test", "hook")
    assert ended.code == 1
    assert ended.out.startswith("hook/webhook/0: not delivered: ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["alert", "show", "0" * 16], 3, "alertd: there is no alert 0000000000000000"),
        (["alert", "show", "xyz"], 1, "fingerprint: "),
        (["alert", "ack", "0" * 16], 3, "no alert"),
        (["silence", "show", "nothing"], 3, "there is no silence nothing"),
        (["notification", "show", "abc"], 3, "there is no notification abc"),
        (["receiver", "test", "ghost"], 3, "ghost"),
        (["receiver", "test", "nobody"], 3, "there is no receiver 'nobody' with somebody to tell"),
        (["silence", "add", "a=b", "--for", "soon", "--comment", "x"], 1, "duration: expected a duration"),
        (["alert", "list", "{{"], 1, "matcher"),
        (["alert", "list", "--token", "alertd_wrong"], 4, "this token is unknown, expired or revoked"),
        (["alert", "list", "--url", "http://127.0.0.1:1"], 5, "cannot connect to http://127.0.0.1:1"),
        (["alert", "list", "--url", "nonsense"], 2, "the address must start with http://"),
        (["alert", "snooze", "0" * 16], 2, "give either --for"),
        (["alert", "add", "nonsense"], 2, "'nonsense' is no label; write it as name=value"),
        (["alert", "add", "a=1", "a=2"], 2, "the label 'a' is given twice"),
    ],
)
def test_what_goes_wrong(alertd: Alertd, arguments: list[str], code: int, said: str) -> None:
    """Each kind of failure has its exit code and its sentence on standard error, and prints nothing else."""
    ended = alertd(*arguments)
    assert (ended.code, ended.out) == (code, ""), ended
    assert said in ended.err


def test_a_token_of_too_little(alertd: Alertd, folder: Path) -> None:
    """A token that may only look is told what it lacks."""
    database = Database(f"sqlite:///{folder}/alertd.db")
    _, secret = database.transaction(tokens.create, "default", name="eyes", role=Role.VIEWER, now=1, actor="test")
    database.close()
    assert alertd("alert", "list", "--token", secret).code == 0
    refused = alertd("silence", "add", "a=b", "--for", "1h", "--comment", "x", "--token", secret)
    assert refused.code == 4
    assert "this needs the role editor; eyes has the role viewer" in refused.err


def test_what_others_wrote_cannot_steer_the_terminal(alertd: Alertd) -> None:
    """Control characters in labels and annotations are printed escaped."""
    fingerprint = added(alertd, "Evil", trick="\x1b[2J\nfake")
    assert "\x1b" not in alertd("alert", "show", fingerprint).out
    assert len(alertd("alert", "list", "alertname=Evil").out.splitlines()) == 2


def test_an_address_of_something_else(alertd: Alertd, url: str) -> None:
    """A service that does not speak alertd's language is recognised."""
    ended = alertd("alert", "list", "--url", f"{url}/-/healthy?")
    assert ended.code == 5
    assert "no JSON; is this alertd's address?" in ended.err
