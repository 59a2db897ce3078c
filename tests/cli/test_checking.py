"""`alertd check`: every mistake with its place, for configurations, their rule files, and rule files alone."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from alertd.cli.app import run
from alertd.resources import resource_path

GOOD_CONFIG = "route: {receiver: team}\nreceivers: [{name: team}]\nrule_files: [rules/*.yml]\n"
GOOD_RULES = "groups:\n  - name: g\n    rules:\n      - {alert: Down, expr: up == 0}\n"
BAD_RULES = "groups:\n  - name: g\n    rules:\n      - {alert: Down, expr: up ==}\n      - {alert: Up, exp: up}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A good configuration with one good rule file."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text(GOOD_RULES)
    path = tmp_path / "alertd.yml"
    path.write_text(GOOD_CONFIG)
    return path


def test_what_does_nothing_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A section of Alertmanager's without effect is a warning, and so is a second document; neither is a mistake."""
    config.write_text(f"{GOOD_CONFIG}tracing: {{endpoint: 'x:4317'}}\n---\na: 1\n")
    assert run(["check", str(config)]) == 0
    said = capsys.readouterr().err
    assert f"{config}:4:1: tracing: alertd sends no traces" in said
    assert f"{config}:6:1: a second document begins here; only the first one is read (a warning)" in said


def test_good_files(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good files are counted."""
    rules = config.parent / "rules" / "a.yml"
    assert run(["check", str(config), str(rules)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{config}: 1 route, 1 receiver, 1 rule in 1 file",
        f"{rules}: 1 rule in 1 group",
    ]


def test_the_two_kinds_of_alerting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With routes beside it, `alerting` says whom alerts are forwarded to; alone it holds rules."""
    config, rules = tmp_path / "alertd.yml", tmp_path / "rules.yml"
    config.write_text(
        "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
        "alerting: {alertmanagers: [{static_configs: [{targets: ['am:9093']}]}]}\n"
    )
    rules.write_text("alerting: {rules: [{name: slow, condition: latency > 1}]}\n")
    assert run(["check", str(config), str(rules)]) == 0
    assert "1 receiver" in capsys.readouterr().out


def test_the_mistakes_of_rule_files(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration is only good with its rule files; all mistakes are told, each with its place."""
    rules = config.parent / "rules" / "b.yml"
    rules.write_text(BAD_RULES)
    assert run(["check", str(config)]) == 1
    assert run(["check", str(rules)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 4
    assert all(line.startswith((f"{rules}:4:", f"{rules}:5:")) for line in lines), lines


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("route: {receiver: ghost}\n", "alertd.yml:1:19: route.receiver: "),
        ("route: [\n", "alertd.yml:1:8: this bracket is never closed"),
        ("nonsense: 1\n", "alertd.yml:1:1: "),
        (GOOD_CONFIG + "database: mysql://x\n", "alertd.yml:4:1: database: "),
    ],
)
def test_the_mistakes_of_a_configuration(
    config: Path, written: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Structure, names and values of a configuration are checked."""
    config.write_text(written)
    assert run(["check", str(config)]) == 1
    assert said in capsys.readouterr().err


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and one that is no text, are mistakes like others."""
    (tmp_path / "b.yml").write_bytes(b"groups:\n  - \xff\n")
    assert run(["check", str(tmp_path / "a.yml"), str(tmp_path / "b.yml")]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"{tmp_path / 'a.yml'}:1:1: the file cannot be read: No such file or directory"
    assert second == f"{tmp_path / 'b.yml'}:2:1: the file is not UTF-8 here; save it as UTF-8"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`-` checks the rules that are piped in."""
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD_RULES))
    assert run(["check", "-"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("groups: 1\n"))
    assert run(["check", "-"]) == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"groups:\n  - \xff\n"), encoding="utf-8"))
    assert run(["check", "-"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "<stdin>: 1 rule in 1 group\n"
    first, second = printed.err.splitlines()
    assert first.startswith("<stdin>:1:9: groups: ")
    assert second == "<stdin>:2:1: the file is not UTF-8 here; save it as UTF-8"


def test_keys_that_no_rule_has(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--ignore-unknown-fields` rule files may hold more, also those of a configuration; else they may not."""
    rules = config.parent / "rules" / "a.yml"
    rules.write_text(
        GOOD_RULES.replace("alert: Down", "alert: Down, owner: team").replace("name: g", "name: g\n    x: 1")
    )
    assert run(["check", "--ignore-unknown-fields", str(config), str(rules)]) == 0
    assert run(["check", str(config)]) == 1
    assert run(["check", str(rules)]) == 1
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        "groups.0.x",
        "groups.0.rules.0.owner",
    ] * 2
    config.write_text(f"{GOOD_CONFIG}nonsense: 1\n")
    assert run(["check", "--ignore-unknown-fields", str(config)]) == 1


def test_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the same mistakes as JSON, and an empty list when there are none."""
    assert run(["check", "--json", str(config)]) == 0
    assert json.loads(capsys.readouterr().out) == []
    config.write_text("route: {receiver: ghost}\n")
    assert run(["check", "--json", str(config)]) == 1
    assert json.loads(capsys.readouterr().out)[0]["field"] == "route.receiver"


@pytest.mark.parametrize("name", ["prometheus.yml", "application.yml", "short.yml"])
def test_the_examples_are_good(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The rules that ship have no mistakes."""
    assert run(["check", str(resource_path("rules") / name)]) == 0
    assert " rules in 1 group" in capsys.readouterr().out


def test_the_container_s_files_are_good(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """docker/alertd.yml and its rules have no mistakes."""
    monkeypatch.setenv("ALERTD_WEBHOOK_URL", "https://example.org/alerts")
    assert run(["check", str(Path(__file__).parents[2] / "docker" / "alertd.yml")]) == 0, capsys.readouterr().err
