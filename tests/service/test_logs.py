"""Logs carry no secret, wherever it stands."""

from __future__ import annotations

import json
import logging
import re

import pytest
import structlog

from alertd.service.logs import LogForm, Scrubber, configure


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


@pytest.mark.parametrize("form", [LogForm.LOGFMT, LogForm.JSON])
def test_alertmanagers_forms(capfd: pytest.CaptureFixture[str], form: LogForm) -> None:
    """The keys that Alertmanager has come first; levels have its names, and secrets are hidden."""
    configure(Scrubber(["s3cr3t-value"]), "info", form)
    structlog.get_logger("x").warning("Listening on", action="listening", address="127.0.0.1:1", about='a "b"', no=None)
    structlog.get_logger("x").debug("nothing")
    logging.getLogger("library").warning("with s3cr3t-value")
    first, second = capfd.readouterr().err.splitlines()
    if form is LogForm.JSON:
        line = json.loads(first)
        assert list(line)[:5] == ["ts", "caller", "level", "component", "msg"]
        assert (line["level"], line["msg"], line["address"]) == ("warn", "Listening on", "127.0.0.1:1")
    else:
        assert re.fullmatch(
            r'ts=\S+Z caller=test_logs\.py:\d+ level=warn component=service msg="Listening on"'
            r' action=listening address=127\.0\.0\.1:1 about="a \\"b\\""',
            first,
        )
    assert "with <secret>" in second
