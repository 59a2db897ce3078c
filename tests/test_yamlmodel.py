"""Validation of a document: one sentence for each mistake, at the place of the mistake."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictInt, field_validator

from alertd.errors import InvalidInput
from alertd.yamlfile import load
from alertd.yamlmodel import describe, keys_of, validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Rule(Strict):
    alert: str = Field(description="The alert's name. It is a label too.")
    for_: str = Field(default="", alias="for")
    level: Literal["page", "ticket"] = "ticket"
    labels: dict[str, str] = {}

    @field_validator("alert")
    @classmethod
    def _no_space(cls, name: str) -> str:
        if " " in name:
            raise ValueError(f"{name!r} has a space; write a name without one")
        return name


class Wide(Strict):
    wide: bool = False


class Group(Strict):
    rules: list[Rule] = []
    limit: Annotated[StrictInt, Field(ge=0)] = 0
    token: SecretStr | None = None
    shape: Wide | StrictInt | None = None
    share: StrictInt | bool = 0


class Root(Strict):
    groups: dict[str, Group] = {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gruops: {}", "1:1: gruops: unknown key 'gruops'; did you mean 'groups'?"),
        ("zzz: {}", "1:1: zzz: unknown key 'zzz'; known here are groups"),
        (
            "groups:\n  a:\n    rules:\n      - alert: X\n        fro: 5m",
            "5:9: groups.a.rules.0.fro: unknown key 'fro'; did you mean 'for'?",
        ),
        (
            "groups: {a: {rules: [{for: 5m}]}}",
            "1:22: groups.a.rules.0.alert: missing key 'alert'; add it (The alert's name)",
        ),
        (
            "groups: {a: {rules: [{alert: 'a b'}]}}",
            "1:30: groups.a.rules.0.alert: 'a b' has a space; write a name without one",
        ),
        ("groups: {a: {rules: [{alert: [1]}]}}", "1:30: groups.a.rules.0.alert: expected text, found a list"),
        (
            "groups: {a: {rules: [{alert: }]}}",
            '1:30: groups.a.rules.0.alert: expected text, found nothing; write "" for empty text',
        ),
        (
            "groups: {a: {rules: [{alert: X, labels: {x: {}}}]}}",
            "1:45: groups.a.rules.0.labels.x: expected text, found a mapping",
        ),
        ("groups: {a: {rules: x}}", "1:21: groups.a.rules: expected a list, found 'x'; write [x]"),
        ("groups: [a]", "1:9: groups: expected a mapping of keys to values, found a list"),
        ("groups: {a: 5}", "1:13: groups.a: expected a mapping of keys to values, found the number 5"),
        ("5", "1:1: expected a mapping of keys to values, found the number 5"),
        ("", "1:1: expected a mapping of keys to values, found nothing; write its keys or remove it"),
        ("groups: {a: {limit: 1.10}}", "1:21: groups.a.limit: expected a whole number, found the number 1.10"),
        ("groups: {a: {limit: -1}}", "1:21: groups.a.limit: expected a number of at least 0, found the number -1"),
        (
            "groups: {a: {rules: [{alert: X, level: tickt}]}}",
            "1:40: groups.a.rules.0.level: expected one of 'page' or 'ticket', found 'tickt'; did you mean 'ticket'?",
        ),
        ("groups: {a: {token: [s3cret]}}", "1:21: groups.a.token: expected text, found a list"),
        (
            "groups: {a: {shape: x}}",
            "1:21: groups.a.shape: expected a mapping of keys to values or a whole number, found 'x'",
        ),
        ("groups: {a: {shape: {wdie: true}}}", "1:22: groups.a.shape.wdie: unknown key 'wdie'; did you mean 'wide'?"),
        ("groups: {a: {share: x}}", "1:21: groups.a.share: expected a whole number or true or false, found 'x'"),
    ],
)
def test_sentences(text: str, problem: str) -> None:
    """Each kind of mistake is said once, with the place, what was found and what would be right."""
    with pytest.raises(InvalidInput) as refused:
        validate(load(text, "f.yml"), Root)
    assert str(refused.value).splitlines()[0] == f"f.yml:{problem}"


def test_all_mistakes_at_once() -> None:
    """Every mistake of a file is reported, in the order of the file."""
    text = "groups:\n  a: {limit: x, rules: [{}]}\n  b: {tokne: 1}\nother: 1"
    with pytest.raises(InvalidInput) as refused:
        validate(load(text, "f.yml"), Root)
    assert [problem.field for problem in refused.value.problems] == [
        "groups.a.limit",
        "groups.a.rules.0.alert",
        "groups.b.tokne",
        "other",
    ]


def test_part_of_a_document() -> None:
    """A part is validated by itself; its problems still carry the whole path."""
    document = load("x:\n  rules: [{alert: X}]\ny:\n  limt: 1", "f.yml")
    assert validate(document, Group, ("x",)).rules[0].alert == "X"
    with pytest.raises(InvalidInput, match=r"f.yml:4:3: y.limt: unknown key 'limt'; did you mean 'limit'\?"):
        validate(document, Group, ("y",))


def test_describe_shortens() -> None:
    """A long text is quoted in part."""
    assert len(describe("x" * 500)) < 70
    assert describe(object()) == "a value of type object"
    assert [describe(value) for value in (True, 1.5, (), {})] == ["true", "the number 1.5", "a list", "a mapping"]


def test_keys_are_the_written_ones() -> None:
    """A key that is a Python word is known by its alias."""
    assert keys_of(Rule) == ["alert", "for", "level", "labels"]
