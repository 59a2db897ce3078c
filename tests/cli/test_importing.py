"""`alertd import`: one folder that means the same, or nothing at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from alertd.cli.app import run
from alertd.config.loading import load_config
from alertd.errors import InvalidInput
from alertd.moving.proof import differences

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "monitoring"


@pytest.fixture
def monitoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example of the guide, in a folder of the test's own beside the one that is written."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(EXAMPLE, tmp_path / "monitoring"))


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", ["alertmanager", "prometheus"])
def test_a_folder_with_both(command: str, monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both files become one, rules and templates come along, secrets stay, and `check` takes the result."""
    assert run(["import", command, "monitoring"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("alertd/alertd.yml: 6 routes, 6 receivers, 6 rules in 2 files\n")
    assert told.err == ""
    assert written(Path("alertd")) == {
        *("alertd.yml", "rules/nodes.yml", "rules/shop.yml", "templates/monitoring.tmpl"),
    }
    assert run(["check", "alertd/alertd.yml"]) == 0
    old, new = load_config("monitoring/alertmanager.yml"), load_config("alertd/alertd.yml")
    assert list(differences(old, new)) == []
    assert new.settings.external_labels == {"cluster": "eu-1"}
    assert Path(new.settings.global_.slack_api_url_file).resolve() == (monitoring / "secrets" / "slack-url").resolve()


def test_comments_and_older_forms(monitoring: Path) -> None:
    """Every comment of a person is in the new files, and no older form is."""
    assert run(["import", "alertmanager", str(monitoring)]) == 0
    text = Path("alertd/alertd.yml").read_text()
    old = (monitoring / "alertmanager.yml").read_text() + (monitoring / "prometheus.yml").read_text()
    comments = [line.strip() for line in old.splitlines() if line.strip().startswith("#")]
    assert len(comments) == 5
    assert [line for line in comments if line not in text] == []
    assert not any(f"{key}:" in text for key in ("match", "match_re", "source_match", "bearer_token_file"))
    assert "\ntime_intervals:" in text
    assert "# Two scrapes may be lost" in Path("alertd/rules/nodes.yml").read_text()


def test_what_is_told(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every change has its action, its place and its reason, as text and as JSON."""
    assert run(["import", "alertmanager", "monitoring", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"][0] == "alertd/alertd.yml"
    assert told["warnings"] == []
    by_field = {change["field"]: change for change in told["changes"]}
    assert by_field["route.routes.0.match"]["action"] == "changed"
    assert by_field["route.routes.0.match"]["line"] == 21
    assert by_field["groups.1.rules.0"]["action"] == "left out"
    assert by_field["groups.1.rules.0"]["file"] == "monitoring/rules/nodes.yml"
    assert {change["action"] for change in told["changes"]} == {"changed", "left out", "look at"}
    assert run(["import", "alertmanager", "monitoring", "--output", "b", "--prometheus-url", "http://p:9090"]) == 0
    assert "look at:" not in capsys.readouterr().out


def test_one_file_alone(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is named is imported without what lies beside it."""
    assert run(["import", "alertmanager", "monitoring/alertmanager.yml", "--output", "a"]) == 0
    assert written(Path("a")) == {"alertd.yml", "templates/monitoring.tmpl"}
    assert run(["import", "prometheus", "monitoring/prometheus.yml", "--output", "b"]) == 0
    assert written(Path("b")) == {"alertd.yml", "rules/nodes.yml", "rules/shop.yml"}
    assert "forwards alerts to the Alertmanagers of this file" in capsys.readouterr().out


def test_prometheus_alone_forwards(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """alertd is the rule engine: it tells the Alertmanagers that Prometheus told; `check` takes the file."""
    assert run(["import", "prometheus", "monitoring/prometheus.yml"]) == 0
    assert "alerting" not in capsys.readouterr().out
    assert run(["check", "alertd/alertd.yml"]) == 0
    (section,) = load_config("alertd/alertd.yml").settings.alerting.alertmanagers
    assert [str(target) for static in section.static_configs for target in static.targets] == ["alertmanager:9093"]


def test_a_folder_with_both_forwards_nothing(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """alertd routes by itself then, which is told."""
    assert run(["import", "prometheus", "monitoring"]) == 0
    assert "alerting.alertmanagers: alertd routes by itself now" in capsys.readouterr().out
    assert load_config("alertd/alertd.yml").settings.alerting.alertmanagers == ()


def test_nothing_is_overwritten(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of the target stay unless --force is given; the same content again is no overwriting."""
    assert run(["import", "alertmanager", "monitoring"]) == 0
    assert run(["import", "alertmanager", "monitoring"]) == 0
    first = Path("alertd/alertd.yml").read_text()
    (monitoring / "alertmanager.yml").write_text((monitoring / "alertmanager.yml").read_text().replace("12h", "6h"))
    assert run(["import", "alertmanager", "monitoring"]) == 1
    assert capsys.readouterr().err.startswith("alertd/alertd.yml:1:1: the file is there already; give --force")
    assert Path("alertd/alertd.yml").read_text() == first
    assert run(["import", "alertmanager", "monitoring", "--force"]) == 0
    assert Path("alertd/alertd.yml").read_text() == first.replace("12h", "6h")


def test_strangers_in_the_folder(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that lies there and that the new patterns would match is told, also with --force."""
    Path("alertd/templates").mkdir(parents=True)
    Path("alertd/templates/old.tmpl").write_text("{{ define `x` }}{{ end }}")
    assert run(["import", "alertmanager", "monitoring", "--force"]) == 1
    assert "old.tmpl:1:1: the new configuration would read this file" in capsys.readouterr().err
    assert written(Path("alertd")) == {"templates/old.tmpl"}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "alertmanager.yml",
            "receiver: nobody",
            "receiver: ghost",
            "monitoring/alertmanager.yml:29:17: route.routes.1",
        ),
        ("alertmanager.yml", "route:", "route: [", "monitoring/alertmanager.yml:15"),
        ("rules/shop.yml", "> 0.05", ">", "rules/shop.yml:13"),
        ("templates/monitoring.tmpl", "{{ range", "{{ rage", "monitoring/templates/monitoring.tmpl:"),
        (
            "prometheus.yml",
            "evaluation_interval: 30s",
            "evaluation_interval: often",
            "monitoring/prometheus.yml:4:24: global.evaluation_interval",
        ),
        ("prometheus.yml", "rules/nodes.yml", "r*/nodes.yml", "invalid rule file path"),
    ],
)
def test_nothing_is_written_when_something_is_wrong(
    file: str, old: str, new: str, said: str, monitoring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake anywhere is told with its place, and leaves no folder behind."""
    path = monitoring / file
    path.write_text(path.read_text().replace(old, new, 1))
    assert run(["import", "alertmanager", "monitoring"]) == 1
    assert said in capsys.readouterr().err
    assert {path.name for path in Path().iterdir()} == {"monitoring"}


@pytest.mark.parametrize("arguments", [["alertmanager", "."], ["prometheus", "."]])
def test_a_folder_without_the_file(arguments: list[str], monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that has no such file is a mistake of the command."""
    assert run(["import", *arguments]) == 2
    assert "has no" in capsys.readouterr().err


def test_a_file_that_is_not_there(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be read is told."""
    assert run(["import", "alertmanager", "nothing.yml"]) == 1
    assert capsys.readouterr().err.startswith("nothing.yml:1:1: the file cannot be read")


def test_a_target_that_is_in_the_way(monitoring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in the place of a folder is told, not met half way."""
    Path("a").write_text("")
    assert run(["import", "alertmanager", "monitoring", "--output", "a"]) == 1
    Path("b").mkdir()
    Path("b/rules").write_text("")
    assert run(["import", "alertmanager", "monitoring", "--output", "b"]) == 1
    assert "rules" in capsys.readouterr().err
    assert written(Path("b")) == {"rules"}


def test_secrets_stay_as_private_as_they_are(monitoring: Path) -> None:
    """The new file can be read by whom the old one can be read by, as it may have secrets in it."""
    (monitoring / "alertmanager.yml").chmod(0o600)
    assert run(["import", "alertmanager", "monitoring"]) == 0
    assert stat.S_IMODE(Path("alertd/alertd.yml").stat().st_mode) == 0o600


def test_a_byte_order_mark(monitoring: Path) -> None:
    """The mark that some editors put before a text is no part of it."""
    path = monitoring / "alertmanager.yml"
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert run(["import", "alertmanager", "monitoring"]) == 0
    assert "match:" not in Path("alertd/alertd.yml").read_text(encoding="utf-8")


def test_through_a_link(monitoring: Path, tmp_path: Path) -> None:
    """Paths of secrets lead to them, also where the folder that is written is reached by a link."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    Path("link").symlink_to(tmp_path / "deep" / "er")
    assert run(["import", "alertmanager", "monitoring", "--output", "link/alertd"]) == 0
    found = load_config("link/alertd/alertd.yml").settings.global_.slack_api_url_file
    assert Path(found).read_text() == (monitoring / "secrets" / "slack-url").read_text()


def test_files_from_elsewhere(monitoring: Path, tmp_path: Path) -> None:
    """Rules and templates of other folders are copied, those of different folders into different ones."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yml").write_text(
            f"groups: [{{name: {name}, rules: [{{alert: A, expr: up}}, {{record: r, expr: up}}]}}]\n"
        )
    path = monitoring / "prometheus.yml"
    path.write_text(
        path.read_text().replace("rules/nodes.yml", "../one/*.yml").replace("rules/shop.yml", f"{tmp_path}/two/x.yml")
    )
    assert run(["import", "prometheus", str(path)]) == 0
    assert written(Path("alertd")) == {"alertd.yml", "rules/x.yml", "rules-2/x.yml"}
    assert run(["check", "alertd/alertd.yml"]) == 0


FOLDER = Path(os.environ.get("ALERTD_CONFORMANCE", ""))
conformance = pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set")


def _is_valid(path: Path) -> bool:
    try:
        load_config(path, {})
    except InvalidInput:
        return False
    return True


@pytest.mark.conformance
@conformance
def test_public_configurations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each configuration that is valid is imported and means the same; each other one is refused."""
    valid = 0
    for path in sorted((FOLDER / "alertmanager").glob("*.yml")):
        output = tmp_path / path.stem
        good = _is_valid(path)
        assert run(["import", "alertmanager", str(path), "--output", str(output)]) == int(not good), path
        assert output.exists() is good
        if good:
            valid += 1
            assert list(differences(load_config(path, {}), load_config(output / "alertd.yml", {}))) == []
            assert run(["diff-routing", str(path), str(output / "alertd.yml")]) == 0, capsys.readouterr().out
    assert valid >= 9


@pytest.mark.conformance
@conformance
def test_public_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All public rules are imported at once, byte for byte; what Prometheus takes, `check` takes."""
    patterns = sorted({f"{path.parent}/*.yml" for path in (FOLDER / "rules").rglob("*.yml")})
    (tmp_path / "prometheus.yml").write_text("rule_files:\n" + "".join(f"  - {pattern}\n" for pattern in patterns))
    assert run(["import", "prometheus", str(tmp_path), "--output", str(tmp_path / "new")]) == 0
    count = re.search(r"(\d+) rules", capsys.readouterr().out)
    assert count is not None
    assert int(count[1]) >= 950
    copies = sorted(path.read_bytes() for path in (tmp_path / "new").rglob("*.yml") if path.name != "alertd.yml")
    assert copies == sorted(path.read_bytes() for path in (FOLDER / "rules").rglob("*.yml"))
