"""The reference in the documentation is the one that the models write."""

from __future__ import annotations

from pathlib import Path

from alertd.config.models import Settings
from alertd.config.reference import render
from alertd.config.types import Section

REFERENCE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_reference_is_up_to_date() -> None:
    """After a change of the models: `python -m alertd.config.reference > docs/configuration.md`."""
    assert REFERENCE.read_text(encoding="utf-8") == render()


def test_every_key_is_described() -> None:
    """No key without a meaning, and no section without a sentence."""
    waiting: list[type[Section]] = [Settings]
    waiting += Section.__subclasses__()
    for model in waiting:
        assert (model.__doc__ or "").strip().endswith("."), model
        for name, field in model.model_fields.items():
            assert (field.description or "").endswith("."), f"{model.__name__}.{name}"
