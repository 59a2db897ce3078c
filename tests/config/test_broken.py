"""Broken files: each says in its last comment which problems it must be refused with."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import load_config
from alertd.errors import InvalidInput

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_refused_with_place_field_and_sentence(path: Path) -> None:
    """Every mistake is reported with line, column, field, and a sentence that says what to do."""
    expected = path.read_text(encoding="utf-8").partition("# Expected:\n")[2].replace("# ", "").splitlines()
    with pytest.raises(InvalidInput) as refused:
        load_config(path, {"SECRET": "s3cr3t-value"})
    assert [str(problem).removeprefix(f"{path}:") for problem in refused.value.problems] == expected


def test_there_is_one_for_each_kind_of_mistake() -> None:
    """The table is not emptied by a moved folder."""
    assert len(BROKEN) >= 60
