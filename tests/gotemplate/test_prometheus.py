"""Annotations: Prometheus' functions, variables and errors, as its documentation and promtool show them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from alertd.gotemplate import TemplateExecutionError, TemplateSyntaxError
from alertd.gotemplate.prometheus import (
    Sample,
    compile_annotation,
    expand,
    expansion_error,
    prometheus_functions,
)
from alertd.gotemplate.values import StringMap

LABELS = {"__name__": "up", "instance": "a:1", "job": "b"}
NOW = 1_353_755_652.0


def query(expression: str) -> Iterable[Sample]:
    if expression == "broken":
        raise ValueError("no such metric")
    if expression != "up":
        return []
    return [Sample(StringMap(job="z", __value__="text"), 2.0), Sample(StringMap(job="a"), 1.5)]


def render(text: str, value: float = 0.0, **extra: object) -> str:
    annotation = compile_annotation(text, "__alert_Dead")
    return annotation.render(
        LABELS,
        value,
        now_seconds=NOW,
        query=query,
        external_labels={"cluster": "c1"},
        external_url="http://prom.example:9090/path",
        extra=extra,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $labels.instance }} {{ $labels.none }}|{{ .Labels.job }}", "a:1 |b"),
        ("{{ . }}", "{map[__name__:up instance:a:1 job:b] map[cluster:c1] http://prom.example:9090/path 0}"),
        ("{{ $labels }}", "map[__name__:up instance:a:1 job:b]"),
        ("{{ $externalLabels.cluster }} {{ .ExternalLabels }}", "c1 map[cluster:c1]"),
        ("{{ $externalURL }} {{ externalURL }} {{ pathPrefix }}", "http://prom.example:9090/path " * 2 + "/path"),
        ("{{ humanize 1234567 }} {{ humanize .12 }} {{ humanize 0 }} {{ humanize `+Inf` }}", "1.235M 120m 0 +Inf"),
        ("{{ humanize1024 1048576 }} {{ humanize1024 1234567.0 }}", "1Mi 1.177Mi"),
        (
            "{{ humanizeDuration 0 }} {{ humanizeDuration -183845 }} {{ humanizeDuration 86400 }}",
            "0s -2d 3h 4m 5s 1d 0h 0m 0s",
        ),
        (
            "{{ humanizeDuration 3600 }} {{ humanizeDuration 60 }} {{ humanizeDuration 12.345 }}",
            "1h 0m 0s 1m 0s 12.35s",
        ),
        ("{{ humanizeDuration .1 }} {{ humanizeDuration .0001 }} {{ humanizeDuration .12345 }}", "100ms 100us 123.5ms"),
        ("{{ humanizePercentage 0.1234567 }} {{ 1234567.0 | humanizePercentage }}", "12.35% 1.235e+08%"),
        ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ humanizeTimestamp 0 }} {{ humanizeTimestamp `NaN` }}", "1970-01-01 00:00:00 +0000 UTC NaN"),
        ("{{ (1435065584.128 | toTime).Format `2006` }} {{ (1800 | toDuration).String }}", "2015 30m0s"),
        ("{{ humanizeDuration (toDuration 1800) }} {{ toDuration 1.5 }}", "30m 0s 1.5s"),
        ("{{ now }} {{ now | humanizeTimestamp }}", "1.353755652e+09 2012-11-24 11:14:12 +0000 UTC"),
        ("{{ parseDuration `2h10m15s` }} {{ parseDuration `-5m` }} {{ parseDuration `0` }}", "7815 -300 0"),
        ('{{ "aa bb CC" | title }} {{ title "don\'t foo_bar 1st" }}', "Aa Bb CC Don't Foo_bar 1St"),
        ("{{ toUpper `aé` }} {{ toLower `AÉ` }}", "AÉ aé"),
        ('{{ match "a+" "baa" }} {{ match "^a+$" "baa" }} {{ reReplaceAll "(a)b" "x$1" "ab" }}', "true false xa"),
        ("{{ stripPort `[::1]:6006` }} {{ stripPort `::1` }} {{ stripPort `a.b` }}", "::1 ::1 a.b"),
        ("{{ stripDomain `foo.example.com:12345` }} {{ stripDomain `foo.example.com` }}", "foo:12345 foo"),
        ("{{ stripDomain `1.2.3.4:5` }} {{ stripDomain `[::1]:5` }} {{ stripDomain `::1` }}", "1.2.3.4:5 [::1]:5 ::1"),
        ('{{ graphLink "up" }} {{ tableLink "a b" }}', "/graph?g0.expr=up&g0.tab=0 /graph?g0.expr=a+b&g0.tab=1"),
        ('{{ args 1 "b" }} {{ (args 1).arg9 }}', "map[arg0:1 arg1:b] <no value>"),
        ("{{ urlQueryEscape `a b&c/é~` }} {{ safeHtml `<b>` }}", "a+b%26c%2F%C3%A9~ <b>"),
        ('{{ query "up" | first | value }} {{ query "up" | first | label "job" }}', "2 z"),
        ('{{ query "up" | first | label "none" }}|{{ query "up" | first | strvalue }}', "|text"),
        ('{{ range query "up" | sortByLabel "job" }}{{ .Labels.job }}={{ .Value }} {{ end }}', "a=1.5 z=2 "),
        ('{{ with query "none" }}some{{ else }}none{{ end }} {{ len (query "up") }}', "none 2"),
    ],
)
def test_functions_give_prometheus_outputs(text: str, expected: str) -> None:
    """Each function prints what Prometheus documents for it."""
    assert render(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (123456.7, "123456.7 123.5k 120.6ki 1d 10h 17m 36s 1.235e+07% 1970-01-02 10:17:36.7 +0000 UTC"),
        (999999.0, "999999 1000k 976.6ki 11d 13h 46m 39s 1e+08% 1970-01-12 13:46:39 +0000 UTC"),
        (999.95, "999.95 1000 1000 16m 39s 1e+05% 1970-01-01 00:16:39.95 +0000 UTC"),
        (0.00012345, "0.00012345 123.4u 0.0001234 123.4us 0.01234% 1970-01-01 00:00:00 +0000 UTC"),
        (float("nan"), "NaN NaN NaN NaN NaN% NaN"),
        (float("-inf"), "-Inf -Inf -Inf -Inf -Inf% -Inf"),
    ],
)
def test_values_are_humanized(value: float, expected: str) -> None:
    """One number through every humanizing function."""
    text = (
        "{{ $value }} {{ $value | humanize }} {{ $value | humanize1024 }} {{ $value | humanizeDuration }} "
        "{{ $value | humanizePercentage }} {{ $value | humanizeTimestamp }}"
    )
    assert render(text, value) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ .Foo }}", '1:115: executing "__alert_Dead" at <.Foo>: can\'t evaluate field Foo in type struct {'),
        ('{{ humanize "zz" }}', 'humanize: strconv.ParseFloat: parsing "zz": invalid syntax'),
        ("{{ humanize true }}", "can't convert bool to float"),
        (
            "{{ humanizeTimestamp 1e15 }}",
            "1e+15 cannot be represented as a nanoseconds timestamp since it overflows int64",
        ),
        ("{{ toTime `NaN` }}", "error calling toTime: value is NaN or Inf"),
        ('{{ query "none" | first }}', "first() called on vector with no elements"),
        ('{{ query "broken" }}', "error calling query: no such metric"),
        ("{{ parseDuration `5x` }}", 'not a valid duration string: "5x"'),
        ('{{ reReplaceAll "(" "" "" }}', "regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"),
        ("{{ value 1 }}", "error calling value: not a sample"),
        ("{{ if gt $value 1 }}{{ end }}", "incompatible types for comparison: float64 and int"),
        ("{{ stripPort 5 }}", "expected string; found 5"),
        ("{{ humanize 1 2 }}", "wrong number of args for humanize: want 1 got 2"),
    ],
)
def test_failures_are_worded_as_in_prometheus(text: str, problem: str) -> None:
    """A failure names the template, the place and the reason."""
    with pytest.raises(TemplateExecutionError) as caught:
        render(text)
    assert str(caught.value).startswith("template: __alert_Dead:1:")
    assert problem in str(caught.value)


def test_the_text_of_a_failure_takes_the_place_of_the_annotation() -> None:
    """A failed annotation becomes Prometheus' error text, for a failure while running and while parsing."""
    assert expand('{{ humanize "zz" }}', "__alert_Dead", LABELS, 1.0, now_seconds=NOW) == (
        "<error expanding template: error executing template __alert_Dead: template: __alert_Dead:1:115: executing "
        '"__alert_Dead" at <humanize "zz">: error calling humanize: strconv.ParseFloat: parsing "zz": invalid syntax>'
    )
    assert expand("{{ tmpl `a` 1 }}", "__alert_X", LABELS, 1.0, now_seconds=NOW) == (
        "<error expanding template: error parsing template __alert_X: "
        'template: __alert_X:1: function "tmpl" not defined>'
    )


