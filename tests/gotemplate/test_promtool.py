"""The same templates by promtool and by alertd: byte for byte the same text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from alertd.gotemplate.errors import TemplateError, TemplateSyntaxError
from alertd.gotemplate.prometheus import Sample, compile_annotation, expansion_error
from alertd.gotemplate.values import StringMap
from tests.gotemplate.promtool import EXTERNAL_LABELS, EXTERNAL_URL, PROMTOOL, Series, all_labels, complaints, rendered

pytestmark = [pytest.mark.peer, pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")]

NOW = 60.0
# What newer Go versions than promtool's add to an error, and the type that newer versions of Prometheus give a value.
_UNTYPED = re.compile(r"(?<=incompatible types for comparison): \w+ and \w+")

NUMBERS = [
    0.0,
    1.0,
    -1.5,
    999.0,
    999.95,
    1000.0,
    1024.0,
    123456.7,
    999999.0,
    1e6,
    1234567.0,
    123456789.5,
    1e15,
    -1e6,
    0.1,
    0.0001,
    0.00001,
    0.00012345,
    1.2345,
    12.345,
    59.9999,
    60.0,
    3600.0,
    86400.0,
    -90061.5,
    1435065584.128,
    2.5,
    3.5,
    5e-324,
]

SPECIAL = [float("inf"), float("-inf"), float("nan")]

NUMBER_TEMPLATES = {
    "plain": "{{ $value }} {{ .Value }} {{ printf `%v|%g|%e|%f|%.0f|%.2f|%.3g|%5.1f|%8v|%-8v|%08.2f|%+d` $value $value "
    "$value $value $value $value $value $value $value $value $value 5 }}",
    "wrong": "{{ printf `%s|%d|%q|%t|%x|%U|%c` $value $value $value $value $value $value $value }}",
    "humanize": "{{ humanize $value }}|{{ humanize1024 $value }}|{{ humanizeDuration $value }}",
    "percentage": "{{ humanizePercentage $value }}",
    "timestamp": "{{ humanizeTimestamp $value }}",
    "to_time": '{{ ($value | toTime).Format "2006-01-02T15:04:05.000Z07:00" }} {{ ($value | toTime).Unix }}',
    "compare": "{{ if gt $value 1.0 }}gt{{ else if eq $value 1.0 }}eq{{ end }} {{ if $value }}true{{ end }}",
    "integer": "{{ if gt $value 1 }}gt{{ end }}",
}

TEXTS = [
    '{{ "aa bb CC a-b a_b é" | title }} {{ toUpper "é" }}',
    '{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }} {{ stripDomain "foo.example.com:12345" }}',
    '{{ stripPort "[::1]:6006" }} {{ stripDomain "[::1]:6006" }} {{ stripDomain "1.2.3.4:5" }} {{ stripPort "a:b:c" }}',
    '{{ graphLink "up == 1" }} {{ tableLink "up{a=\\"b\\"}" }} {{ $externalURL }}',
    '{{ args 1 "b" 2.5 }} {{ with args 1 "b" }}{{ .arg1 }}{{ .arg2 }}{{ end }}',
    '{{ match "a.c" "xabcx" }} {{ match "^a" "ba" }} {{ reReplaceAll "(a)b" "x$1" "ab" }}',
    '{{ reReplaceAll "(?P<n>a+)" "<${n}>$n$$$1x" "baac" }} {{ reReplaceAll "a*" "x" "baac" }}',
    '{{ reReplaceAll "" "-" "ab" }}',
    '{{ reReplaceAll "a|" "x" "aab" }} {{ reReplaceAll "\\\\b|é*" "-" "aéé b" }}',
    '{{ match "a**" "" }}',
    '{{ match "*" "" }}',
    '{{ match "[a" "" }}',
    '{{ match "a\\\\" "" }}',
    '{{ match "(?=a)" "" }}',
    '{{ match "a{2000}" "" }}',
    '{{ match "\\\\q" "" }}',
    '{{ match "x)" "" }}',
    '{{ match "[z-a]" "" }}',
    '{{ match "(?P<1a>x)" "" }}',
    '{{ match "(" "x" }}',
    '{{ reReplaceAll "(" "x" "y" }}',
    '{{ parseDuration "2h10m15s" }} {{ parseDuration "1d" | humanizeDuration }} {{ parseDuration "1y2w3d4h5m6s7ms" }}',
    '{{ parseDuration "5x" }}',
    '{{ parseDuration "" }}',
    '{{ humanize "1e3" }} {{ humanize 12 }} {{ humanize 1234567 }} {{ humanize "0x1p4" }} {{ humanize "+Inf" }}',
    '{{ humanize "zz" }}',
    '{{ humanize "1e999" }}',
    "{{ humanize true }}",
    "{{ humanize $labels }}",
    "{{ humanize .Labels.none }}",
    "{{ $externalLabels }} {{ $externalLabels.cluster }} {{ .ExternalLabels.none }}|",
    "{{ range $name, $text := $labels }}{{ $name }}={{ $text }} {{ end }}",
    '{{ with query "x" | sortByLabel "row" }}{{ . | first | value }} {{ . | first | label "row" }}{{ end }}',
    '{{ query "x" | len }}',
    '{{ range query "x" | sortByLabel "row" }}{{ .Labels.row }}:{{ .Value }} {{ .Labels }} {{ strvalue . }};{{ end }}',
    '{{ query "nothing" | first | value }}',
    '{{ with query "nothing" }}a{{ else }}b{{ end }}',
    '{{ with query "x" | sortByLabel "row" | first }}{{ .Value }}{{ end }}',
    '{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $value }}{{ template "t" }}{{ template "t" $labels.job }}',
    '{{ template "none" }}',
    "{{- /* note */ -}} a {{- 1 -}} b {{ `raw` }} {{ 'x' }} {{ 0x10 }} {{ 1_000 }} {{ 1e3 }}",
    '{{ print 1 2 "a" 3 4 }} {{ println $value }} {{ html "<a>&\'" }} {{ js "it\'s <b>" }} {{ urlquery "a b&c" }}',
    '{{ safeHtml "<b>" }} {{ len $labels }} {{ index $labels "job" }} {{ slice "abc" 1 2 }}',
    '{{ and 1 0 }} {{ or "" "x" }} {{ not 1 }} {{ eq $labels.job "b" "c" }} {{ ne 1 2 }} {{ lt "a" "b" }}',
    "{{ $x := 1 }}{{ range $i, $e := query `x` }}{{ $x = $i }}{{ end }}{{ if $x }}{{ $x := 5 }}{{ end }}{{ $x }}",
    "{{ range query `x` | sortByLabel `row` }}{{ .Value }}{{ break }}{{ else }}a{{ end }}",
    "{{ range $i, $_ := query `x` }}{{ if $i }}{{ continue }}{{ end }}{{ $i }}{{ end }}",
    "{{ $labels.job.x }}",
    "{{ .Labels.none.x }}",
    "{{ .Labels 1 }}",
    "{{ humanize }}",
    "{{ humanize 1 2 }}",
    "{{ toUpper 1 }}",
    "{{ toUpper nil }}",
    "line\n  {{ stripPort 5 }}",
    "{{ template `x` }}{{ define `x` }}{{ .Foo }}{{ end }}",
    "{{ len 3 }}",
    "{{ index $labels 1 }}",
    '{{ printf "%d" "x" }} {{ printf "%s" }} {{ printf "%d %d" 1 }} {{ printf "x" 1 }}',
    '{{ printf "%z" 1 }} {{ printf "%!" }}',
    '{{ printf "%q %x %X % x %10s|%-10s|%.2s|%T %v %t" "é" "hi" "hi" "hi" "a" "a" "abc" 1.5 nil true }}',
    '{{ printf "%[2]d %[1]d %*d %05d %+d %x %o %b %c %U %#x" 1 2 }} {{ printf "%6.2f%%" 12.3456 }}',
    '{{ printf "%v %s %d" $labels $labels $labels }}',
]

BROKEN = [
    "{{ $nope }}",
    "{{ nope }}",
    "{{ if }}",
    "{{ $value",
    "a\n  {{ $value }",
    "{{ end }}",
    '{{ "unterminated }}',
    "{{ tmpl `a` 1 }}",
    "{{ 1 | 2 }}",
    "{{ if true }}\n\n{{ else }}",
    "{{ range $labels }}{{ end }}{{ break }}",
    '{{ "a" | nope }}',
    "{{ () }}",
    "{{ printf (1 }}",
    "{{ 1a }}",
    "{{ @ }}",
    "{{ template 5 }}",
    "{{ define `x` }}",
    "{{ $a, $b := 1 }}",
    "{{ /* a */ }}",
    "{{/* a",
    '{{ "\\q" }}',
    "{{ 'ab' }}",
    "{{ 99999999999999999999 }}",
]


def query(rows: list[Series]) -> Callable[[str], list[Sample]]:
    """A `query` that knows the series `x`, and nothing else."""

    def answer(expression: str) -> list[Sample]:
        if expression != "x":
            return []
        return [Sample(StringMap(all_labels(row, one)), one.value) for row, one in enumerate(rows)]

    return answer


def ours(text: str, name: str, rows: list[Series], row: int, *, named: bool = True) -> str:
    """What alertd makes of the text for one row."""
    labels = all_labels(row, rows[row])
    if not named:
        del labels["__name__"]
    try:
        return compile_annotation(text, name).render(
            labels,
            rows[row].value,
            now_seconds=NOW,
            query=query(rows),
            external_labels=EXTERNAL_LABELS,
            external_url=EXTERNAL_URL,
        )
    except TemplateError as error:
        return expansion_error(error, name)


def differences(
    theirs: list[dict[str, dict[str, str]]],
    annotations: list[dict[str, str]],
    rows: list[Series],
    *,
    named: bool = True,
) -> list[str]:
    """A line for every text on which the two differ."""
    found = []
    for place, texts in enumerate(annotations):
        for name, text in texts.items():
            for row in range(len(rows)):
                expected = theirs[place][str(row)].get(name, "")
                got = ours(text, f"__alert_A{place}", rows, row, named=named)
                if _UNTYPED.sub("", got) != expected:
                    found.append(f"{text!r} {rows[row]}\n  promtool {expected!r}\n  alertd   {got!r}")
    return found


def test_numbers_print_as_in_prometheus(tmp_path: Path) -> None:
    """Every form of every kind of number is what Prometheus prints, errors included."""
    rows = [Series({"instance": "a:1", "job": "b"}, number) for number in NUMBERS]
    found = differences(rendered(tmp_path, [NUMBER_TEMPLATES], rows), [NUMBER_TEMPLATES], rows)
    assert not found, "\n".join(found)


def test_functions_and_errors_are_those_of_prometheus(tmp_path: Path) -> None:
    """Every function, construct and mistake gives the text that Prometheus gives."""
    rows = [Series({"instance": "foo.example.com:1", "job": "b"}, 12.5), Series({"instance": "é", "job": 'c "d"'}, 0.0)]
    annotations = [{"a": text} for text in TEXTS]
    found = differences(rendered(tmp_path, annotations, rows), annotations, rows)
    assert not found, "\n".join(found)


def test_special_numbers_print_as_in_prometheus(tmp_path: Path) -> None:
    """NaN and both infinities print as in Prometheus."""
    rows = [Series({"instance": "a:1"}, number) for number in (1.0, -1.0, 0.0)]
    theirs = rendered(tmp_path, [NUMBER_TEMPLATES], rows, expression="x / 0")
    special = [Series(row.labels, number) for row, number in zip(rows, SPECIAL, strict=True)]
    found = differences(theirs, [NUMBER_TEMPLATES], special, named=False)
    assert not found, "\n".join(found)


def test_broken_templates_are_refused_with_the_words_of_prometheus(tmp_path: Path) -> None:
    """What does not parse is refused at loading, with the message that promtool prints."""
    theirs = complaints(tmp_path, BROKEN)
    for place, text in enumerate(BROKEN):
        with pytest.raises(TemplateSyntaxError) as caught:
            compile_annotation(text, f"__alert_A{place}")
        assert (text, str(caught.value)) == (text, theirs[f"A{place}"])


@pytest.mark.conformance
def test_real_rules_render_as_in_prometheus(tmp_path: Path) -> None:
    """Every annotation of the public rules is byte for byte what promtool prints, on three label sets."""
    root = os.environ.get("ALERTD_CONFORMANCE")
    if not root:
        pytest.skip("ALERTD_CONFORMANCE is not set")
    annotations = []
    for file in sorted(Path(root, "rules").rglob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            rules = group["rules"] or []
            annotations += [dict(rule["annotations"]) for rule in rules if rule.get("annotations")]
    rows = [
        Series({"instance": "db-1.example.com:9100", "job": "node", "name": "x"}, 1234567.0),
        Series({"instance": "[::1]:80", "namespace": "a", "pod": "p-0"}, 0.0725),
        Series({}, 93.21415),
    ]
    assert len(annotations) > 900
    found = differences(rendered(tmp_path, annotations, rows), annotations, rows)
    assert not found, "\n".join(found[:50])
