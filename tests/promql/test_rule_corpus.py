"""The expressions of real rule files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alertd.promql import parse, selectors

CONFORMANCE = os.environ.get("ALERTD_CONFORMANCE", "")


def expressions(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.yml")):
        for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            for group in (document or {}).get("groups") or []:
                for rule in group.get("rules") or []:
                    yield str(rule["expr"])


@pytest.mark.conformance
@pytest.mark.skipif(not CONFORMANCE, reason="ALERTD_CONFORMANCE names no folder")
def test_real_expressions_print_to_themselves() -> None:
    """Every expression of the corpus parses, and its canonical form parses to the same tree."""
    found = list(expressions(Path(CONFORMANCE) / "rules"))
    assert len(found) > 900
    for text in found:
        expr = parse(text)
        assert parse(str(expr)) == expr
        assert all(text[selector.start : selector.end] for selector in selectors(expr))
