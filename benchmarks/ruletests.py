"""Unit tests of rules with windows of 28 days, run by promtool and by alertd as whole programs."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.sides import OWN

PROMTOOL = "promtool"
# promtool takes no query over more than 10 000 samples: a window of 28 days has 8 064 at this step.
STEP = 5
DAYS = 30
WINDOW = "28d"


async def measure(side: str, scale: float) -> Mapping[str, float]:
    """Seconds that a file takes, the start of the program included; `scale` is the part of 30 days that pass."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), max(1, round(DAYS * 24 * scale)))
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *_command(side, path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{side} did not pass the tests: {output.decode()}")
        return {"seconds": time.perf_counter() - began}


def _command(side: str, path: Path) -> Sequence[str]:
    if side == OWN:
        return (sys.executable, "-m", "alertd", "test", str(path))
    program = shutil.which(PROMTOOL)
    if program is None:
        sys.exit("there is no promtool on the PATH to measure beside")
    return (program, "test", "rules", str(path))


def write(folder: Path, hours: int) -> Path:
    """A file of tests over `hours`: service levels over 28 days from five instances, an alert that fires, and two that
    do not."""
    steps = hours * 60 // STEP
    rules = [
        {"record": "job:errors:rate28d", "expr": f"sum by (job) (rate(errors_total[{WINDOW}]))"},
        {"record": "job:requests:rate28d", "expr": f"sum by (job) (rate(requests_total[{WINDOW}]))"},
        {
            "alert": "BudgetSpent",
            "expr": "job:errors:rate28d / job:requests:rate28d > 0.001",
            "for": "30m",
            "labels": {"severity": "critical"},
            "annotations": {"summary": "{{ $labels.job }} has spent its budget"},
        },
        {"alert": "SeldomUp", "expr": f"avg_over_time(up[{WINDOW}]) < 0.99"},
        {"alert": "NeverSlow", "expr": f"max_over_time(latency_seconds[{WINDOW}]) < 0"},
    ]
    values = {"errors_total": "0+1x", "requests_total": "0+100x", "up": "1x", "latency_seconds": "1+0.25x"}
    series = [
        {"series": f'{name}{{job="api",instance="{instance}"}}', "values": f"{text}{steps}"}
        for instance in range(5)
        for name, text in values.items()
    ]
    fires = {
        "exp_labels": {"job": "api", "severity": "critical"},
        "exp_annotations": {"summary": "api has spent its budget"},
    }
    asked = [
        {"eval_time": f"{hours}h", "alertname": name, "exp_alerts": alerts}
        for name, alerts in (("BudgetSpent", [fires]), ("SeldomUp", []), ("NeverSlow", []))
    ]
    test = {"interval": f"{STEP}m", "input_series": series, "alert_rule_test": asked}
    file = {"rule_files": ["rules.yml"], "evaluation_interval": f"{STEP}m", "tests": [test]}
    # JSON is YAML.
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "levels", "rules": rules}]}))
    path = folder / "tests.yml"
    path.write_text(json.dumps(file))
    return path
