from __future__ import annotations

from typing import Any

import pytest

from alertd.clock import MINUTE, SECOND
from alertd.rules.templates import BadTemplate, Constant, Field, GoField, JinjaField, compile_field

LABELS = {"instance": "a:9100", "severity": "page"}


def render(field: Field, value: float = 1234567.0, **more: Any) -> str:
    return field.render(
        LABELS,
        value,
        now=90 * SECOND,
        expr="up == 0",
        for_=5 * MINUTE,
        active_at=60 * SECOND,
        alertname="Down",
        severity="page",
        external_labels={"cluster": "c"},
        external_url="https://alertd.example.org/x",
        **more,
    )


@pytest.mark.parametrize(
    ("text", "language", "kind", "expected"),
    [
        ("plain { text }", None, Constant, "plain { text }"),
        ("100 % {% raw", "go", Constant, "100 % {% raw"),
        ("{{ $labels.instance }} {{ $labels.nothing }}", None, GoField, "a:9100 "),
        ("{{ $value | humanize }} {{ .Value }}", None, GoField, "1.235M 1.234567e+06"),
        ("{{ $externalLabels.cluster }} {{ externalURL }}", None, GoField, "c https://alertd.example.org/x"),
        ("{{ $expr }} {{ $for }} {{ $alertname }}", None, GoField, "up == 0 5m0s Down"),
        ("{{ value }}", "go", GoField, "<error expanding template: error executing template __alert_Down: "),
        ("{{ labels.instance }} {{ labels.nothing }}.", None, JinjaField, "a:9100 ."),
        ("{{ value }} {{ value | humanize }}", None, JinjaField, "1234567 1.235M"),
        ("{{ 90 | humanizeDuration }} {{ 0.5 | humanizePercentage }}", None, JinjaField, "1m 30s 50%"),
        ("{{ 2048 | humanize1024 }}", None, JinjaField, "2ki"),
        ("{{ 0 | humanizeTimestamp }}", None, JinjaField, "1970-01-01 00:00:00 +0000 UTC"),
        ("{{ alertname }} {{ severity }} {{ expr }}", None, JinjaField, "Down page up == 0"),
        ("{{ external_labels.cluster }} {{ external_url }}", None, JinjaField, "c https://alertd.example.org/x"),
        ("{% if value > 5 %}high{% endif %}", None, JinjaField, "high"),
        ("{{ value / 0 }}", None, JinjaField, "<error expanding template: error executing template __alert_Down: "),
        ("{{ alertname | humanize }}", None, JinjaField, "<error expanding template: error executing template "),
    ],
)
def test_a_field(text: str, language: str | None, kind: type, expected: str) -> None:
    """A text is constant, Go or Jinja2 by its syntax, and a failure becomes Prometheus' text."""
    field = compile_field(text, language, "Down")
    assert isinstance(field, kind)
    assert field.text == text
    rendered = render(field)
    assert rendered.startswith(expected) if expected.startswith("<") else rendered == expected


def test_go_templates_may_query() -> None:
    """`query` asks at the time of the evaluation; a failing one is a failing template."""

    def answer(expression: str) -> list[tuple[dict[str, str], float]]:
        if expression != "up":
            raise ValueError("no such thing")
        return [({"job": "a"}, 3.0)]

    text = '{{ with query "up" }}{{ . | first | value }} {{ . | first | label "job" }}{{ end }}'
    assert render(compile_field(text, None, "Down"), query=answer) == "3 a"
    assert "no such thing" in render(compile_field('{{ query "down" }}', None, "Down"), query=answer)
    assert "<error" in render(compile_field(text, None, "Down"))


@pytest.mark.parametrize(
    ("text", "language", "sentence"),
    [
        ("{{ $labels.instance ", None, "template: __alert_Down:1: unclosed action"),
        ("{{ labels.instance }}", "go", 'template: __alert_Down:1: function "labels" not defined'),
        ("{{ lables.instance }}", None, "line 1: there is no variable 'lables'"),
        ("a\n{{ value | nosuch }}", None, "line 2: No filter named 'nosuch'"),
        ("{{ $labels.instance }}", "jinja2", "line 1: unexpected char '$' at 3"),
        ("{% include 'x' %}", None, "line 1: a text may use the statements if, for and set"),
    ],
)
def test_a_text_that_is_no_template(text: str, language: str | None, sentence: str) -> None:
    """The language's own complaint is told."""
    with pytest.raises(BadTemplate) as caught:
        compile_field(text, language, "Down")
    assert str(caught.value).startswith(sentence)
