"""Files of rules and of unit tests, written and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from alertd.simulate.unittests.outcome import FileOutcome
from alertd.simulate.unittests.running import Choice, run_file

Fields = dict[str, Any]


def group(*rules: Fields, **fields: Any) -> Fields:
    """A rule group called `g`, unless `fields` say otherwise."""
    return {"name": "g", **fields, "rules": list(rules)}


def write(folder: Path, groups: list[Fields], *tests: Fields, **fields: Any) -> Path:
    """A file of unit tests over these groups, in minutes."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    path = folder / "tests.yml"
    content = {"rule_files": ["rules.yml"], **fields, "tests": list(tests)}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def run(folder: Path, groups: list[Fields], *tests: Fields, choice: Choice = Choice(), **fields: Any) -> FileOutcome:
    """What comes of these tests."""
    return run_file(write(folder, groups, *tests, **fields), choice)


def series(**values: str) -> list[Fields]:
    """Input series without labels."""
    return [{"series": name, "values": text} for name, text in values.items()]


def alert_test(at: str, name: str, **fields: Any) -> Fields:
    return {"eval_time": at, "alertname": name, **fields}


def expr_test(at: str, expr: str, *samples: Fields) -> Fields:
    return {"eval_time": at, "expr": expr, "exp_samples": list(samples)}


def told(outcome: FileOutcome) -> list[str]:
    """Everything that is said against a file, line by line."""
    failures = [failure for test in outcome.tests for failure in test.failures]
    return [*outcome.problems, *(line for failure in failures for line in (failure.title, *failure.details))]
