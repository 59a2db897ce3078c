"""Formatting rule files: the layout, the comments, and that nothing else changes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.errors import InvalidInput
from alertd.resources import resource_path
from alertd.rules.formatting.formatting import format_rules
from alertd.rules.loading import load_rules

RULES = "groups:\n  - name: g\n    rules:\n"
_COMMENT = re.compile(r"(?:^|\s)(#[^\n]*?)\s*$", re.MULTILINE)


def formatted(text: str) -> str:
    return format_rules(text, "rules.yml")


def rule(text: str) -> str:
    """A file with one rule, whose lines are `text`."""
    return RULES + indent(dedent(text).strip("\n"), "      ") + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
            - labels: {severity: critical}
              expr: 'sum(up)by(job)==0'
              annotations:
                  summary:   "x"
              for:   5m
              alert: A
            """,
            """
            - alert: A
              expr: sum by (job) (up) == 0
              for: 5m
              labels: {severity: critical}
              annotations:
                summary: "x"
            """,
        ),
        (
            "- {alert: A, expr: up == 0, receivers: [a,  b], labels: {a:   b}}",
            """
            - alert: A
              expr: up == 0
              receivers: [a, b]
              labels: {a: b}
            """,
        ),
        (
            """
            - record: a:b
              expr: "1"
            """,
            """
            - record: a:b
              expr: '1'
            """,
        ),
        (
            """
            - alert: A
              expr: >-
                label_replace(aaaaaaaaaaaaaaaaaaaaaaaaaaa, "bbbbbbbbbbbbbbbbbbbbbb", "ccccccccccccccccccccc", "d", "")
            """,
            """
            - alert: A
              expr: |
                label_replace(
                  aaaaaaaaaaaaaaaaaaaaaaaaaaa,
                  "bbbbbbbbbbbbbbbbbbbbbb",
                  "ccccccccccccccccccccc",
                  "d",
                  ""
                )
            """,
        ),
        (
            """
            - alert: A
              expr: sum by (aaaaaaaaaaaaaaaaaaaaaaaa) (bbbbbbbbbbbbbbbbbbbbbbbbbb) /
                sum by (aaaaaaaaaaaaaaaaaaaaaaaa) (c)
            """,
            """
            - alert: A
              expr: |2
                  sum by (aaaaaaaaaaaaaaaaaaaaaaaa) (bbbbbbbbbbbbbbbbbbbbbbbbbb)
                /
                  sum by (aaaaaaaaaaaaaaaaaaaaaaaa) (c)
            """,
        ),
        (
            """
            - alert: A
              expr: 'a{b="c: ''d'' #"}>1'
            """,
            """
            - alert: A
              expr: |
                a{b="c: 'd' #"} > 1
            """,
        ),
        (
            """
            - alert: A
              expr: |
                up==0   # so it is
            """,
            """
            - alert: A
              expr: |
                up==0   # so it is
            """,
        ),
        (
            """
            - cooldown_minutes: 5
              condition: s=='down'
              name: A
            """,
            """
            - name: A
              condition: s=='down'
              cooldown_minutes: 5
            """,
        ),
    ],
)
def test_the_layout_of_a_rule(before: str, after: str) -> None:
    """Keys, expressions, braces and indentation."""
    assert formatted(rule(before)) == rule(after)
    assert formatted(rule(after)) == rule(after)


COMMENTED = """\
# the file

# and its groups
groups:  # all of them
- name: a  # the first


  # how often
  interval: 1m
  rules:
  # about A
  - expr: up == 0  # the expression of A
    # for: 5m
    alert: A
    labels:
        # about the label
        a: b  # behind it
        # below the label
    # below A

  # about B

  # nearer to B
  - { alert: B,   # within B
      expr: up == 1 }
  # at the end of the group
# at the end of the file
"""
TIDY = """\
# the file

# and its groups
groups:  # all of them
  - name: a  # the first

    # how often
    interval: 1m
    rules:
      # about A
      # for: 5m
      - alert: A
        expr: up == 0  # the expression of A
        labels:
          # about the label
          a: b  # behind it
          # below the label
        # below A

      # about B

      # nearer to B
      - alert: B  # within B
        expr: up == 1
    # at the end of the group
# at the end of the file
"""


