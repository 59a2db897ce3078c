"""Loading: the whole tour of a good file, variables, inheritance, and the form in which it may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from alertd.config.loading import Config, load_config, parse_config
from alertd.config.redaction import redacted
from alertd.config.types import HostPort
from alertd.errors import InvalidInput

TOUR = Path(__file__).parent / "tour.yml"
ENV = {"SLACK_TOKEN": "xoxb-s3cr3t", "HOOK_PASSWORD": "p4ssw0rd", "REGION": "eu"}
MINIMAL = "route: {receiver: team}\nreceivers: [{name: team}]\n"


def parse(text: str, env: dict[str, str] | None = None) -> Config:
    return parse_config(text, "alertd.yml", Path("/etc/alertd"), env or {})


@pytest.fixture(scope="module")
def tour() -> Config:
    return load_config(TOUR, ENV)


def test_minimal_file_has_all_defaults() -> None:
    """A route and a receiver are enough."""
    settings = parse(MINIMAL).settings
    assert settings.listen == HostPort("127.0.0.1", 9093)
    assert settings.database.get_secret_value() == "sqlite:///alertd.db"
    assert (settings.evaluation_interval, settings.global_.resolve_timeout) == (60_000, 300_000)
    assert (settings.acknowledgement.expires, settings.acknowledgement.max) == (86_400_000, 604_800_000)
    assert (settings.delivery.timeout, settings.delivery.max_age, settings.delivery.lease) == (
        10_000,
        3_600_000,
        15_000,
    )
    assert (settings.organisation, settings.compat) == ("default", "alertd")


def test_keys_without_a_value_are_as_good_as_absent() -> None:
    """`key:` with nothing after it takes the default, also for lists and mappings."""
    settings = parse(MINIMAL + "global:\ntemplates:\nlisten:\nsources:\n").settings
    assert settings == parse(MINIMAL).settings


def test_receivers_take_from_global(tour: Config) -> None:
    """What a receiver leaves out comes from `global`; what it says stays."""
    mail = tour.receivers["mail"].email_configs
    assert [config.smarthost for config in mail] == [HostPort("mail.example.org", 587), HostPort("::1", 25)]
    assert [config.from_ for config in mail] == ["alertd@example.org", "me@example.org"]
    assert [config.require_tls for config in mail] == [True, False]
    assert mail[0].auth_password is not None
    assert mail[0].auth_password.get_secret_value() == "1.10"
    assert (mail[1].auth_password, mail[1].auth_password_file) == (None, str(TOUR.parent / "mail.password"))
    pagerduty = tour.receivers["page"].pagerduty_configs[0]
    assert pagerduty.url == "https://events.pagerduty.com/v2/enqueue"
    assert pagerduty.http_config is not None
    assert pagerduty.http_config.follow_redirects is False
    hook = tour.receivers["hook"].webhook_configs[0]
    assert hook.http_config is not None
    assert hook.http_config.follow_redirects is True
    source = tour.settings.sources["main"]
    assert source.http_config is not None
    assert source.http_config.follow_redirects is False


@pytest.mark.parametrize(
    ("general", "own", "token", "url"),
    [
        ("slack_app_token: t", "channel: '#a'", "t", None),
        ("slack_api_url: https://h/u", "channel: '#a'", None, "https://h/u"),
        ("slack_app_token: t", "api_url: https://h/own", None, "https://h/own"),
        ("slack_api_url: https://h/u", "app_token: own", "own", None),
        (
            "{slack_app_token: t, slack_api_url: https://slack.com/api/chat.postMessage}",
            "http_config: {authorization: {credentials: c}}",
            None,
            "https://slack.com/api/chat.postMessage",
        ),
        (
            "{slack_app_token: t, slack_api_url: https://slack.com/api/chat.postMessage}",
            "channel: '#a'",
            "t",
            None,
        ),
    ],
)
def test_slack_takes_one_way_from_global(general: str, own: str, token: str | None, url: str | None) -> None:
    """A Slack receiver has a token or a webhook, never both; its own goes first."""
    text = f"global: {general if general.startswith('{') else '{' + general + '}'}\n{MINIMAL}"
    text = text.replace("[{name: team}]", f"[{{name: team, slack_configs: [{{{own}}}]}}]")
    config = parse(text).receivers["team"].slack_configs[0]
    assert (config.app_token.get_secret_value() if config.app_token else None) == token
    assert (config.api_url.get_secret_value() if config.api_url else None) == url


def test_variables(tour: Config) -> None:
    """`${NAME}` is filled in, `$${NAME}` and Go's `$name` stay."""
    slack = tour.receivers["chat"].slack_configs[0]
    assert slack.app_token is not None
    assert slack.app_token.get_secret_value() == "xoxb-s3cr3t"
    assert slack.title == "{{ $x := 1 }}${REGION} costs $5"
    assert tour.settings.external_labels == {"region": "eu", "version": "1.10", "on": "yes"}


