from __future__ import annotations

import pytest

from alertd.errors import Problem
from alertd.rules.positions import position_in
from alertd.yamlfile import load


@pytest.mark.parametrize(
    "text",
    [
        "e: aaa + X + bbb\n",
        "e: aaa + X   # a comment\n",
        "e: 'aaa + X + bbb'\n",
        'e: "aaa + X"\n',
        "e: |\n  aaa\n    + X\n  + bbb\n",
        "e: |2\n  aaa\n    + X\n",
        "e: |-\n\n  aaa\n\n  + X\n",
        "e: >-\n  aaa\n  + X\n  + bbb\n",
        "e: >-\n  aaa\n\n  + X\n  + bbb\n",
        "e: aaa\n  + bbb\n  + X\n",
        "e: 'aaa\n  + X'\n",
        "a: 1\nb:\n  - e: aaa + X\n",
    ],
)
def test_the_place_within_an_expression(text: str) -> None:
    """However a scalar is written, the place of one of its characters is found in the file."""
    document = load(text, "f")
    path = ("b", 0, "e") if "b:" in text else ("e",)
    value = document.value(path)
    assert isinstance(value, str)
    found = position_in(text, value, value.index("X"), document.problem(path, "m"))
    line = next(number for number, line in enumerate(text.split("\n"), start=1) if "X" in line)
    assert (found.line, found.column) == (line, text.split("\n")[line - 1].index("X") + 1)


def test_a_hidden_place_is_that_of_the_scalar() -> None:
    """Escapes make the text differ from the value: the scalar's beginning is named."""
    text = 'e: "a\\u0061 X"\n'
    assert position_in(text, "aa X", 3, Problem("f", 1, 4, "e", "m")) == Problem("f", 1, 4, "e", "m")
