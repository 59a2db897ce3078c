"""Go string literals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql.quoting import quote, unquote


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"plain"', "plain"),
        ("'it'", "it"),
        (r"'it\'s'", "it's"),
        (r"`raw \n`", r"raw \n"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\x41\101\u00e9\U0001F600"', "AAé😀"),
        (r'"\xc3\xa9"', "é"),
        (r'"a\xc5z"', "a\udcc5z"),
    ],
)
def test_reads_all_escapes(literal: str, text: str) -> None:
    """Each form of literal and each escape stands for its character; stray bytes survive as surrogates."""
    assert unquote(literal) == text


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        (r'"\q"', 'unknown escape sequence "q"'),
        (r'"\x4"', "escape sequence not terminated"),
        (r'"\xzz"', 'illegal character "z" in escape sequence'),
        (r'"\777"', "octal escape value 511 > 255"),
        (r'"\ud800"', "escape sequence is an invalid Unicode code point"),
    ],
)
def test_refuses_bad_escapes(literal: str, message: str) -> None:
    """A faulty escape is named."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        unquote(literal)


def test_quotes_as_go_does() -> None:
    """Printable characters stay, others become escapes, stray bytes their hexadecimal form."""
    assert quote('a"b\\c\n\x01é\u200b\udcc5') == '"a\\"b\\\\c\\n\\x01é\\u200b\\xc5"'


@given(st.text())
def test_quoted_text_reads_back(text: str) -> None:
    """Quoting and unquoting are inverse for every text."""
    assert unquote(quote(text)) == text
