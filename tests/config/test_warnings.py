"""Warnings: what works and may not be what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import parse_config
from tests.config.verdicts import receiver, top


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (top("tracing: {endpoint: 'x:4317'}"), (1, "tracing"), "alertd sends no traces"),
        (top("event_recorder: {outputs: []}"), (1, "event_recorder"), "alertd keeps its history in its database"),
        (receiver("webhook_configs: []") + "---\na: 1\n", (4, ""), "only the first one is read"),
        (receiver("webhook_configs: []") + "---\na: [\n", (5, ""), "only the first one is read"),
        (
            receiver("slack_configs: [{api_url: <secret>}]"),
            (2, "receivers.0.slack_configs.0.api_url"),
            "and no secret; write the secret itself",
        ),
    ],
)
def test_warned_about(text: str, place: tuple[int, str], words: str) -> None:
    """A configuration that works, with a word about what it does not do."""
    [warning] = parse_config(text, "f.yml", Path(), {}).warnings
    assert (warning.line, warning.field) == place
    assert words in warning.message


def test_nothing_to_say() -> None:
    """A plain file has no warning."""
    assert parse_config(receiver("webhook_configs: []"), "f.yml", Path(), {}).warnings == ()
