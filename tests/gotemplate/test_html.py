"""Escaping for HTML by place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertd.gotemplate import Limits, TemplateLimit, TemplateSet
from alertd.gotemplate.values import SafeHTML

CASES = yaml.safe_load(Path(__file__).with_name("html.yml").read_text())
DATA = {
    "w": "<a href='x'>&\"+</a>",
    "u": "http://x/a b?c=d&e=é",
    "j": "javascript:alert(1)",
    "q": "a b&c/d",
    "n": None,
    "i": 5,
    "l": ["a<b", 1],
    "css": "red",
    "bad": "expression(1)",
    "t": True,
}


def _safe(text: str) -> str:
    return SafeHTML(text)


SET = TemplateSet({"safe": _safe}, html=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_values_are_escaped_for_their_place(case: dict[str, str]) -> None:
    """Text, attributes, URLs, styles and scripts are escaped as Go's html/template escapes them."""
    assert SET.compile(case["text"], "t").execute(DATA) == case["output"]


def test_the_place_is_followed_through_called_templates() -> None:
    """A definition that is called inside of an attribute is escaped for that attribute."""
    templates = TemplateSet({}, html=True)
    templates.add('{{ define "url" }}{{ .base }}/?q={{ .q }}{{ end }}', "a")
    text = '<a href="{{ template "url" . }}" title={{ .q }}>{{ template "url" . }}</a>'
    assert templates.compile(text, "t").execute({"base": "http://h", "q": "a&b c"}) == (
        '<a href="http://h/?q=a%26b%20c" title=a&amp;b&#32;c>http://h/?q=a&amp;b c</a>'
    )


@given(st.text(max_size=30))
def test_no_value_opens_a_tag_or_leaves_its_attribute(value: str) -> None:
    """Whatever a value holds, the page keeps its tags and quotes."""
    page = SET.compile('<p title="{{ . }}">{{ . }}</p><script>f("{{ . }}", {{ . }})</script>', "t").execute(value)
    assert (page.count("<"), page.count(">")) == (4, 4)
    assert page.split("</p>")[0].count('"') == 2


def test_html_output_is_limited() -> None:
    """The limit of output counts escaped text."""
    with pytest.raises(TemplateLimit, match="output is longer than 10 characters"):
        SET.compile("{{ . }}", "t").execute("<<<<", limits=Limits(output=10))
