"""The kinds of integrations: what they take from `global`, their defaults, and how they are shown."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from alertd.config.loading import Config, load_config, parse_config
from alertd.config.receivers import KINDS, key_of
from alertd.config.redaction import redacted
from tests.config.verdicts import receiver

FILE = Path(__file__).parent / "kinds.yml"


@pytest.fixture(scope="module")
def kinds() -> Config:
    return load_config(FILE, {})


def entry(config: Config, name: str, kind: str) -> object:
    return getattr(config.receivers[name], key_of(kind))[0]


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def test_the_file_has_every_kind(kinds: Config) -> None:
    """No kind is left out of the tests that go through them all."""
    assert {kind for receiver in kinds.receivers.values() for kind, _, _ in receiver.integrations()} == KINDS.keys()


@pytest.mark.parametrize(
    ("name", "kind", "key", "value"),
    [
        ("old", "opsgenie", "api_key", "opsgenie-s3cret"),
        ("old", "opsgenie", "api_url", "https://opsgenie.example.org"),
        ("old", "victorops", "api_key", "victorops-s3cret"),
        ("old", "victorops", "api_url", "https://alert.victorops.com/integrations/generic/20131114/alert/"),
        ("old", "wechat", "api_secret", "wechat-s3cret"),
        ("old", "wechat", "corp_id", "corp"),
        ("old", "wechat", "api_url", "https://qyapi.weixin.qq.com/cgi-bin/"),
        ("old", "telegram", "bot_token", "telegram-s3cret"),
        ("old", "telegram", "api_url", "https://api.telegram.org"),
        ("new", "webex", "api_url", "https://webexapis.com/v1/messages"),
        ("new", "jira", "api_url", "https://jira.example.org/rest/api/2"),
        ("new", "rocketchat", "api_url", "https://open.rocket.chat/"),
        ("new", "rocketchat", "token", "rocketchat-s3cret"),
        ("new", "rocketchat", "token_id", "rocketchat-id-s3cret"),
        ("new", "mattermost", "webhook_url", "https://mattermost.example.org/hooks/mattermost-s3cret"),
    ],
)
def test_taken_from_global(kinds: Config, name: str, kind: str, key: str, value: str) -> None:
    """What an integration leaves out comes from `global`, which has Alertmanager's addresses."""
    assert plain(getattr(entry(kinds, name, kind), key)) == value


def test_http_config_is_taken_from_global(kinds: Config) -> None:
    """All that speak HTTP speak it as `global` says, unless they say it themselves."""
    for receiver_config in kinds.receivers.values():
        for kind, _, config in receiver_config.integrations():
            if kind not in {"email", "apprise", "webex"}:
                assert config.http_config.follow_redirects is False, kind
    assert kinds.receivers["new"].webex_configs[0].http_config.follow_redirects is True


def test_own_values_go_first() -> None:
    """A file of the integration's own keeps the secret of `global` away."""
    text = "global: {telegram_bot_token: x}\n" + receiver("telegram_configs: [{chat_id: 5, bot_token_file: f}]")
    config = parse_config(text, "f.yml", Path("/etc"), {}).receivers["a"].telegram_configs[0]
    assert (config.bot_token, config.bot_token_file) == (None, "/etc/f")


@pytest.mark.parametrize(
    ("kind", "told"),
    [(kind, kind not in {"email", "slack", "wechat", "rocketchat"}) for kind in KINDS],
)
def test_whether_the_end_is_told(kind: str, told: bool) -> None:
    """Each kind has Alertmanager's default of `send_resolved`."""
    assert KINDS[kind].model_fields["send_resolved"].default is told


def test_defaults_that_are_texts(kinds: Config) -> None:
    """Templates that Alertmanager does not keep under a name are the defaults themselves."""
    assert entry(kinds, "old", "pushover").priority == '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'
    assert entry(kinds, "new", "rocketchat").color == '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'
    assert entry(kinds, "old", "pushover").title is None


def test_scalars_as_go_reads_them(kinds: Config) -> None:
    """Words for truth values, numbers of other bases, Go's durations; and texts in either form for Jira."""
    jira = entry(kinds, "new", "jira")
    assert (jira.summary.template, jira.summary.enable_update) == ("{{ .GroupLabels.alertname }}", True)
    assert (jira.description.template, jira.description.enable_update) == ("d", False)
    assert jira.fields == {"customfield_1": {"value": "x"}, "flag": True}
    assert entry(kinds, "old", "webhook").max_alerts == 16
    assert entry(kinds, "old", "webhook").send_resolved is False
    assert (entry(kinds, "old", "pushover").retry, entry(kinds, "old", "pushover").expire) == (30_000, 5_400_000)
    assert entry(kinds, "new", "rocketchat").actions[0].is_webview is True
    assert entry(kinds, "old", "telegram").chat_id == -100_123


def test_no_secret_is_shown(kinds: Config) -> None:
    """Neither form of the shown file has a secret in it."""
    for shown in (redacted(kinds), redacted(kinds, for_alertmanager=True)):
        assert "s3cret" not in shown
        assert "u:p@" not in shown


def test_shown_file_can_be_read_again(kinds: Config) -> None:
    """What is shown for Alertmanager's tools has its own kinds alone, and is a configuration with the same routes."""
    shown = redacted(kinds, for_alertmanager=True)
    again = parse_config(shown, "f.yml", FILE.parent, {})
    assert again.route == kinds.route
    assert set(yaml.safe_load(shown)["receivers"][2]) == {"name"}
    for name in ("old", "new"):
        assert [found[:2] for found in again.receivers[name].integrations()] == [
            found[:2] for found in kinds.receivers[name].integrations()
        ]


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
def test_amtool_reads_what_is_shown(kinds: Config, tmp_path: Path) -> None:
    """Alertmanager's tool of 2022 takes the kinds that it knows."""
    data = yaml.safe_load(redacted(kinds, for_alertmanager=True))
    known = {"resolve_timeout", "http_config", "smtp_smarthost", "smtp_from", "slack_api_url"}
    data["global"] = {
        key: value for key, value in data["global"].items() if key in known or key.startswith(("ops", "vic", "wec"))
    }
    data["receivers"] = data["receivers"][:1]
    del data["receivers"][0]["labels"]
    data["receivers"][0]["telegram_configs"][0]["bot_token"] = "<secret>"
    path = tmp_path / "shown.yml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    done = subprocess.run(["amtool", "check-config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
