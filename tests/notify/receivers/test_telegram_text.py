"""What Telegram counts of a text in HTML."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.receivers.telegram_text import is_too_long, without_tags


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("plain", "plain"),
        ('<b>bold</b> <a href="https://example.org/?a=1&amp;b=2">link</a>', "bold link"),
        ("a &lt;b&gt; &amp; &quot;c&quot;", 'a <b> & "c"'),
        ("&#8226; &#x41; &#39;", "• A '"),
        ("&nbsp; &euro;", "&nbsp; &euro;"),
        ("&#0; &#1114112; &#xd800;", "&#0; &#1114112; &#xd800;"),
        ("<pre><code>x\ny</code></pre>", "x\ny"),
        ("", ""),
    ],
)
def test_without_tags(source: str, seen: str) -> None:
    """Tags go, the entities that Telegram knows are decoded, others stay as they are written."""
    assert without_tags(source) == seen


@given(st.text(alphabet=st.characters(exclude_characters="\r", exclude_categories=("Cs",))))
def test_escaped_text_comes_back(text: str) -> None:
    """Whatever a label holds, its escaped form is seen as itself."""
    assert without_tags(f"<b>{html.escape(text)}</b>") == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x" * 4096, False),
        ("x" * 4097, True),
        ("&lt;" * 4096, False),
        ("<b>" + "x" * 4096 + "</b>", False),
        (f'<a href="https://example.org/{"x" * 32_000}">x</a>', False),
        (f'<a href="https://example.org/{"x" * 33_000}">x</a>', True),
        ("ü" * 4096, False),
    ],
)
def test_is_too_long(source: str, expected: bool) -> None:
    """4 096 characters that are seen, or 32 KiB with the tags."""
    assert is_too_long(source) is expected