def test_comments_stay_with_what_they_are_about() -> None:
    """Above, behind and below what they are about, also where keys change places."""
    assert formatted(COMMENTED) == TIDY
    assert formatted(TIDY) == TIDY


@pytest.mark.parametrize(
    "text",
    [
        "|\n  one\n    two\n\n  three\n",
        "|-\n  one\n",
        "|2\n    one\n  two\n",
        ">\n  one\n  two\n\n  three\n",
        ">-\n  one\n\n    two\n  three\n",
        "|+\n  one\n\n",
        ">+\n  one\n\n",
        ">2\n    one\n  two\n",
        "|\n\n  one\n",
        "plain text\n  over two lines\n\n  and a paragraph\n",
        "'single ''quotes''\n  and\n\n  more'\n",
        '"double \\"quotes\\"\n  and \\\n  more\\n"\n',
        '"\\u2028 \\x07 \\\\"\n',
        '"a # b"\n',
        "'{{ $value }}'\n",
        "!!str 5\n",
        "&a-b  >\n  one\n  two\n",
        "&a !!str |\n  one\n",
        ">-\n\n  one\n   \n  two\n",
        "|  # a comment\n  one # no comment\n",
        "~\n",
        '""\n',
        "'# no comment'\n",
    ],
)
@pytest.mark.parametrize("margin", ["    ", "          "])
def test_texts_keep_their_meaning(text: str, margin: str) -> None:
    """However a text is written, it is the same afterwards, and is written the same the next time."""
    head = "groups:\n - name: g\n   rules:\n   - annotations:\n"
    first, _, others = text.partition("\n")
    body = f"    text: {first}\n{indent(others, '    ')}    z: z\n"
    file = f"{head}{indent(body, margin)}     alert: A\n     expr: a\n"
    result = formatted(file)
    (before,), (after,) = load_rules(file, "f").rules, load_rules(result, "f").rules
    assert before.labels == after.labels
    assert getattr(before, "annotations") == getattr(after, "annotations")  # noqa: B009 - both are alerts
    assert formatted(result) == result


ANCHORS = """\
---
groups:
  - name: a
    labels: &labels
      team: &team x
    rules:
      - alert: A
        expr: up==0
        labels: *labels
      - labels:
          <<: *labels
          other: *team
        alert: B
        expr: up==0
"""


def test_anchors() -> None:
    """Anchors, aliases and merge keys stay, and so does the order of keys where they are."""
    assert formatted(ANCHORS) == ANCHORS.replace("up==0", "up == 0")


def test_a_comment_behind_an_anchor() -> None:
    """The parser's event for a mapping with an anchor reaches over the comment, which stays all the same."""
    text = ANCHORS.replace("up==0", "up == 0").replace("&labels\n", "&labels  # of all\n      # the team\n")
    assert formatted(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("# nothing\n", "# nothing\n"),
        ("groups: []\n", "groups: []\n"),
        ("\ufeffgroups:\r\n- name: a\r\n  rules: []\r\n", "groups:\n  - name: a\n    rules: []\n"),
        ("# head\n---\n# more\ngroups: []", "# head\n---\n# more\ngroups: []\n"),
        ("{groups: [{name: a}]}\n", "groups:\n  - name: a\n"),
        ("groups:\n  -\n    name: a\n", "groups:\n  - name: a\n"),
        (
            "alerting:\n    rules:\n    - {condition: a>1, name: A}\n    enabled: true\n",
            "alerting:\n  enabled: true\n  rules:\n    - name: A\n      condition: a > 1\n",
        ),
        ("groups:\n- rules:\n  name: a\n", "groups:\n  - name: a\n    rules:\n"),
    ],
)
def test_files(before: str, after: str) -> None:
    """Empty files, line breaks of other systems, braces around everything, the section `alerting`."""
    assert formatted(before) == after


