"""The package's interface."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alertd import promql


def test_every_name_resolves() -> None:
    """All that the package promises is there, and nothing else."""
    for name in promql.__all__:
        assert getattr(promql, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        promql.nope  # noqa: B018


def test_import_is_lazy() -> None:
    """Importing the package, or its durations, loads neither parser nor evaluator nor RE2."""
    code = (
        "import sys, alertd.promql.durations;"
        "print([name for name in sys.modules if name in"
        " ('re2', 'alertd.promql.parser', 'alertd.promql.evaluator', 'alertd.promql.ast')])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
