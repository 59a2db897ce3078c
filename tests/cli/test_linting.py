"""The lint of `alertd check`, and `alertd rule fmt`, as they are typed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from alertd.cli.app import run

CONFIG = "route: {receiver: team, repeat_interval: 1h}\nreceivers: [{name: team}]\nrule_files: [rules/*.yml]\n"
RULES = "groups:\n  - name: g\n    rules:\n      - {alert: Down, expr: count(up) == 0, for: 0m, cooldown: 2h}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rule file with a warning and hints, beside a configuration that names it."""
    (tmp_path / "alertd.yml").write_text(CONFIG)
    (tmp_path / "rules").mkdir()
    path = tmp_path / "rules" / "a.yml"
    path.write_text(RULES)
    return path


def test_warnings_are_shown(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding has its place and its check, and does not fail the command."""
    assert run(["check", str(rules)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{rules}: 1 rule in 1 group\n"
    assert printed.err == (
        f"{rules}:4:29: groups.0.rules.0.expr: `count(up)` is never 0; a count of no series is not 0 but nothing: see"
        " `absent` (warning: never-true)\n"
    )


@pytest.mark.parametrize(
    ("options", "code", "found"),
    [
        ([], 0, {"never-true"}),
        (["--lint", "off"], 0, set()),
        (["--lint", "off", "--fail-on", "info"], 0, set()),
        (["--lint=none", "--lint-fatal"], 0, set()),
        (["--lint=duplicate-rules,too-long-scrape-interval", "--lint-fatal"], 0, set()),
        (["--lint", "no-summary, never-true"], 0, {"never-true", "no-summary"}),
        (["--lint", "no-summary", "--lint-fatal"], 0, {"no-summary"}),
        (["--lint", "no-summary", "--lint-fatal", "--fail-on", "info"], 3, {"no-summary"}),
        (["--lint-fatal"], 3, {"never-true"}),
        (["--lint", "all"], 0, {"never-true", "redundant-for", "no-summary", "no-severity"}),
        (["--fail-on", "warning"], 1, {"never-true"}),
        (["--fail-on", "info"], 1, {"never-true"}),
        (["--fail-on", "error"], 0, {"never-true"}),
    ],
)
def test_what_is_linted(
    rules: Path, options: list[str], code: int, found: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """How much is linted, and what makes the command fail."""
    assert run(["check", "--json", *options, str(rules)]) == code
    assert {one["check"] for one in json.loads(capsys.readouterr().out)} == found


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("all,never-tru", "there is no check 'never-tru'; did you mean 'never-true'?"),
        ("xyz", "there is no check 'xyz'; there are none, default, all, and each check's name"),
    ],
)
def test_what_cannot_be_linted(rules: Path, word: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that names no check is a usage error."""
    assert run(["check", "--lint", word, str(rules)]) == 2
    assert said in capsys.readouterr().err


def test_a_mistake_beside_findings_that_are_fatal(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As with promtool, a mistake goes before the lint."""
    bad = rules.parent / "b.yml"
    bad.write_text("groups: 1\n")
    assert run(["check", "--lint-fatal", str(rules), str(bad)]) == 1
    assert "never-true" in capsys.readouterr().err


def test_a_configuration_s_rules_are_linted(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule files of a configuration are linted with its routes, once where they are given beside it, too."""
    assert run(["check", "--json", "--lint", "all", str(rules.parents[1] / "alertd.yml"), str(rules)]) == 0
    found = [one["check"] for one in json.loads(capsys.readouterr().out)]
    assert sorted(found) == ["cooldown-over-repeat", "never-true", "no-severity", "no-summary", "redundant-for"]


def test_mistakes_and_findings_together(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad file is told as before and keeps no good one from being linted."""
    bad = rules.parent / "b.yml"
    bad.write_text("groups: 1\n")
    assert run(["check", "--json", str(bad), str(rules)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["file"], first["severity"], first["check"]) == (str(bad), "error", None)
    assert (second["file"], second["severity"], second["check"]) == (str(rules), "warning", "never-true")
    assert (second["line"], second["column"]) == (4, 29)


def test_an_error_fails(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot work fails without being asked for."""
    rules.write_text(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n"
        "    annotations: {summary: '{{ query `up{` | first | value }}'}\n"
    )
    assert run(["check", str(rules)]) == 1
    assert "(error: template-query)" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """A check is explained by its name, without a file; a name that is not there is a usage error."""
    assert run(["check", "--explain", "never-true"]) == 0
    assert capsys.readouterr().out.startswith(
        "never-true (warning): a comparison with a number that no value can pass\n"
    )
    assert run(["check", "--explain", "never-tru"]) == 2
    assert "did you mean 'never-true'?" in capsys.readouterr().err
    assert run(["check"]) == 2
    assert "name the files to check" in capsys.readouterr().err


TIDY = "groups:\n  - name: g\n    rules:\n      - alert: Down\n        expr: up == 0\n"
UNTIDY = "groups:\n- name: g\n  rules:\n  - {alert: Down, expr: up==0}\n"


def test_format_in_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are written where they change, and named."""
    tidy, untidy = tmp_path / "tidy.yml", tmp_path / "untidy.yml"
    tidy.write_text(TIDY)
    untidy.write_text(UNTIDY)
    assert run(["rule", "fmt", str(tidy), str(untidy)]) == 0
    assert capsys.readouterr().out == f"{untidy}: formatted\n"
    assert untidy.read_text() == TIDY
    assert run(["rule", "fmt", "--check", str(tidy), str(untidy)]) == 0
    assert capsys.readouterr().out == ""


def test_format_check_and_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written; `--check` decides the exit code, `--diff` shows the change."""
    path = tmp_path / "a.yml"
    path.write_text(UNTIDY)
    assert run(["rule", "fmt", "--check", str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: would be formatted\n"
    assert run(["rule", "fmt", "--diff", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[:5] == [
        f"--- {path}",
        f"+++ {path} (formatted)",
        "@@ -1,4 +1,5 @@",
        " groups:",
        "-- name: g",
    ]
    assert run(["rule", "fmt", "--check", "--diff", str(path)]) == 1
    assert path.read_text() == UNTIDY


def test_format_of_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad file is told as `check` tells it and stays; the others are formatted."""
    bad, good = tmp_path / "bad.yml", tmp_path / "good.yml"
    bad.write_text("groups: 1\n")
    good.write_text(UNTIDY)
    assert run(["rule", "fmt", str(bad), str(good), str(tmp_path / "none.yml")]) == 1
    said = capsys.readouterr().err
    assert f"{bad}:1:9: groups: `groups` is a list" in said
    assert "none.yml:1:1: the file cannot be read" in said
    assert (bad.read_text(), good.read_text()) == ("groups: 1\n", TIDY)


def test_format_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`-` formats what is piped in, for editors."""
    monkeypatch.setattr("sys.stdin", io.StringIO(UNTIDY))
    assert run(["rule", "fmt", "-"]) == 0
    assert capsys.readouterr().out == TIDY
