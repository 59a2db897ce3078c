"""Runs promtool and reads from its complaints what Prometheus made of annotations."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from alertd.gotemplate.gofloat import format_float
from alertd.gotemplate.literals import quote, unquote

PROMTOOL = shutil.which("promtool")
EXTERNAL_LABELS = {"cluster": "c1"}
EXTERNAL_URL = "http://prom.example:9090/path"

_TEST = re.compile(r"^    alertname: (\w+), time", re.MULTILINE)
_ALERT = re.compile(r"Labels:\{(.*)\}\n\s+Annotations:\{(.*)\}")
_COMPLAINT = re.compile(r'"(A\d+)": annotation "a": (.*)')
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Series:
    """What fires: the labels (without `__name__`) and the value of a series called `x`."""

    labels: Mapping[str, str]
    value: float


def rendered(
    folder: Path, annotations: Sequence[Mapping[str, str]], series: Sequence[Series], *, expression: str = "x"
) -> list[dict[str, dict[str, str]]]:
    """The annotations of each rule as Prometheus renders them, by the value of the label `row`, by name."""
    if PROMTOOL is None:
        pytest.skip("promtool is not installed")
    names = [f"A{place}" for place in range(len(annotations))]
    rules = [
        {"alert": name, "expr": expression, "annotations": dict(texts)}
        for name, texts in zip(names, annotations, strict=True)
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}, allow_unicode=True))
    inputs = [{"series": _series(row, one), "values": f"{format_float(one.value)}x2"} for row, one in enumerate(series)]
    test = {
        "interval": "1m",
        "input_series": inputs,
        "external_labels": EXTERNAL_LABELS,
        "external_url": EXTERNAL_URL,
        "alert_rule_test": [{"eval_time": "1m", "alertname": name, "exp_alerts": []} for name in names],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document, allow_unicode=True))
    run = subprocess.run(
        [PROMTOOL, "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return _read(run.stdout + run.stderr, names)


def complaints(folder: Path, texts: Sequence[str]) -> dict[str, str]:
    """What promtool says against each text as an annotation, by the rules' names `A0`, `A1`, …"""
    if PROMTOOL is None:
        pytest.skip("promtool is not installed")
    rules = [{"alert": f"A{place}", "expr": "x", "annotations": {"a": text}} for place, text in enumerate(texts)]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}, allow_unicode=True))
    run = subprocess.run(
        [PROMTOOL, "check", "rules", "rules.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return dict(_COMPLAINT.findall(run.stdout + run.stderr))


def all_labels(row: int, series: Series) -> dict[str, str]:
    """The labels that the annotations of this row see."""
    return {"__name__": "x", "row": str(row), **series.labels}


def _series(row: int, series: Series) -> str:
    pairs = ",".join(f"{name}={quote(value)}" for name, value in {"row": str(row), **series.labels}.items())
    return f"x{{{pairs}}}"


def _read(output: str, names: Sequence[str]) -> list[dict[str, dict[str, str]]]:
    blocks = _TEST.split(output)[1:]
    found: dict[str, dict[str, dict[str, str]]] = {}
    for name, block in zip(blocks[::2], blocks[1::2], strict=True):
        alerts = found.setdefault(name, {})
        for labels, texts in _ALERT.findall(block):
            alerts[_pairs(labels)["row"]] = _pairs(texts)
    return [found[name] for name in names]


def _pairs(text: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in _PAIR.findall(text)}
