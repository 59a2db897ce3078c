"""The same verdict as Alertmanager's own tool, on short configurations about one thing each."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alertd.config.loading import load_config
from alertd.errors import InvalidInput
from tests.config.verdicts import AGREED, DIFFERENT

pytestmark = pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")

_CHECKED = re.compile(r"Checking '[^']*/([^/']*)\.yml'((?:(?!Checking ').)*)", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each configuration in a file of its name."""
    folder = tmp_path_factory.mktemp("verdicts")
    for name, text in {**AGREED, **DIFFERENT}.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.fixture(scope="module")
def accepted(folder: Path) -> dict[str, bool]:
    """What `amtool check-config` says of each, asked once for all."""
    command = ["amtool", "check-config", *map(str, sorted(folder.glob("*.yml")))]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    return {name: "FAILED" not in verdict for name, verdict in _CHECKED.findall(said)}


def _is_accepted(path: Path) -> bool:
    try:
        load_config(path, {})
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize("name", AGREED)
def test_same_verdict(name: str, folder: Path, accepted: dict[str, bool]) -> None:
    """What Alertmanager accepts is accepted, what it refuses is refused."""
    assert _is_accepted(folder / f"{name}.yml") is accepted[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_known_differences(name: str, folder: Path, accepted: dict[str, bool]) -> None:
    """The differences are those that the table names; one that is gone belongs to the other table."""
    assert _is_accepted(folder / f"{name}.yml") is not accepted[name]
