"""`alertd dry-run`: what would be sent, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alertd.cli.app import run

CONFIG = """
database: sqlite:///{folder}/alertd.db
route: {{receiver: team, group_wait: 10s}}
receivers:
  - name: team
    webhook_configs: [{{url: "http://127.0.0.1:1/"}}]
rule_files: [rules.yml]
"""
RULES = """
groups:
  - name: application
    rules:
      - alert: HighMemory
        expr: memory_percent > 90
        for: 5m
        annotations: {summary: "{{ $value }} % used"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with one rule, and a snapshot over which it finds something."""
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "snapshot.json").write_text('{"memory_percent": 95}')
    path = tmp_path / "alertd.yml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return path


def test_for_people(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The alert, when it would fire, and the message with its text."""
    snapshot = str(config.parent / "snapshot.json")
    assert run(["dry-run", "--config", str(config), "--snapshot", snapshot, "--label", "instance=a", "--text"]) == 0
    told = capsys.readouterr().out
    assert "HighMemory  ok" in told
    assert "pending  in 5m" in told
    assert 'instance="a"' in told
    assert "team/webhook/0" in told
    assert "95 % used" in told
    assert not (config.parent / "alertd.db").exists()


def test_for_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON; without a snapshot there is nothing to find."""
    snapshot = str(config.parent / "snapshot.json")
    assert run(["dry-run", "--config", str(config), "--snapshot", snapshot, "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["alerts"][0]["fires_in"] == "5m"
    assert outcome["messages"][0]["receiver"] == "team"
    assert run(["dry-run", "--config", str(config)]) == 0
    assert "no alerts\n\nno messages\n" in capsys.readouterr().out


def test_a_rule_that_cannot_be_evaluated(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A source that does not answer is told with the rule, and the exit code says so."""
    config.write_text(config.read_text() + 'sources: {p: {type: prometheus, url: "http://127.0.0.1:1", retries: 0}}\n')
    assert run(["dry-run", "--config", str(config)]) == 1
    assert "HighMemory  err" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "said"), [("{", "is no JSON"), (None, "cannot be read: No such file or directory")]
)
def test_a_snapshot_that_is_none(
    config: Path, written: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there, or no JSON, is a usage error."""
    snapshot = config.parent / "other.json"
    if written is not None:
        snapshot.write_text(written)
    assert run(["dry-run", "--config", str(config), "--snapshot", str(snapshot)]) == 2
    assert said in capsys.readouterr().err
