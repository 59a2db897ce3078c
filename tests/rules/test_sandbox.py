from __future__ import annotations

from typing import Any

import pytest
from jinja2 import TemplateSyntaxError

from alertd.rules.sandbox import MAX_ROUNDS, MAX_TEXT, RENDER_ERRORS, compile_jinja, render_jinja

VALUES: dict[str, Any] = {"labels": {"instance": "a:9100", "job": "node"}, "value": 12.0, "name": "x"}


def render(text: str, **more: Any) -> str:
    values = {**VALUES, **more}
    return render_jinja(compile_jinja(text, values, {"twice": lambda number: number * 2}), values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ labels.instance }} of {{ labels['job'] }}\n", "a:9100 of node\n"),
        ("{{ value }} {{ 1.5 }} {{ value / 5 }} {{ value * 2 }}", "12 1.5 2.4 24"),
        ("{{ value | twice }}", "24"),
        ("{{ labels.job ~ '/' ~ value }}", "node/12"),
        ("{% if value > 10 %}high{% else %}low{% endif %}", "high"),
        (
            "{% for name, text in labels | dictsort %}{{ loop.index }}:{{ name }}={{ text }} {% endfor %}",
            "1:instance=a:9100 2:job=node ",
        ),
        ("{% for name in labels.keys() %}{{ loop.length }}{% endfor %}", "22"),
        ("{% set host = labels.instance.split(':')[0] %}{{ host | upper }}", "A"),
        ("{{ '%.2f and %s' | format(value, name) }}", "12.00 and x"),
        ("{{ name | center(5) }}|{{ name | replace('x', 'yz') }}", "  x  |yz"),
        ("{{ [1, 2] | sum }} {{ [1, 2] | join('-') }}", "3 1-2"),
        ("{{ 2 ** 10 }} {{ 7 % 4 }} {{ 'a' + 'b' }} {{ 'ab' * 2 }}", "1024 3 ab abab"),
        ("{{ 1e400 }}", "+Inf"),
    ],
)
def test_what_a_text_may_do(text: str, expected: str) -> None:
    """The everyday forms of Jinja2 work."""
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ lables.x }}", "there is no variable 'lables'; there are labels, name, value"),
        ("{{ value ", "unexpected end of template"),
        ("{{ value | nosuch }}", "No filter named 'nosuch'"),
        ("{% macro f() %}{% endmacro %}", "a text may use the statements if, for and set; this is macro"),
        ("{% include 'x' %}", "a text may use the statements if, for and set; this is include"),
        ("{% set x %}a{% endset %}", "a text may use the statements if, for and set; this is assignblock"),
        ("{% for x in labels recursive %}{% endfor %}", "a text may use the statements if, for and set; this is for"),
        ("{{ cycler }}", "there is no variable 'cycler'"),
        ("x" * (MAX_TEXT + 1), f"the template has {MAX_TEXT + 1} characters"),
        ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "the template is nested too deeply"),
    ],
)
def test_what_is_refused_when_it_is_compiled(text: str, sentence: str) -> None:
    """A mistake that can be seen in the text is told before it is used."""
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_jinja(text, VALUES, {})
    assert str(caught.value.message).startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "{{ labels.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ labels | attr('x') if false else labels['__class__'] }}",
        "{{ 'x' * 10 ** 8 }}",
        "{{ 2 ** 10 ** 7 }}",
        "{{ 2 ** 60 * 2 ** 60 }}",
        "{{ '%0500000000d' % 1 }}",
        "{{ '%0500000000d' | format(1) }}",
        "{{ '%*d' | format(500000000, 1) }}",
        "{{ '{:500000000}'.format(1) }}",
        "{{ 'x'.ljust(500000000) }}",
        "{{ 'x' | center(500000000) }}",
        "{{ 'x' | indent(500000000, true) }}",
        "{{ 1.5 | round(500000000, 'ceil') }}",
        "{{ [1] * 10 ** 8 }}",
        "{% set x = [1] %}{% set x = x + x %}{{ x }}",
        "{% set x = [1] %}{% set x = [x, x] %}{{ x }}",
        "{% set x = {'a': {}} %}",
        "{% for a in range(3000) %}{% for b in range(3000) %}{% endfor %}{% endfor %}",
        "{% for a in range(" + str(MAX_ROUNDS // 2) + ") %}{% for b in range(3) %}{% endfor %}{% endfor %}",
        "{% set x = 'xxxxxxxxxx' %}" + "{% set x = x ~ x %}" * 40,
        "{% set x = 'xxxxxxxxxx' %}" + "{% set x = x + x %}" * 40,
        "{% set x = 'xxxxxxxxxx' %}" + "{% set x = x | replace('x', x) %}" * 5,
        "{% set x = 'xxxxxxxxxx' %}" + "{% set x = [x, x] | join %}" * 40,
        "{% for a in range(900) %}" + "x" * 100 + "{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ value.nosuch.more }}",
        "{{ name + 1 }}",
    ],
)
def test_what_is_refused_when_it_runs(text: str) -> None:
    """What would reach out or grow without bound ends at once, with an error that the caller knows."""
    with pytest.raises(RENDER_ERRORS):
        render(text)
