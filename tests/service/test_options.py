"""What a command line decides beside the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.clock import DAY, HOUR
from alertd.config.loading import Config, parse_config
from alertd.service.options import Options

CONFIG = "route: {receiver: team}\nreceivers: [{name: team}]\n"


def read(more: str = "") -> Config:
    return parse_config(CONFIG + more, "alertd.yml", Path(), {})


def test_nothing_is_changed_without_options() -> None:
    """The configuration stays what it is."""
    config = read()
    assert Options().applied(config) is config


def test_external_url() -> None:
    """The command line goes before the file."""
    config = Options(external_url="http://b").applied(read("external_url: http://a\n"))
    assert config.settings.external_url == "http://b"


@pytest.mark.parametrize(
    ("more", "required", "open_to_all"),
    [
        ("", False, True),
        ("auth: {anonymous_role: viewer}\n", False, True),
        ("auth: {required: true}\n", True, False),
        ("auth: {required: false}\n", False, False),
    ],
)
def test_open_to_all(more: str, required: bool, open_to_all: bool) -> None:
    """Only a file that does not say whether tokens are needed is taken to ask for none."""
    auth = Options(open_to_all=True).applied(read(more)).settings.auth
    assert (auth.required, auth.allow_unauthenticated) == (required, open_to_all)


def test_retention() -> None:
    """It holds for what the file leaves open."""
    retention = Options(retention=HOUR).applied(read("retention: {history: 2d}\n")).settings.retention
    assert (retention.history, retention.notifications, retention.snapshots) == (2 * DAY, HOUR, DAY)
