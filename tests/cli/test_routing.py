"""`alertd route`: the tree, and the ways of one alert."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from alertd.cli.app import run

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "monitoring" / "alertmanager.yml"
SHOP = ["alertname=HttpErrors", "namespace=shop", "severity=critical"]


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    """Every route is a line below its parent, with what it says otherwise."""
    assert run(["route", "show", "--config", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        (
            "{} → platform-slack  (group_by [alertname, cluster, namespace]; group_wait 30s; group_interval 5m;"
            " repeat_interval 12h)"
        ),
        '  {alertname="Watchdog"} → dead-mans-switch  (group_wait 0s; repeat_interval 5m)',
        '  {severity="info"} → nobody',
        (
            '  {severity="critical",namespace=~"^(?:shop|checkout|payments)$"} → on-call  (group_wait 10s;'
            " repeat_interval 1h; continues)"
        ),
        '  {namespace=~"^(?:shop|checkout|payments)$"} → shop-slack  (muted in night)',
        '    {team="data"} → data-mail',
    ]


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the tree with everything inherited filled in."""
    assert run(["route", "show", "--config", str(EXAMPLE), "--json"]) == 0
    root = json.loads(capsys.readouterr().out)
    assert (root["receiver"], root["line"], len(root["routes"])) == ("platform-slack", 13, 4)
    inner = root["routes"][3]["routes"][0]
    assert (inner["receiver"], inner["matchers"], inner["repeat_interval"]) == ("data-mail", ['team="data"'], "12h")


def test_test(capsys: pytest.CaptureFixture[str]) -> None:
    """The ways of an alert come in order, with the place of the route that decided."""
    assert run(["route", "test", "--config", str(EXAMPLE), *SHOP]) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["RECEIVER", "GROUP", "WAIT", "INTERVAL", "REPEAT", "TIMES", "ROUTE", "PLACE"]
    assert first.startswith('on-call     {alertname="HttpErrors", namespace="shop"}  10s   5m        1h ')
    assert first.endswith(f"{EXAMPLE}:30")
    assert "muted in night" in second


def test_test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get each way with its group's labels and key."""
    assert run(["route", "test", "--config", str(EXAMPLE), "alertname=X", "--json"]) == 0
    [way] = json.loads(capsys.readouterr().out)
    assert (way["receiver"], way["group_labels"], way["group_key"]) == (
        "platform-slack",
        {"alertname": "X"},
        '{}:{alertname="X"}',
    )


@pytest.mark.parametrize(
    ("expected", "code", "said"),
    [("on-call,shop-slack", 0, ""), ("shop-slack,on-call", 1, "found on-call,shop-slack"), ("on-call", 1, "expected")],
)
def test_expect(expected: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline can hold the receivers of an alert, in their order."""
    assert run(["route", "test", "--config", str(EXAMPLE), "--expect", expected, *SHOP]) == code
    assert said in capsys.readouterr().err


def test_variables_are_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an alert goes can be asked on a machine that does not have the service's secrets."""
    config = tmp_path / "alertd.yml"
    config.write_text(
        "route: {receiver: team}\nreceivers: [{name: team, slack_configs:"
        " [{app_token: '${ALERT_TEST_TOKEN}', channel: c}]}]\n"
    )
    monkeypatch.delenv("ALERT_TEST_TOKEN", raising=False)
    assert run(["route", "show", "--config", str(config)]) == 0


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong label is a mistake of the command, a wrong file one of the file."""
    assert run(["route", "test", "--config", str(EXAMPLE), "word"]) == 2
    config = tmp_path / "alertd.yml"
    config.write_text("route: {receiver: ghost}\n")
    assert run(["route", "show", "--config", str(config)]) == 1
    assert f"{config}:1:" in capsys.readouterr().err


FOLDER = Path(os.environ.get("ALERTD_CONFORMANCE", "")) / "alertmanager"


@pytest.mark.conformance
@pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set")
@pytest.mark.parametrize(
    ("label", "receivers"), [("test=1", "test1"), ("test=2", "test1,test2"), ("other=1", "default")]
)
def test_as_amtool_routes(label: str, receivers: str) -> None:
    """The public routing example goes where amtool says that it goes."""
    config = FOLDER / "conf.routing.yml"
    assert run(["route", "test", "--config", str(config), "--expect", receivers, label]) == 0
