"""A service in a process of its own, as a program on the command line meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(config: Path) -> Iterator[str]:
    """The URL of `alertd serve` with this configuration, on a free port; it must end well when it is told to."""
    command = [sys.executable, "-m", "alertd", "serve", "--config", str(config), "--listen", "127.0.0.1:0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALERTD_")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield f"http://{_address(process)}"
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        entry = json.loads(line)
        if entry.get("action") == "listening":
            return str(entry["address"])
    raise AssertionError(f"alertd did not listen: {''.join(seen)}")
