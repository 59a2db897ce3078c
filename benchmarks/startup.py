"""How long the command line takes to answer, in milliseconds: `python benchmarks/startup.py`.

Bytecode is compiled first, as an installation does. Prints the median and the shortest of twenty runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

RUNS = 20
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "alertd --version": ["-m", "alertd", "--version"],
    "alertd --help": ["-m", "alertd", "--help"],
    "alertd alert --help": ["-m", "alertd", "alert", "--help"],
}


def measure(arguments: list[str]) -> list[float]:
    """Milliseconds of each run."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for run in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=True)
        if run:
            times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    for name, arguments in COMMANDS.items():
        times = measure(arguments)
        print(f"{name:22} median {statistics.median(times):6.1f} ms   shortest {min(times):6.1f} ms")


if __name__ == "__main__":
    main()
