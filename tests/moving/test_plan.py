"""An `alertmanager.yml` and a `prometheus.yml` become one `alertd.yml` that means the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from alertd.config.loading import parse_config
from alertd.errors import InvalidInput
from alertd.moving.changes import Action
from alertd.moving.plan import Plan, Source, plan
from alertd.moving.proof import differences
from alertd.routing.tree import RouteTree

STAYS = "is about scraping, storing or tracing, which stay with Prometheus"
BASE = "route: {receiver: team}\nreceivers:\n  - name: team\n"


def routing(text: str, target: str = "/new") -> Plan:
    return plan(Source("am.yml", text, "/old"), None, target, "")


def rules(text: str, url: str = "http://p:9090") -> Plan:
    return plan(None, Source("prometheus.yml", text, "/old"), "/new", url)


def told(planned: Plan, action: Action) -> list[str]:
    return [str(change.place) for change in planned.changes if change.action is action]


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("tracing: {endpoint: x:1}\n", ""),
        ("event_recorder:\n  outputs: []\n", ""),
        ("global:\n  hipchat_auth_token: x\n  smtp_from: a@b.c\n", "global:\n  smtp_from: a@b.c\n"),
        ("    hipchat_configs: [{room_id: x}]\n    labels: {a: b}\n", "    labels: {a: b}\n"),
        ("---\n# another document\n", ""),
        ("# the end\n...\n", "# the end\n"),
        ("templates: [t/*.tmpl, /srv/t/*.tmpl]\n", "templates: [t/*.tmpl, templates/*.tmpl]\n"),
        ("global: {slack_api_url_file: s/url}\n", "global: {slack_api_url_file: ../old/s/url}\n"),
        ("global: {slack_api_url_file: /s/url}\n", "global: {slack_api_url_file: /s/url}\n"),
        ("global: {smtp_auth_password: 'a${B}c'}\n", "global: {smtp_auth_password: 'a$${B}c'}\n"),
        ("global: {smtp_auth_password: 'a$${B}c'}\n", "global: {smtp_auth_password: 'a$$${B}c'}\n"),
        (
            "global:\n  http_config:\n    bearer_token: s # it\n",
            "global:\n  http_config:\n    authorization:\n      credentials: s # it\n",
        ),
        (
            "global: {http_config: {bearer_token_file: /t}}\n",
            "global: {http_config: {authorization: {credentials_file: /t}}}\n",
        ),
        ("mute_time_intervals: # old\n  - name: night\n", "time_intervals: # old\n  - name: night\n"),
        (
            "time_intervals:\n  - name: day\nmute_time_intervals:\n# the night\n- name: night\n",
            "time_intervals:\n  # the night\n  - name: night\n  - name: day\n",
        ),
        ("inhibit_rules:\n  - target_match: {a: b}\n", 'inhibit_rules:\n  - target_matchers: [a="b"]\n'),
    ],
)
def test_changes_of_an_alertmanager_file(written: str, becomes: str) -> None:
    """Each older form and each path is written anew; each change is told, and nothing else is touched."""
    planned = routing(BASE + written)
    assert planned.text == BASE + becomes
    assert bool(planned.changes) is (written != becomes)
    assert told(planned, Action.LOOK) == []


@pytest.mark.parametrize(
    ("written", "action", "said"),
    [
        ("tracing: {endpoint: x:1}\n", Action.LEFT_OUT, "am.yml:4:1: tracing: alertd sends no traces"),
        ("# c\nglobal:\n  hipchat_api_url: x\n", Action.LEFT_OUT, "am.yml:6:3: global.hipchat_api_url: HipChat"),
        ("---\nx: 1\n", Action.LEFT_OUT, "am.yml:4:1: a second document"),
        ("templates: [/t/x]\n", Action.CHANGED, "am.yml:4:13: templates.0: the templates are copied"),
    ],
)
def test_changes_have_their_places(written: str, action: Action, said: str) -> None:
    """A change names the line of the file as it was."""
    [line] = told(routing(BASE + written), action)
    assert line.startswith(said)


def test_no_secret_is_told() -> None:
    """What is said of a change never has the value of a secret in it."""
    planned = routing(BASE + "global: {http_config: {bearer_token: hidden-1}, smtp_auth_password: 'hidden-2${X}'}\n")
    assert len(planned.changes) == 2
    assert "hidden" not in str(planned.changes)


def test_an_older_form_that_others_share_stays() -> None:
    """A merge takes the older key to where the newer one is, so writing one anew would change the other."""
    text = (
        "route:\n  receiver: team\n  routes:\n"
        "    - &base\n      match:\n        a: b\n      receiver: team\n"
        "    - <<: *base\n      match: &own {c: d}\n"
        "receivers:\n  - name: team\n"
    )
    planned = routing(text)
    assert planned.text == text
    assert len(told(planned, Action.LOOK)) == 2


def test_mistakes_are_told_at_their_places() -> None:
    """A file that Alertmanager would refuse is refused, with its own line numbers."""
    with pytest.raises(InvalidInput) as refused:
        routing("tracing:\n  endpoint: x:1\nroute: {receiver: ghost}\nreceivers: [{name: team}]\n")
    [problem] = refused.value.problems
    assert (problem.file, problem.line) == ("am.yml", 3)


def test_a_file_in_brackets_is_refused() -> None:
    """What is added needs lines of its own."""
    with pytest.raises(InvalidInput, match="in brackets"):
        routing("{route: {receiver: team}, receivers: [{name: team}]}")


def test_one_file_of_both() -> None:
    """The part of Prometheus comes behind the routing, with its comments, its labels and its rules."""
    text = (
        "global:\n  scrape_interval: 15s\n  # often\n  evaluation_interval: 30s # yes\n"
        "  external_labels: # who we are\n    cluster: eu\n"
        "# all rules\nrule_files:\n  - rules/*.yml # own\n  - /srv/*.rules\n"
    )
    planned = plan(Source("am.yml", BASE, "/old"), Source("p.yml", text, "/old"), "/new", "http://p:9090")
    assert planned.text == BASE + (
        "\n# often\nevaluation_interval: 30s # yes\nexternal_labels: # who we are\n  cluster: eu\n"
        "# all rules\nrule_files:\n  - rules/*.yml # own\n  - rules-2/*.rules\n"
        "sources:\n  prometheus:\n    type: prometheus\n    url: http://p:9090\n"
    )
    assert told(planned, Action.LEFT_OUT) == [
        f"p.yml:2:3: global.scrape_interval: scrape_interval {STAYS}",
    ]


def test_prometheus_alone() -> None:
    """Without routes nobody is told, which is said; values between brackets are written in lines."""
    planned = rules("global: {evaluation_interval: 1m, external_labels: {a: b}}\nrule_files: [x.yml]\n")
    config = parse_config(planned.text, "alertd.yml", Path("/new"), {})
    assert config.settings.evaluation_interval == 60_000
    assert config.settings.external_labels == {"a": "b"}
    assert config.settings.rule_files == ("/new/rules/x.yml",)
    assert config.settings.sources["prometheus"].url == "http://p:9090"
    assert any("tells nobody" in line for line in told(planned, Action.LOOK))


@pytest.mark.parametrize(
    ("written", "action", "said"),
    [
        ("scrape_configs: []\n", Action.LEFT_OUT, "scrape_configs is about scraping"),
        ("remote_write: [{url: 'http://x'}]\n", Action.LEFT_OUT, "remote_write is about"),
        ("alerting: {alertmanagers: []}\n", Action.LEFT_OUT, "it names nobody"),
        ("alerting: {alert_relabel_configs: []}\n", Action.LOOK, "does not rewrite labels"),
        ("global: {external_labels: {a: $B}}\n", Action.LOOK, "has a $ in it"),
        ("global: {rule_query_offset: 1m}\n", Action.CHANGED, "the groups say it themselves"),
        ("nonsense: 1\n", Action.LOOK, "no key of Prometheus"),
    ],
)
def test_what_of_prometheus_is_told(written: str, action: Action, said: str) -> None:
    """No key is passed over in silence."""
    lines = told(rules(written), action)
    assert any(line.startswith("prometheus.yml:1:") and said in line for line in lines), lines


@pytest.mark.parametrize("text", ["- a\n", "global: []\n", "rule_files: [{a: b}]\n"])
def test_no_configuration_of_prometheus(text: str) -> None:
    """A file of another kind is refused."""
    with pytest.raises(InvalidInput):
        rules(text)


def test_the_usual_address_is_told() -> None:
    """Where Prometheus is, is a guess when nobody says it."""
    planned = rules("global: {}\n", url="")
    assert "url: http://localhost:9090" in planned.text
    assert any("localhost:9090" in line for line in told(planned, Action.LOOK))


NAMES = st.sampled_from(["team", "severity", "service"])
TEXTS = st.text("ab|.'\"\\:# {}[],$*é&!%\t", max_size=6)
PATTERNS = st.sampled_from(["a", "a|b", "^a.*$", "", ".+", "[ab]: #", "a\\.b", "(?i)A", "'", '"'])
MATCH = st.dictionaries(NAMES, TEXTS, max_size=2)
MATCH_RE = st.dictionaries(NAMES, PATTERNS, max_size=2)
MATCHERS = st.lists(st.sampled_from(['team="a"', "service=~a|b", 'severity != "b"']), max_size=2)


@st.composite
def routes(draw: st.DrawFn, depth: int = 2) -> dict[str, object]:
    """A route in any mixture of the older and the newer forms."""
    route: dict[str, object] = {"receiver": draw(st.sampled_from(["x", "y"]))}
    for key, values in (("match", MATCH), ("matchers", MATCHERS), ("match_re", MATCH_RE)):
        if draw(st.booleans()):
            route[key] = draw(values)
    if depth and draw(st.booleans()):
        route["routes"] = draw(st.lists(routes(depth=depth - 1), max_size=2))
    route["continue"] = draw(st.booleans())
    return dict(draw(st.permutations(list(route.items()))))


@settings(max_examples=150)
@given(
    st.lists(routes(), max_size=3),
    st.sampled_from([True, False, None]),
    st.lists(st.dictionaries(NAMES, st.sampled_from(["a", "b", "a.b", "'"]), max_size=3), min_size=1, max_size=4),
)
def test_routes_mean_the_same(
    children: list[dict[str, object]], flow: bool | None, alerts: list[dict[str, str]]
) -> None:
    """However conditions are written, every alert goes the same ways after the import."""
    import yaml

    data = {"route": {"receiver": "x", "routes": children}, "receivers": [{"name": "x"}, {"name": "y"}]}
    text = "".join(
        yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, default_flow_style=flow)
        if not flow
        else f"{key}: {yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=True)}"
        for key, value in data.items()
    )
    try:
        before = parse_config(text, "am.yml", Path("/old"), {})
    except InvalidInput:
        reject()
    planned = routing(text)
    after = parse_config(planned.text, "alertd.yml", Path("/new"), {})
    assert list(differences(before, after)) == []
    for labels in alerts:
        old, new = (RouteTree(config.route).match(labels) for config in (before, after))
        assert [(node.id, node.route.receiver) for node in old] == [(node.id, node.route.receiver) for node in new]
