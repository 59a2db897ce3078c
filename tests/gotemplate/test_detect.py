"""Telling Go's templates from Jinja2's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from alertd.gotemplate import looks_like_go

GO = [
    "{{ .x }}",
    "{{ $x }}",
    "{{.Labels.job}}",
    "{{- range .a -}}",
    '{{ template "a" . }}',
    '{{define "x"}}a{{end}}',
    '{{ printf "%s" "a" }}',
    "{{ humanize $value }}",
    '{{ if eq .Status "firing" }}',
    "{{ externalURL }}",
    "{{/* note */}}",
    "{{ len .Alerts }}",
    "{{ toUpper `x` }}",
    '{{ with query "up" }}{{ . | first | value }}{{ end }}',
    '{{ "up" | query | first }}',
    "{{ (index .Alerts 0).Labels.x }}",
    "{{ (.Value | humanize) }}",
    "{{ not .x }}",
    "{{ eq 1 2 }}",
    "{{ now | humanizeTimestamp }}",
    '{{ args 1 "b" }}',
    '{{ "a" | printf "%s" }}',
    'text {{ $labels.a }} with {{ "b" }}',
    '{{ humanize (query "x" | first | value) }}',
    '{{ printf "{%s}" $value }}',
]
JINJA = [
    "{{ x }}",
    "{{ labels.instance }}",
    '{{ labels["a"] }}',
    "{{ value | round(2) }}",
    "{% if x %}{{ x }}{% endif %}",
    "{{ x if y else z }}",
    '{{ "a" ~ b }}',
    "{{ alerts | length }}",
    "{{- x -}}",
    "{{ humanize(value) }}",
    "{{ now }}",
    '{{ x | default("n") }}',
    "{{ (a + b) * 2 }}",
    "{{ (labels.a + b) | upper }}",
    '{{ "%.2f" | format(value) }}',
    "{# note #}{{ x }}",
    "{{ not x }}",
    '{{ x or "none" }}',
    '{{ x in ("a", "b") }}',
    '{{ x == "a" }}',
    "{{ x - 1 }}",
    "{{ value | humanize }}",
    "{{ x is defined }}",
    "{{ labels.a }} costs $5",
    '{{ a if b == "c" else "d" }}',
]


@pytest.mark.parametrize("text", GO)
def test_go_is_recognised(text: str) -> None:
    """Dots, dollars, calls with spaces and Go's blocks mark a Go template."""
    assert looks_like_go(text)


@pytest.mark.parametrize("text", [*JINJA, "", "plain", "costs $5 {.x}"])
def test_everything_else_is_not_go(text: str) -> None:
    """Jinja2's forms, and text without a template, are not Go."""
    assert not looks_like_go(text)


@pytest.mark.conformance
def test_every_public_rule_is_go() -> None:
    """Every templated annotation of the public rules is recognised as Go."""
    root = os.environ.get("ALERTD_CONFORMANCE")
    if not root:
        pytest.skip("ALERTD_CONFORMANCE is not set")
    for file in sorted(Path(root, "rules").rglob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"] or []:
                for text in rule.get("annotations", {}).values():
                    assert looks_like_go(text) == ("{{" in text), text