def test_paths_count_from_the_file(tour: Config) -> None:
    """Relative paths are resolved against the directory of the file, absolute ones stay."""
    assert tour.settings.rule_files == (str(TOUR.parent / "rules/*.yml"), "/etc/alertd/rules/*.yml")
    assert tour.settings.templates == (str(TOUR.parent / "templates/*.tmpl"),)


def test_environment_names_the_database() -> None:
    """`ALERTD_DATABASE_URL` goes before the file, and is checked as well."""
    env = {"ALERTD_DATABASE_URL": "postgresql://db/alertd"}
    assert parse(MINIMAL, env).settings.database.get_secret_value() == "postgresql://db/alertd"
    with pytest.raises(InvalidInput, match="ALERTD_DATABASE_URL must be sqlite:///FILE or postgresql://"):
        parse(MINIMAL, {"ALERTD_DATABASE_URL": "oracle"})


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("", False),
        ("listen: '[::1]:9093'", False),
        ("listen: ':9093'", True),
        ("listen: 0.0.0.0:9093", True),
        ("listen: 0.0.0.0:9093\nauth: {required: false, allow_unauthenticated: true}", False),
        ("auth: {required: true}", True),
    ],
)
def test_authentication_is_required_beyond_this_machine(text: str, required: bool) -> None:
    """Who listens to others asks who they are, unless the file says twice that this is not meant."""
    assert parse(MINIMAL + text).settings.auth_required is required


def test_flags_take_alertmanagers_words() -> None:
    """A truth value may be written with the words that Alertmanager's YAML knows."""
    text = MINIMAL.replace("name: team}", "name: team, webhook_configs: [{url: 'http://h', send_resolved: off}]}")
    assert parse(text).receivers["team"].webhook_configs[0].send_resolved is False


def test_redacted(tour: Config) -> None:
    """No secret is shown, whether inline or from a variable; the rest is as it was written."""
    shown = redacted(tour)
    for secret in (
        "xoxb-s3cr3t",
        "p4ssw0rd",
        "1.10-",
        "hook-in-path",
        "dXNlcjpwYXNz",
        "proxy-pass",
        "MDEyMzQ1Njc4OWFi",
    ):
        assert secret not in shown
    data = yaml.safe_load(shown)
    assert data["database"] == "<secret>"
    assert data["route"] == yaml.safe_load(TOUR.read_text(encoding="utf-8"))["route"]
    assert data["receivers"][0]["slack_configs"][0]["app_token"] == "<secret>"
    assert data["external_labels"]["version"] == "1.10"


def test_redacted_for_alertmanager_has_only_its_keys(tour: Config) -> None:
    """What Alertmanager's tools would refuse is left out."""
    data = yaml.safe_load(redacted(tour, for_alertmanager=True))
    assert set(data) == {"global", "route", "receivers", "inhibit_rules", "time_intervals", "templates"}
    assert "signing_secret" not in data["receivers"][3]["webhook_configs"][0]


def test_representation_hides_secrets(tour: Config) -> None:
    """Printing the settings, as a traceback might, shows no secret."""
    assert "s3cr3t" not in repr(tour.settings)
    assert "p4ssw0rd" not in repr(tour.settings)


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing or no UTF-8 is a problem like any other."""
    with pytest.raises(InvalidInput, match=r"missing\.yml:1:1: the file cannot be read: No such file"):
        load_config(tmp_path / "missing.yml", {})
    latin = tmp_path / "latin.yml"
    latin.write_bytes(b"route:\n  receiver: caf\xe9\n")
    with pytest.raises(InvalidInput, match=r"latin\.yml:2:1: the file is not UTF-8 here"):
        load_config(latin, {})
