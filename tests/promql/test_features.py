"""The switches of the language."""

from __future__ import annotations

from typing import get_args

from alertd.config.models import LanguageFeature
from alertd.promql import ALL_FEATURES, STABLE
from alertd.promql.features import FLAGS


def test_flags() -> None:
    """The configuration knows every flag, and all of them together enable everything."""
    assert set(get_args(LanguageFeature)) == set(FLAGS)
    assert STABLE.enabled(FLAGS) == ALL_FEATURES
    assert STABLE.enabled(["promql-binop-fill-modifiers"]).fill_modifiers
    assert STABLE.enabled([]) == STABLE
