"""Lists of label sets are read in the forms that people have them in."""

from __future__ import annotations

import json

import pytest

from alertd.errors import InvalidInput
from alertd.moving.labelsets import label_sets_of

WANTED = ({"alertname": "A", "team": "x y"}, {"alertname": "B"})
ALERTS = [{"labels": labels, "annotations": {"summary": "s"}, "fingerprint": "f"} for labels in WANTED]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ALERTS),
        json.dumps(list(WANTED)),
        json.dumps({"status": "success", "data": {"alerts": ALERTS}}),
        json.dumps([{"labels": {"team": "group"}, "receiver": {"name": "r"}, "alerts": ALERTS}]),
        "- labels:\n    alertname: A\n    team: x y\n- alertname: B\n",
        "# two\nalerts:\n- labels: {alertname: A, team: x y}\n- labels: {alertname: B}\n",
        "# two\nalertname=A team='x y'\n\nalertname=B\nalertname=B gone=\n",
        '{alertname="A", team="x y"}\n{alertname=B}\n',
    ],
)
def test_forms(text: str) -> None:
    """JSON of amtool, Alertmanager and Prometheus, YAML, and lines say the same; each label set comes once."""
    assert label_sets_of(text, "alerts") == WANTED


@pytest.mark.parametrize("text", ["", "[]", "# nothing\n", '{"alerts": []}', "alerts:\n"])
def test_none(text: str) -> None:
    """A list without alerts is no mistake."""
    assert label_sets_of(text, "alerts") == ()


def test_numbers_are_texts() -> None:
    """A value that YAML takes for a number is the text as it was written."""
    assert label_sets_of("- {a: 1.10, b: true}\n", "x") == ({"a": "1.10", "b": "true"},)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=b\nword\n", "x:2:1: 'word' is no label"),
        ("a=~b\n", "'a=~b' is no label"),
        ("a!=b\n", "'a!=b' is no label"),
        ('{a=~"b"}\n', "a label has one value"),
        ("{a\n", "x:1:1: "),
        ("a='b\n", "No closing quotation"),
        ('["a"]', "this holds no label sets"),
        ('[{"labels": {"a": [1]}}]', "the label 'a' has no text"),
        ("- a: [1]\n", "the label 'a' has no text"),
        ("- a\n", "this holds no label sets"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    """What is no label set is refused with its place and the forms that are known."""
    with pytest.raises(InvalidInput) as refused:
        label_sets_of(text, "x")
    assert said in str(refused.value)
