"""Strict YAML: plain data, positions, and what is refused with which sentence at which place."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import InvalidInput
from alertd.yamlfile import SourceBool, load, text_of


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1\nb: -2\nc: +3", {"a": 1, "b": -2, "c": 3}),
        ("[1.5, .5, 1e3, -.inf]", [1.5, 0.5, 1000.0, -math.inf]),
        ("[true, False, TRUE]", [True, "False", "TRUE"]),
        ("[null, ~, ]", [None, None]),
        ("a:", {"a": None}),
        ("[yes, no, on, off, y]", ["yes", "no", "on", "off", "y"]),
        (
            "[010, 12:30, 12:30:45, 2026-01-31, 0x1F, 1_000]",
            ["010", "12:30", "12:30:45", "2026-01-31", "0x1F", "1_000"],
        ),
        ("on: {1: a, true: b, 1.10: c}", {"on": {"1": "a", "true": "b", "1.10": "c"}}),
        ("'1': \"2\"", {"1": "2"}),
        ("!!str 5", "5"),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}", {"a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 3}}),
        (
            "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}",
            {"a": {"k": 1}, "b": {"k": 2, "l": 2}, "c": {"k": 1, "l": 2}},
        ),
        (
            "a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y}",
            {"a": {"k": 1}, "b": {"k": 1, "l": 2}, "c": {"k": 1, "l": 2}},
        ),
    ],
)
def test_data(text: str, data: object) -> None:
    """Only YAML 1.2's scalars are more than text; aliases and merge keys are filled in."""
    assert load(text, "f.yml").data == data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10", "1.10"),
        ("+5", "+5"),
        ("1e3", "1e3"),
        ("7", "7"),
        ("1.5", "1.5"),
        ("True", "True"),
        ("true", "true"),
        ("x", "x"),
        (".inf", ".inf"),
    ],
)
def test_scalars_keep_their_text(text: str, expected: str) -> None:
    """A number that is wanted as text is the text that was written."""
    data = load(f"a: {text}", "f.yml").data
    assert isinstance(data, dict)
    assert text_of(data["a"]) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb:\n  a: 2\n  a: 3", "f.yml:4:3: b.a: the key 'a' is here twice, first in line 3; keep one of them"),
        ("a:\n\t- b", "f.yml:2:1: a tab cannot indent in YAML; use spaces"),
        ("a: b: c", "f.yml:1:5: a second ': ' stands in this text; put the text in quotes, or fix the indentation"),
        ("a: {{ x }}", "f.yml:1:5: a: a text that begins with {{ must be quoted"),
        (
            "a: {{ $x }} y",
            "f.yml:1:13: a text that begins with {{ must be quoted, or YAML takes the brace for a mapping",
        ),
        ("a: @b", "f.yml:1:4: a text cannot begin with '@'; put it in quotes"),
        ("a: *b", "f.yml:1:4: found undefined alias: define it before with &name"),
        ("a: 1\n---\nb: 1", "f.yml:2:1: a second document begins here; a file holds one, so remove the '---'"),
        ("a: 1\nb: [1,\n  2", "f.yml:2:4: this bracket is never closed"),
        ("a: 1\nb: [\n", "f.yml:2:4: this bracket is never closed"),
        ("a: [1, ']', {b:\n\n# }\n", "f.yml:1:13: this bracket is never closed"),
        (
            "a: [1,\n  2\nb: 3\n",
            "f.yml:3:2: the bracket that opens in line 1 is not closed before this; close it, or write a comma here",
        ),
        ("a: 'x\n  y", "f.yml:1:4: this quote is never closed"),
        ("? [x]\n: 1", "f.yml:1:3: a key must be text; put it in quotes"),
        ("~: 1", "f.yml:1:1: a key must be text; put it in quotes"),
        ("a: !!binary eA==", "f.yml:1:4: a: the tag tag:yaml.org,2002:binary is not supported here; remove it"),
        ("a: !!int x", "f.yml:1:4: a: the tag tag:yaml.org,2002:int is not supported here; remove it"),
        ("a: !x {}", "f.yml:1:4: a: the tag !x is not supported; remove it"),
        ("a: !x []", "f.yml:1:4: a: the tag !x is not supported; remove it"),
        ("a: &x [*x]", "f.yml:1:4: a.0: this alias stands inside of what it names; write the values out"),
        ("a: {<<: 5}", "f.yml:1:9: a.<<: only mappings can be merged; name one with an alias, as in '<<: *name'"),
        ("é: \x07", "f.yml:1:4: the character U+0007 is not allowed in YAML; remove it or write it as an escape"),
        ("a:\n- \ud800", "f.yml:2:3: this character is half a character; save the file as UTF-8"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    """A refusal names the place and what to do."""
    with pytest.raises(InvalidInput) as refused:
        load(text, "f.yml")
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("text", "data", "further"),
    [
        ("a: 1\n---\nb: 1", {"a": 1}, (3, 1)),
        ("a: 1\n---\nb: [", {"a": 1}, (3, 5)),
        ("---\na: 1\n...\n", {"a": 1}, None),
        ("", None, None),
    ],
)
def test_only_the_first_document(text: str, data: object, further: tuple[int, int] | None) -> None:
    """Where it is asked for, what follows the first document is left alone, and its place is told."""
    document = load(text, "f.yml", only_first=True)
    assert document.data == data
    assert (document.further is None) is (further is None)
    assert document.further is None or document.further[0] >= 2


