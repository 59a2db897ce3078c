"""Alertmanager's verdict and its words: on its own test configurations, and on configurations about one thing each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.config.loading import load_config, parse_config
from alertd.config.receivers import KINDS
from alertd.errors import InvalidInput
from tests.config.sentences import ACCEPTED, ALL_KINDS, BOTH, REFUSED

FOLDER = Path(os.environ.get("ALERTD_CONFORMANCE", "")) / "alertmanager"

FILES: dict[str, str] = {
    "empty-fields": "",
    "group-by-all": "",
    "mattermost-both-webhook-url-and-file": BOTH.format("mattermost_webhook_url"),
    "mattermost-default-webhook-url": "",
    "mattermost-valid-receiver-both-webhook-url-and-file": BOTH.format("mattermost_webhook_url"),
    "nil-source_match_re-inhibition": 'invalid regexp value for "',
    "opsgenie-both-file-and-apikey": BOTH.format("opsgenie_api_key"),
    "opsgenie-default-apikey-old-team": "field teams not found in type opsgenie.plain",
    "opsgenie-no-apikey": "no global OpsGenie API Key set either inline or in a file",
    "rocketchat-both-tokenid-and-tokenidfile": BOTH.format("rocketchat_token_id"),
    "rocketchat-default-token": "",
    "routing": "",
    "slack-both-file-and-token": BOTH.format("slack_app_token"),
    "slack-both-url-and-token": (
        "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured"
    ),
    "slack-default-app-token": "",
    "slack-update-message-and-webhook": (
        "update_message can only be used with bot tokens. api_url must be set to https://slack.com/api/chat.postMessage"
    ),
    "smtp-no-username-or-password": "",
    "sns-invalid": "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config",
    "telegram-both-bot-token-and-file": BOTH.format("telegram_bot_token"),
    "telegram-default-bot-token": "",
    "telegram-valid-receiver-both-bot-token-and-file": BOTH.format("telegram_bot_token"),
    "victorops-default-apikey-file": "",
    "victorops-no-apikey": "no global VictorOps API Key set",
    "wechat-default-api-secret-file": "",
}

conformance = [
    pytest.mark.conformance,
    pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set"),
]


@pytest.mark.parametrize(
    ("name", "words"), [pytest.param(name, words, marks=conformance) for name, words in FILES.items()]
)
def test_files(name: str, words: str) -> None:
    """Its own files are accepted, or refused in its words and with a place."""
    path = FOLDER / f"conf.{name}.yml"
    if not words:
        assert load_config(path, {}).route.receiver
        return
    with pytest.raises(InvalidInput) as refused:
        load_config(path, {})
    assert any(words in problem.message and problem.line > 1 for problem in refused.value.problems)


@pytest.mark.conformance
@pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set")
def test_every_file_is_in_the_table() -> None:
    """The table has each file of the folder."""
    assert {path.name[len("conf.") : -len(".yml")] for path in FOLDER.glob("conf.*.yml")} == FILES.keys()


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, words: str) -> None:
    """The same sentence, and after it what to do."""
    with pytest.raises(InvalidInput) as refused:
        parse_config(text, "f.yml", Path(), {})
    [message] = [problem.message for problem in refused.value.problems if words in problem.message]
    assert len(message) > len(words)


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str) -> None:
    """What is unusual and right is accepted."""
    assert parse_config(text, "f.yml", Path(), {}).route.receiver == "a"


def test_every_kind_is_known() -> None:
    """All of Alertmanager's kinds are kinds of alertd, which has one more."""
    assert ALL_KINDS | {"apprise"} == KINDS.keys()
