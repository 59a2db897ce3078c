"""Logs carry no secret, wherever it stands."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from alertd.service.logs import Scrubber, configure


@pytest.fixture(autouse=True)
def _restored() -> object:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


def test_known_secrets_and_telling_keys_are_hidden(capfd: pytest.CaptureFixture[str]) -> None:
    """A secret value disappears from any text, and a key like `api_token` shows nothing; one JSON object a line."""
    scrubber = Scrubber(["hooks-secret-123"])
    configure(scrubber)
    structlog.get_logger("x").info("posted to hooks-secret-123", action="sent", api_token="abc", tries=2)
    logging.getLogger("library").warning("cannot reach %s", "http://hooks-secret-123/x")

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    assert lines[0]["event"] == "posted to <secret>"
    assert lines[0]["api_token"] == "<secret>"
    assert (lines[0]["action"], lines[0]["tries"], lines[0]["level"]) == ("sent", 2, "info")
    assert lines[1]["event"] == "cannot reach http://<secret>/x"


def test_exceptions_are_scrubbed_too(capfd: pytest.CaptureFixture[str]) -> None:
    """The text of a traceback goes the same way."""
    configure(Scrubber(["s3cr3t-value"]))
    try:
        raise ValueError("with s3cr3t-value")
    except ValueError:
        structlog.get_logger("x").exception("failed", action="failed")

    assert "s3cr3t-value" not in capfd.readouterr().err