def test_what_is_quoted() -> None:
    """Texts in quotes and blocks are told from plain ones."""
    document = load("a: x\nb: 'x'\nc: [\"y\", y]\nd: |\n  z\n", "f.yml")
    assert document.quoted == {("b",), ("c", 0), ("d",)}


def test_truth_values_keep_their_text() -> None:
    """`True` is a truth value that is written so."""
    data = load("[True, FALSE, 'True']", "f.yml").data
    assert data == ["True", "FALSE", "True"]
    assert isinstance(data, list)
    assert [value.truth if isinstance(value, SourceBool) else value for value in data] == [True, False, "True"]


def test_other_syntax_errors_name_their_place() -> None:
    """Without a usual cause the parser's own words are passed on, with the place."""
    with pytest.raises(InvalidInput) as refused:
        load("a: [1,\n  - 2]\nb: 1", "f.yml")
    assert str(refused.value).startswith("f.yml:2:3: this is not valid YAML: ")


def test_all_problems_are_reported() -> None:
    """Mistakes of structure do not hide each other."""
    with pytest.raises(InvalidInput) as refused:
        load("a: 1\na: 2\nb: !x 1\nc: {d: 1, d: 1}", "f.yml")
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 200 + "]" * 200,
        "- " * 5_000 + "x",
        "\n".join(" " * depth + "a:" for depth in range(150)),
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
    ],
)
def test_bombs(text: str) -> None:
    """Nesting and aliases that would exhaust the machine are refused soon."""
    with pytest.raises(InvalidInput, match="more than"):
        load(text, "f.yml")


DOCUMENT = load(
    "groups:\n  - name: a\n    rules:\n      - &rule\n        alert: X\n      - <<: *rule\n        for: 5m\n", "r.yml"
)


@pytest.mark.parametrize(
    ("path", "at_key", "place"),
    [
        ((), False, (1, 1)),
        (("groups",), False, (2, 3)),
        (("groups",), True, (1, 1)),
        (("groups", 0, "name"), False, (2, 11)),
        (("groups", 0, "name"), True, (2, 5)),
        (("groups", 0, "rules", 1, "for"), False, (7, 14)),
        (("groups", 0, "rules", 1, "alert"), False, (5, 16)),
        (("groups", 0, "interval"), False, (2, 5)),
        (("groups", 0, "rules", 7, "alert"), True, (4, 7)),
    ],
)
def test_problem_finds_its_place(path: tuple[str | int, ...], at_key: bool, place: tuple[int, int]) -> None:
    """A problem stands at its value or key, or at the nearest enclosing value that is there."""
    problem = DOCUMENT.problem(path, "wrong", at_key=at_key)
    assert (problem.line, problem.column) == place
    assert problem.field == ".".join(map(str, path))


def test_value() -> None:
    """A path leads to its value, a wrong one to a `KeyError`."""
    assert DOCUMENT.value(("groups", 0, "rules", 1, "for")) == "5m"
    for path in (("groups", "x"), ("groups", 3), ("groups", 0, "name", "x", "y")):
        with pytest.raises(KeyError):
            DOCUMENT.value(path)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the loader fail in another way than with problems that have a place."""
    try:
        problems = list(load(text, "f.yml").positions.values())
    except InvalidInput as error:
        problems = [(problem.line, problem.column) for problem in error.problems]
    assert problems
    assert min(problems) >= (1, 1)
