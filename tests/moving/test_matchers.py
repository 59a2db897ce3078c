"""`match` and `match_re` become `matchers` where they stand."""

from __future__ import annotations

import pytest

from alertd.moving.changes import Action
from alertd.moving.edits import apply
from alertd.moving.matchers import modernised
from alertd.moving.parts import parts_of

CASES = {
    "lines": (
        "match: # m\n  severity: critical # c\n  # about team\n  team: 'a b: c'\nreceiver: x\n",
        'matchers: # m\n  - severity="critical" # c\n  # about team\n  - \'team="a b: c"\'\nreceiver: x\n',
    ),
    "brackets": (
        "match: {a: b, c: 'd'}\nreceiver: x\n",
        'matchers: [a="b", c="d"]\nreceiver: x\n',
    ),
    "a pattern keeps Alertmanager's anchors": (
        "match_re:\n  service: foo|bar\n",
        "matchers:\n  - 'service=~\"^(?:foo|bar)$\"'\n",
    ),
    "a number stays as it is written": ("match:\n  version: 1.10\n", 'matchers:\n  - version="1.10"\n'),
    "quotes and backslashes": (
        "match:\n  path: 'C:\\x \"y\"'\n",
        'matchers:\n  - \'path="C:\\\\x \\"y\\""\'\n',
    ),
    "a quote in a quoted entry": ("match:\n  who: it's me\n", "matchers:\n  - 'who=\"it''s me\"'\n"),
    "a variable": ("match:\n  who: ${USER}\n", "matchers:\n  - 'who=\"$${USER}\"'\n"),
    "nothing": ("match:\nreceiver: x\n", "matchers: []\nreceiver: x\n"),
    "both, in lines": (
        "match:\n    a: b\n# patterns\nmatch_re: # re\n  # the shop\n  c: d.* # e\nreceiver: x\n",
        'matchers:\n    - a="b"\n    # patterns\n    # re\n    # the shop\n    - \'c=~"^(?:d.*)$"\' # e\nreceiver: x\n',
    ),
    "apart from each other": (
        "match_re:\n  c: d\nreceiver: x\nmatch:\n  a: b\n",
        'matchers:\n  - \'c=~"^(?:d)$"\'\n  - a="b"\nreceiver: x\n',
    ),
    "beside matchers": (
        "matchers:\n- foo = bar # own\nreceiver: x\nmatch:\n  a: b\n",
        'matchers:\n- foo = bar # own\n- a="b"\nreceiver: x\n',
    ),
    "both, in brackets": (
        "match: {a: b}\nmatch_re: {c: d}\nreceiver: x\n",
        'matchers: [a="b", \'c=~"^(?:d)$"\']\nreceiver: x\n',
    ),
    "a route in brackets": (
        "{match: {a: b}, receiver: x, match_re: {c: d}}\n",
        '{matchers: [a="b", \'c=~"^(?:d)$"\'], receiver: x}\n',
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_written_anew(text: str, wanted: str) -> None:
    """Comments, order and quotes stay; the conditions are the same, down to the group's key."""
    [change] = modernised(parts_of(text), (), "", "am.yml")
    assert change.action is Action.CHANGED
    assert apply(text, change.edits) == wanted


def test_the_sides_of_an_inhibition_rule() -> None:
    """The keys have their side before them; patterns need no anchors, as no group key has them."""
    text = "source_match_re:\n  a: b|c\ntarget_match:\n  d: e\n"
    parts = parts_of(text)
    changes = [change for side in ("source_", "target_") for change in modernised(parts, (), side, "am.yml")]
    written = apply(text, [edit for change in changes for edit in change.edits])
    assert written == 'source_matchers:\n  - a=~"b|c"\ntarget_matchers:\n  - d="e"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("match: &m {a: b}\n", "aliases"),
        ("match: {a: &v b}\n", "aliases"),
        ("x: &m {a: b}\nmatch: *m\n", "aliases"),
        ("match: [a]\n", "another form"),
        ("match: {a: [b]}\n", "is no text"),
        ("match: {a: b}\n# here\nmatch_re: {c: d}\n", "a comment"),
        ("match_re: {a: '['}\n", "regular expression"),
    ],
)
def test_left_alone(text: str, why: str) -> None:
    """What cannot be written anew without a loss stays, and is told."""
    [change] = modernised(parts_of(text), (), "", "am.yml")
    assert change.action is Action.LOOK
    assert why in change.place.message
    assert change.edits == ()


def test_nothing_to_do() -> None:
    """A route of today is not spoken of."""
    assert list(modernised(parts_of("matchers: [a=b]\n"), (), "", "am.yml")) == []
