"""Alertmanager's own test configurations: which must load, which must be refused, and with which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.config.loading import load_config
from alertd.config.receivers import OTHER_KINDS
from alertd.errors import InvalidInput

FOLDER = Path(os.environ.get("ALERTD_CONFORMANCE", "")) / "alertmanager"

GOOD = ("empty-fields", "group-by-all", "routing", "slack-default-app-token", "smtp-no-username-or-password")
BAD = {
    "nil-source_match_re-inhibition": "expected text, found nothing",
    "slack-both-file-and-token": "at most one of slack_app_token & slack_app_token_file must be configured",
    "slack-both-url-and-token": (
        "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured"
    ),
    "slack-update-message-and-webhook": (
        "update_message can only be used with bot tokens. api_url must be set to https://slack.com/api/chat.postMessage"
    ),
}

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set"),
]


@pytest.mark.parametrize("name", GOOD)
def test_accepted(name: str) -> None:
    """A file that Alertmanager accepts is accepted."""
    assert load_config(FOLDER / f"conf.{name}.yml", {}).route.receiver


@pytest.mark.parametrize(("name", "words"), BAD.items())
def test_refused(name: str, words: str) -> None:
    """A file that Alertmanager refuses is refused, in its words and with a place."""
    with pytest.raises(InvalidInput) as refused:
        load_config(FOLDER / f"conf.{name}.yml", {})
    [problem] = refused.value.problems
    assert words in problem.message
    assert problem.line > 1


def test_other_kinds_are_refused_by_name() -> None:
    """Every remaining file uses a receiver kind that this version does not have, and is told so."""
    rest = [path for path in FOLDER.glob("conf.*.yml") if path.name[5:-4] not in {*GOOD, *BAD}]
    assert rest
    for path in rest:
        with pytest.raises(InvalidInput) as refused:
            load_config(path, {})
        kind = next(kind for kind in OTHER_KINDS if path.name[5:].startswith(kind))
        assert any(f"the receiver kind {kind} is not supported" in p.message for p in refused.value.problems)
