"""Parts know where keys and values stand in the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.moving.parts import Form, parts_of
from alertd.yamlfile import load

TEXT = """\
# Ünicode before it: ü €
route: &r {receiver: 'a', routes: [{receiver: b}]}
list:
- x: |
    one
    # two

  # a comment
  y: *r
  <<: *r
empty:
# the end
"""


@pytest.mark.parametrize(
    ("path", "written", "key"),
    [
        (("route",), "&r {receiver: 'a', routes: [{receiver: b}]}", "route"),
        (("route", "receiver"), "'a'", "receiver"),
        (("route", "routes", 0), "{receiver: b}", None),
        (("list", 0, "x"), "|\n    one\n    # two", "x"),
        (("list", 0, "y"), "*r", "y"),
        (("list", 0, "<<"), "*r", "<<"),
        (("empty",), "", "empty"),
    ],
)
def test_spans(path: tuple[str | int, ...], written: str, key: str | None) -> None:
    """A part spans its value without the comments and lines that follow, and its key."""
    part = parts_of(TEXT).by_path[path]
    assert TEXT[part.start : part.end] == written
    assert (None if part.key_start is None else TEXT[part.key_start : part.key_end]) == key


def test_forms() -> None:
    """Aliases and names for them are seen, as what they name must not be changed alone."""
    parts = parts_of(TEXT)
    assert parts.by_path["list", 0, "y"].form is Form.ALIAS
    assert not parts.by_path["route",].is_plain
    assert not parts.by_path["list",].is_plain
    assert parts.by_path["route", "routes"].is_plain
    assert parts.find(("list", 0, "y", "receiver")) is None


def test_a_block_ends_with_its_last_value() -> None:
    """The end of a mapping is not where the next key begins."""
    part = parts_of("a:\n  b: 1 # c\n\n# d\ne: 2\n").by_path["a",]
    assert (part.start, part.end) == (5, 9)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_nothing(text: str) -> None:
    """A text without a value has no root, or one without a text."""
    root = parts_of(text).root
    assert root is None or root.start == root.end


KEYS = st.text("abcü_", min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers(0, 9) | st.text("xyé: #'\"", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), st.booleans(), st.integers(2, 4))
def test_every_value_has_its_part(data: dict[str, object], flow: bool, indent: int) -> None:
    """Whatever is written, the part of a scalar begins where the strict reader saw it."""
    import yaml

    text = "# é\n" + yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, indent=indent)
    parts, document = parts_of(text), load(text, "x.yml")
    assert parts.by_path.keys() == document.positions.keys()
    for path, part in parts.by_path.items():
        line = text.count("\n", 0, part.start) + 1
        assert (line, part.start - (text.rfind("\n", 0, part.start) + 1) + 1) == document.positions[path]
