"""Sizes as Prometheus writes them, and the keys of sources that mean nothing for their kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import load_config
from alertd.config.types import format_size
from alertd.errors import InvalidInput

BASE = "route: {receiver: team}\nreceivers: [{name: team}]\n"


def load(folder: Path, text: str) -> object:
    (folder / "alertd.yml").write_text(BASE + text)
    return load_config(folder / "alertd.yml", {}).settings


@pytest.mark.parametrize(
    ("text", "size"), [("512MB", 512 << 20), ("1B", 1), ("3KB", 3072), ("2TB", 2 << 40), ("'7GB'", 7 << 30)]
)
def test_sizes(tmp_path: Path, text: str, size: int) -> None:
    """A whole number with a unit, and written back with the largest unit that fits."""
    settings = load(tmp_path, f"retention: {{snapshots_size: {text}}}\n")
    assert settings.retention.snapshots_size == size
    assert format_size(size) == text.strip("'")


@pytest.mark.parametrize("text", ["512", "1.5GB", "0MB", "5 MB", "5mb", "true", "-1GB"])
def test_what_is_no_size(tmp_path: Path, text: str) -> None:
    """The place is named, with what would be right."""
    with pytest.raises(InvalidInput, match=r"alertd\.yml:3.*expected a size as 512MB or 2GB"):
        load(tmp_path, f"retention: {{snapshots_size: {text}}}\n")


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("{type: snapshots, remote_write: {}}", "remote_write"),
        ("{type: prometheus, url: 'http://p', max_series: 5}", "max_series"),
        ("{type: prometheus, url: 'http://p', max_samples_per_second: 5}", "max_samples_per_second"),
        ("{type: prometheus, url: 'http://p', out_of_order_window: 5m}", "out_of_order_window"),
    ],
)
def test_keys_of_the_other_kind(tmp_path: Path, source: str, key: str) -> None:
    """They are refused rather than ignored."""
    with pytest.raises(InvalidInput, match=f"{key} means nothing for a source of type"):
        load(tmp_path, f"sources: {{x: {source}}}\n")
