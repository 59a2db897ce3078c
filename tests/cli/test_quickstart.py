"""The demonstration behind `make run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_demo(tmp_path: Path) -> None:
    """It shows an alert from the pushed metric to the delivered message and ends well, whatever an earlier one left."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "alertd.db").write_bytes(b"what an earlier demonstration left")
    command = [sys.executable, "-m", "alertd", "demo", "--once", "--folder", "state"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "this-terminal was told, firing:\n   - The provider south is unhealthy" in ended.stdout
    assert "ProviderDown  instance=" in ended.stdout
    assert " alert ack " in ended.stdout
