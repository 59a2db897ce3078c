"""Kinds that stand on a library that may be missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from alertd.config.loading import parse_config
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.notify.receivers import extras
from alertd.notify.receivers.build import build_receivers
from alertd.notify.receivers.extras import missing_library
from tests.notify.messages import NOW

TEXT = """route: {receiver: r}
receivers:
  - name: r
    apprise_configs: [{url: 'json://localhost'}]
    sns_configs: [{topic_arn: a, sigv4: {region: eu-central-1}}]
    webhook_configs: [{url: 'http://h'}]
"""


@pytest.mark.parametrize("kind", ["apprise", "sns", "webhook"])
def test_nothing_is_missing_here(kind: str) -> None:
    """The libraries are installed where the tests run."""
    assert missing_library(kind) == ""


def test_missing_libraries_are_found_when_the_configuration_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place in the file and the command that helps."""
    real = importlib.util.find_spec
    hidden = {"apprise", "botocore"}
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in hidden else real(name))
    config = parse_config(TEXT, "alertd.yml", Path(), {})
    with pytest.raises(InvalidInput) as caught:
        build_receivers(config, HttpClients(), now=lambda: NOW)
    found = {problem.field: (problem.line, problem.message) for problem in caught.value.problems}
    assert found == {
        "receivers.0.apprise_configs.0": (
            4,
            "apprise_configs needs the library apprise, which is not installed; run: pip install 'alertd[apprise]'",
        ),
        "receivers.0.sns_configs.0": (
            5,
            "sns_configs needs the library botocore, which is not installed; run: pip install 'alertd[sns]'",
        ),
    }
