"""`alertd diff-routing`: what an edit of the configuration does to alerts."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from alertd.cli.app import run

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "monitoring"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example of the guide as `alertmanager.yml`, and a copy of it as `next.yml`, in the working folder."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "alertmanager.yml", tmp_path / "next.yml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "next.yml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


COMMAND = ["diff-routing", "alertmanager.yml", "next.yml"]


@pytest.mark.parametrize("more", [["--alerts", "alerts.json"], []])
def test_the_same(more: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two configurations that mean the same end with 0 and one line."""
    assert run([*COMMAND, *more]) == 0
    told = capsys.readouterr()
    assert told.out.endswith("the same, 0 changed\n")
    assert told.err == ""


def test_what_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Alerts that change are shown with the old and the new way and the routes that decided; the end is 1."""
    edit(folder, "      continue: true\n", "")
    edit(folder, "repeat_interval: 1h", "repeat_interval: 2h")
    assert run([*COMMAND, "--alerts", "alerts.json"]) == 1
    route = '{}/{namespace=~"^(?:shop|checkout|payments)$",severity="critical"}'
    assert capsys.readouterr().out.splitlines() == [
        "5 label sets: 4 the same, 1 changed",
        "",
        '1 label set, as {alertname="HttpErrors", cluster="eu-1", namespace="checkout", severity="critical"}',
        "  receivers:                  on-call, shop-slack → on-call",
        "  repeat_interval of on-call: 1h → 2h",
        f"  old route to on-call:       {route} (alertmanager.yml:30)",
        '  old route to shop-slack:    {}/{namespace=~"^(?:shop|checkout|payments)$"} (alertmanager.yml:39)',
        f"  new route to on-call:       {route} (next.yml:30)",
    ]


def test_alerts_that_change_alike_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One edit is one entry, however many alerts it concerns."""
    edit(folder, "receiver: platform-slack", "receiver: data-mail")
    (folder / "alerts.txt").write_text("alertname=A\nalertname=B\nalertname=C\nalertname=Watchdog\n")
    assert run([*COMMAND, "--alerts", "alerts.txt"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("4 label sets: 1 the same, 3 changed\n")
    assert told.count(" as {") == 1
    assert '3 label sets, as {alertname="A"}' in told


@pytest.mark.parametrize(
    ("old", "new", "what", "values"),
    [
        ("group_wait: 10s", "group_wait: 20s", "group_wait", ("10s", "20s")),
        ("mute_time_intervals: [night]", "active_time_intervals: [night]", "mute_time_intervals", (["night"], [])),
        ("group_by: [alertname, cluster, namespace]", "group_by: [cluster]", "group_labels",
         ({"alertname": "HttpErrors", "cluster": "eu-1", "namespace": "checkout"}, {"cluster": "eu-1"})),
        ("equal: [alertname, namespace]", "equal: [alertname, namespace, severity]", "inhibited by",
         ('{alertname="HttpErrors", cluster="eu-1", namespace="checkout", severity="critical"}', "")),
    ],
)  # fmt: skip
def test_as_json(
    old: str, new: str, what: str, values: tuple[object, object], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs get every label set that changes, with each difference."""
    edit(folder, old, new)
    assert run([*COMMAND, "--alerts", "alerts.json", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["label_sets"] == 5
    assert told["changed"] == len(told["changes"])
    found = [
        (one["old"], one["new"])
        for change in told["changes"]
        if change["labels"]["alertname"] == "HttpErrors"
        for one in change["differences"]
        if one["what"] == what
    ]
    assert values in found


def test_without_alerts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit is found without a list of alerts, also where it takes two conditions to see it."""
    edit(folder, "      continue: true\n", "")
    assert run(COMMAND) == 1
    assert "on-call, data-mail → on-call" in capsys.readouterr().out


def test_definitions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A receiver that is another one under the same name is told, without what it says."""
    edit(folder, "https://watch.example.org/monitoring", "https://watch.example.org/hidden")
    assert run([*COMMAND, "--alerts", "alerts.json"]) == 1
    told = capsys.readouterr().out
    assert "5 label sets: 5 the same, 0 changed" in told
    assert "dead-mans-switch  webhook_configs.0.url" in told
    assert "hidden" not in told


def test_routes_without_an_example(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be tried is told."""
    edit(folder, "match: {team: data}", "match_re: {team: '[0-9]{3}x'}")
    run(COMMAND)
    assert "no example is known for the route" in capsys.readouterr().err


def test_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The list can come from another program."""
    monkeypatch.setattr("sys.stdin", io.StringIO('{alertname="A"}\n'))
    assert run([*COMMAND, "--alerts", "-"]) == 0
    assert capsys.readouterr().out.startswith("1 label set: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*COMMAND, "--alerts", "nothing"], "nothing:1:1: the file cannot be read"),
        ([*COMMAND, "--alerts", "rules/shop.yml"], "rules/shop.yml:1:1: groups: the label 'groups' has no text"),
        (["diff-routing", "alertmanager.yml", "rules/shop.yml"], "rules/shop.yml:1:1: "),
    ],
)
def test_trouble(arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be compared ends with 2, so that a pipeline can tell it from a difference."""
    assert run(arguments) == 2
    assert said in capsys.readouterr().err
