"""Edits change what they say and leave everything else as it was written."""

from __future__ import annotations

import pytest

from alertd.moving.edits import Edit, apply, cut, indented
from alertd.moving.parts import parts_of


def test_apply_takes_the_larger_of_two() -> None:
    """Edits are made by place, whatever their order; an edit inside of another one is not made."""
    assert apply("abcdef", [Edit(4, 5, "E"), Edit(0, 1, "A"), Edit(3, 5, "-"), Edit(6, 6, "!")]) == "Abc-f!"
    assert apply("abc", [Edit(0, 1, "first"), Edit(0, 1, "second")]) == "firstbc"
    assert apply("abc", []) == "abc"


@pytest.mark.parametrize(
    ("text", "path", "left"),
    [
        ("a: 1\n# b\nb: 2 # c\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("a: 1\n# other\n\nb:\n  - 2\n\nc: 3\n", ("b",), "a: 1\n# other\n\n\nc: 3\n"),
        ("a:\n- 1\n# two\n- 2\n", ("a", 1), "a:\n- 1\n"),
        ("a:\n  - x: 1\n    y: 2\n  - z: 3\n", ("a", 0), "a:\n  - z: 3\n"),
        ("a:\n  - x: 1\n    y: 2\n", ("a", 0, "x"), "a:\n  - y: 2\n"),
        ("a:\n  - x: 1\n", ("a", 0), "a:\n  []\n"),
        ("a:\n  x: 1\n", ("a", "x"), "a:\n  {}\n"),
        ("a: {x: 1, y: 2, z: 3}\n", ("a", "x"), "a: {y: 2, z: 3}\n"),
        ("a: {x: 1, y: 2, z: 3}\n", ("a", "z"), "a: {x: 1, y: 2}\n"),
        ("a: [1, 2,\n 3]\n", ("a", 1), "a: [1, 3]\n"),
        ("a: 1\nb: 2", ("b",), "a: 1\n"),
    ],
)
def test_cut(text: str, path: tuple[str | int, ...], left: str) -> None:
    """An entry goes with its own comments, in lines and in brackets; what is left is YAML."""
    parts = parts_of(text)
    assert apply(text, [cut(parts, parts.by_path[path])]) == left


def test_indented() -> None:
    """Lines move together, and never further to the left than the margin."""
    assert indented("  a\n\n    b\n", -2) == "a\n\n  b\n"
    assert indented(" a\n   b\n", -2) == "a\n b\n"
    assert indented("a\n\nb", 2) == "  a\n\n  b"