def test_a_broken_annotation_is_refused_when_it_is_compiled() -> None:
    """The rule file is refused with the line and column inside of the text."""
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_annotation("first line\n  {{ $nope }}", "__alert_X")
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert expansion_error(caught.value, "__alert_X").endswith('__alert_X:2: undefined variable "$nope">')


def test_vmalert_variables_and_functions() -> None:
    """vmalert's additions are there; a variable that was not given is nil."""
    assert (
        render("{{ $for }} {{ .Expr }} {{ $activeAt }}", 0.0, **{"for": "5m", "expr": "up == 0"})
        == "5m up == 0 <no value>"
    )
    text = (
        '{{ formatTime "2006-01-02" 0 }} {{ parseDurationTime "1h30m" }} {{ jsonEscape "a\\"b" }} '
        '{{ quotesEscape "a\\"b" }} {{ htmlEscape "<" }} {{ pathEscape "a b/c" }} {{ queryEscape "a b" }}'
    )
    assert render(text) == '1970-01-01 1h30m0s "a\\"b" a\\"b &lt; a%20b%2Fc a+b'
    own = compile_annotation("{{ $runbook }}", "x", extra_variables=["runbook"])
    assert own.render({}, 0, now_seconds=0, extra={"runbook": "http://r"}) == "http://r"


def test_text_without_a_template_is_returned_as_it_is() -> None:
    """An annotation without `{{` costs nothing and fails never."""
    assert render("100 % {plain} $value") == "100 % {plain} $value"


def test_the_functions_are_prometheus_29() -> None:
    """Not one function is missing, and `tmpl`, which belongs to consoles, is not there."""
    assert len(prometheus_functions()) == 29


@pytest.mark.conformance
def test_every_public_annotation_renders() -> None:
    """All annotations and labels of the public rules render on three label sets without an error."""
    root = os.environ.get("ALERTD_CONFORMANCE")
    if not root:
        pytest.skip("ALERTD_CONFORMANCE is not set")
    count = 0
    for file in sorted(Path(root, "rules").rglob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"] or []:
                for text in [*rule.get("annotations", {}).values(), *rule.get("labels", {}).values()]:
                    annotation = compile_annotation(text, f"__alert_{rule['alert']}")
                    for labels, value in ((LABELS, 0.0), ({}, 1e9), ({"instance": "é", "pod": '"p"'}, float("nan"))):
                        assert "<no value>" not in annotation.render(labels, value, now_seconds=NOW)
                        count += 1
    assert count > 6000
