"""`alerting` of a `prometheus.yml`: what is carried over means the same, and what is not is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.moving.changes import Action
from alertd.moving.forwarding import forwarding_meaning
from alertd.moving.plan import NAME, Plan, Source, plan
from alertd.service.forwarding import build_forwarding

ROUTING = "route: {receiver: team}\nreceivers:\n  - name: team\n"


def planned(text: str, *, routed: bool = False) -> Plan:
    alertmanager = Source("am.yml", ROUTING, "/old") if routed else None
    return plan(alertmanager, Source("p.yml", text, "/old"), "/new", "http://p:9090")


def config_of(made: Plan) -> Config:
    return parse_config(made.text, NAME, Path("/new"), {"HOME": "filled in"})


def told(made: Plan, action: Action) -> list[str]:
    return [str(change.place) for change in made.changes if change.action is action and change.place.field]


def urls(made: Plan) -> list[str]:
    return list(build_forwarding(config_of(made).settings.alerting, HttpClients(), {}).targets)


async def test_everything_that_is_carried() -> None:
    """Addresses and how they are spoken to, with comments; paths of secrets lead where they led."""
    text = (
        "alerting: # whom we tell\n"
        "    alertmanagers:\n"
        "    # the pair\n"
        "    - static_configs:\n"
        "      - targets: ['one:9093', \"[::1]:9093\"] # two of them\n"
        "      scheme: https\n"
        "      path_prefix: /am\n"
        "      timeout: 3s\n"
        "      api_version: v2\n"
        "      authorization:\n"
        "        credentials_file: secrets/token\n"
        "      tls_config: {ca_file: /ca.pem, server_name: 'a${HOME}'}\n"
        "scrape_configs: []\n"
    )
    made = planned(text)
    assert made.text.endswith(
        "alerting: # whom we tell\n"
        "    alertmanagers:\n"
        "    # the pair\n"
        "    - static_configs:\n"
        "      - targets: ['one:9093', \"[::1]:9093\"] # two of them\n"
        "      scheme: https\n"
        "      path_prefix: /am\n"
        "      timeout: 3s\n"
        "      api_version: v2\n"
        "      authorization:\n"
        "        credentials_file: ../old/secrets/token\n"
        "      tls_config: {ca_file: /ca.pem, server_name: 'a$${HOME}'}\n"
    )
    assert urls(made) == ["https://one:9093/am/api/v2/alerts", "https://[::1]:9093/am/api/v2/alerts"]
    found = config_of(made).settings.alerting.alertmanagers
    assert forwarding_meaning(found) == forwarding_meaning(made.alertmanagers)
    assert (found[0].timeout, found[0].tls_config.server_name) == (3_000, "a${HOME}")
    changed = told(made, Action.CHANGED)
    assert [line.split(": ")[0] for line in changed] == ["p.yml:11:27", "p.yml:12:51"]
    assert told(made, Action.LOOK) == []


async def test_beside_routes_of_its_own() -> None:
    """With an alertmanager.yml alertd routes by itself, so nothing is forwarded, and it is said why."""
    made = planned("alerting: {alertmanagers: [{static_configs: [{targets: ['a:1']}]}]}\n", routed=True)
    assert "alerting:" not in made.text
    assert made.alertmanagers == ()
    (line,) = told(made, Action.LEFT_OUT)
    assert line.startswith("p.yml:1:12: alerting.alertmanagers: alertd routes by itself now, since alertmanager.yml")


OTHER = "  - static_configs: [{targets: ['b:1']}]\n"


@pytest.mark.parametrize(
    ("entry", "carried", "action", "said"),
    [
        ("- static_configs: [{targets: [a]}]\n", "http://a:80", Action.CHANGED, "with the port that Prometheus takes"),
        (
            "- scheme: https\n    static_configs: [{targets: [a]}]\n",
            "https://a:443",
            Action.CHANGED,
            "a is written as a:443",
        ),
        ("- dns_sd_configs: [{names: [x]}]\n", "", Action.LOOK, "alertd looks for no Alertmanagers by itself"),
        (
            "- dns_sd_configs: [{names: [x]}]\n    static_configs: [{targets: ['a:1']}]\n",
            "http://a:1",
            Action.LOOK,
            "alertmanagers.0.dns_sd_configs: alertd looks for no",
        ),
        (
            "- static_configs: [{targets: ['a:1'], labels: {x: y}}]\n",
            "http://a:1",
            Action.LEFT_OUT,
            "serve relabelling alone",
        ),
        (
            "- static_configs:\n    - labels: {x: y}\n      targets: ['a:1']\n",
            "http://a:1",
            Action.LEFT_OUT,
            "p.yml:4:7: alerting.alertmanagers.0.static_configs.0.labels: labels of an Alertmanager",
        ),
        (
            "- static_configs: [{targets: ['a:1'], labels: {__scheme__: https}}]\n",
            "",
            Action.LOOK,
            "nothing is forwarded to these Alertmanagers: labels",
        ),
        (
            "- static_configs: [{targets: ['a:1']}]\n    alert_relabel_configs: [{action: drop}]\n",
            "http://a:1",
            Action.LOOK,
            "alertd does not rewrite labels of alerts",
        ),
        (
            "- static_configs: [{targets: ['a:1']}]\n    relabel_configs: [{action: drop}]\n",
            "",
            Action.LOOK,
            "p.yml:4:5: alerting.alertmanagers.0.relabel_configs: nothing is forwarded to these Alertmanagers",
        ),
        (
            "- static_configs: [{targets: ['a:1']}]\n    relabel_configs: []\n",
            "http://a:1",
            Action.LEFT_OUT,
            "it is empty",
        ),
        ("- static_configs: [{targets: ['a:1']}]\n    sigv4: {}\n", "", Action.LOOK, "are not signed for AWS"),
        ("- static_configs: [{targets: ['a:1']}]\n    api_version: v1\n", "", Action.LOOK, "api_version: nothing"),
        ("- static_configs: [{targets: ['a:1']}]\n    new_key: v1\n", "", Action.LOOK, "unknown key 'new_key'"),
        ("- static_configs: []\n", "", Action.LOOK, "no Alertmanager is named"),
    ],
)
async def test_each_entry_for_itself(entry: str, carried: str, action: Action, said: str) -> None:
    """An entry that cannot be carried is told and takes no other with it."""
    made = planned(f"alerting:\n  alertmanagers:\n  {entry}{OTHER}")
    expected = [*([carried] if carried else []), "http://b:1"]
    assert urls(made) == [f"{url}/api/v2/alerts" for url in expected]
    (line,) = told(made, action)
    assert said in line
    meant = forwarding_meaning(config_of(made).settings.alerting.alertmanagers)
    assert meant == forwarding_meaning(made.alertmanagers)


@pytest.mark.parametrize(
    "text",
    [
        "alerting: {alertmanagers: [{dns_sd_configs: []}, {static_configs: [{targets: ['a:1'], labels: {}}]}, {}]}\n",
        "x: &one {targets: ['a:1'], labels: {a: b}}\nalerting:\n  alertmanagers:\n  - static_configs: [*one]\n",
        "{global: {}, alerting: {alertmanagers: [{static_configs: [{targets: ['a:1']}]}]}}\n",
    ],
)
async def test_brackets_and_aliases(text: str) -> None:
    """What cannot be cut out of the text is written anew and means the same."""
    assert urls(planned(text)) == ["http://a:1/api/v2/alerts"]


def test_what_is_left_out_as_a_whole_is_told_once() -> None:
    """Of an entry that is not carried, nothing is said but what is in the way."""
    made = planned(f"alerting:\n  alertmanagers:\n  - static_configs: [{{targets: [a]}}]\n    sigv4: {{}}\n{OTHER}")
    assert told(made, Action.CHANGED) == []
    assert len(told(made, Action.LOOK)) == 1


async def test_the_whole_list_of_a_file() -> None:
    """Where no entry is left, there is no section, and a person has to look."""
    made = planned("alerting:\n  alertmanagers:\n  - kubernetes_sd_configs: [{role: pod}]\n")
    assert "alerting:" not in made.text
    assert any("which tells nobody" in change.place.message for change in made.changes)


@pytest.mark.parametrize("section", ["[a]", "{alertmanagers: {a: b}}", "{alertmanagers: [a]}"])
def test_no_section_of_prometheus(section: str) -> None:
    """What is no section at all is refused with its place."""
    with pytest.raises(InvalidInput, match=r"p\.yml:1:"):
        planned(f"alerting: {section}\n")


def test_no_secret_is_told() -> None:
    """What is said of an entry never has a secret in it."""
    made = planned(
        "alerting: {alertmanagers: [{static_configs: [{targets: ['a:1']}], sigv4: {secret_key: hidden},"
        " basic_auth: {password: hidden}, bearer_token: hidden}]}\n"
    )
    assert made.changes
    assert "hidden" not in str(made.changes) + repr(made.alertmanagers)