def test_a_file_with_a_mistake() -> None:
    """What cannot be read is not formatted."""
    with pytest.raises(InvalidInput, match="unclosed left parenthesis"):
        formatted(rule("- {alert: A, expr: sum(up}"))


@pytest.mark.parametrize("name", ["prometheus.yml", "application.yml", "short.yml"])
def test_the_examples_are_formatted(name: str) -> None:
    """The rules that ship, formatted once, stay."""
    once = formatted((resource_path("rules") / name).read_text(encoding="utf-8"))
    assert formatted(once) == once


@pytest.mark.conformance
@pytest.mark.skipif(not os.environ.get("ALERTD_CONFORMANCE"), reason="ALERTD_CONFORMANCE is not set")
def test_the_collection() -> None:
    """112 files of the field: they mean the same, have every comment, and are the same the second time."""
    paths = sorted((Path(os.environ["ALERTD_CONFORMANCE"]) / "rules").glob("**/*.yml"))
    assert len(paths) == 112
    for path in paths:
        text = path.read_text(encoding="utf-8")
        once = formatted(text)
        assert formatted(once) == once, path
        assert sorted(_COMMENT.findall(once)) == sorted(_COMMENT.findall(text)), path


words = st.text("abc xyz\"'#:{}[]&*!|>%@`\\-?,\té\n", max_size=12)
blanks = st.sampled_from(("", "\n", "\n\n"))
notes = st.sampled_from(("", "# one", "# two: 'x'", "# 3 {"))


@st.composite
def rule_files(draw: st.DrawFn) -> str:
    """Rule files in many styles, with comments everywhere."""
    lines: list[str] = []

    def line(margin: int, text: str) -> None:
        if draw(st.integers(0, 3)) == 0:
            note = draw(notes)
            lines.extend(
                filter(None, [draw(blanks).strip(" "), " " * draw(st.integers(0, margin + 2)) + note if note else ""])
            )
        behind = draw(notes)
        lines.append(" " * margin + text + (f"  {behind}" if behind else ""))

    def quoted(text: str) -> str:
        if draw(st.booleans()) and "\n" not in text and "\t" not in text:
            return "'" + text.replace("'", "''") + "'"
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'

    step = draw(st.sampled_from((0, 2, 4)))
    line(0, "groups:")
    for group in range(draw(st.integers(1, 2))):
        line(step, f"- name: g{group}")
        if draw(st.booleans()):
            line(step + 2, "interval: 1m")
        line(step + 2, "rules:")
        for number in range(draw(st.integers(1, 3))):
            margin = step + 2 + step
            expr = draw(st.sampled_from(("up==0", "sum(a)by(b)>1", 'a{b="c: d"}', "1", "a # not", "avg(x)")))
            entries = [f"alert: A{number}", f"expr: {quoted(expr)}", "for: 5m"]
            if draw(st.booleans()):
                entries.append("labels: {a: " + quoted(draw(words)) + ", b: c}")
            texts = draw(st.lists(words, max_size=3))
            ordered = draw(st.permutations(entries))
            for place, entry in enumerate(ordered):
                line(margin + (2 if place else 0), ("" if place else "- ") + entry)
            if texts:
                line(margin + 2, "annotations:")
                for name, text in enumerate(texts):
                    line(margin + 4, f"t{name}: {quoted(text)}")
    return "\n".join(lines) + "\n"


@settings(max_examples=150)
@given(rule_files())
def test_any_file(text: str) -> None:
    """Formatting twice is formatting once, and no comment is lost; that the rules stay is checked by itself."""
    try:
        load_rules(text, "f")
    except InvalidInput:
        return
    once = formatted(text)
    assert formatted(once) == once
    assert comments(once) == comments(text)


def comments(text: str) -> list[str]:
    """The comments that the generated files may have."""
    return sorted(re.findall(r"# (?:one|two: 'x'|3 \{)$", text, re.MULTILINE))
