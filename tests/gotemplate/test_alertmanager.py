"""Messages: Alertmanager's data and functions."""

from __future__ import annotations

import json

import pytest

from alertd.gotemplate import TemplateExecutionError
from alertd.gotemplate.alertmanager import (
    Alerts,
    TemplateAlert,
    TemplateData,
    alertmanager_functions,
    execution_functions,
    message_templates,
)
from alertd.gotemplate.gotime import GoTime
from alertd.gotemplate.values import KV

NOW = 1_700_000_060_000
LABELS = KV(alertname="Down", job="node", instance="a:1", severity="page")
DATA = TemplateData(
    receiver="team.a",
    status="firing",
    alerts=Alerts(
        [
            TemplateAlert(
                "firing",
                LABELS,
                KV(summary="it is <down>"),
                GoTime.from_milliseconds(1_700_000_000_123),
                GoTime.zero(),
                "http://p/graph?a=1&b=2",
                "f00d",
            ),
            TemplateAlert("resolved", LABELS, KV(), GoTime.from_milliseconds(0), GoTime.from_milliseconds(1000)),
        ]
    ),
    group_labels=KV(alertname="Down"),
    common_labels=LABELS,
    common_annotations=KV(),
    external_url="http://am:9093",
    notification_reason="new alerts added",
    route_labels=KV(team="a"),
)
SUBJECT = (
    '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] '
    '{{ .GroupLabels.SortedPairs.Values | join " " }} {{ if gt (len .CommonLabels) (len .GroupLabels) }}'
    '({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }}){{ end }}'
)


def render(text: str, *, html: bool = False) -> str:
    functions = execution_functions(now_milliseconds=NOW, route_labels={"team": "a"})
    return message_templates(html=html).compile(text, "t").execute(DATA, functions=functions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SUBJECT, "[FIRING:1] Down (a:1 node page)"),
        (
            "{{ .Receiver }} {{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}",
            "team\\.a http://am:9093/#/alerts?receiver=team%5C.a",
        ),
        ("{{ .NotificationReason }} {{ .RouteLabels.team }} {{ routeLabels `team` }}", "new alerts added a a"),
        ("{{ .CommonLabels }} {{ .CommonLabels.none }}|", "alertname=Down, instance=a:1, job=node, severity=page |"),
        ("{{ .CommonLabels.SortedPairs }}", "alertname=Down, instance=a:1, job=node, severity=page"),
        (
            "{{ range .CommonLabels.SortedPairs }}{{ .Name }}:{{ .Value }} {{ end }}",
            "alertname:Down instance:a:1 job:node severity:page ",
        ),
        (
            '{{ .CommonLabels.Names.Join "," }} {{ (.CommonLabels.Remove (stringSlice "job")).Names }}',
            "alertname,instance,job,severity [alertname instance severity]",
        ),
        ("{{ len .Alerts }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}", "2 1 1"),
        (
            '{{ range .Alerts.Firing }}{{ .StartsAt.Format "2006-01-02 15:04" }} {{ .Fingerprint }}{{ end }}',
            "2023-11-14 22:13 f00d",
        ),
        ("{{ (index .Alerts 0).StartsAt }}", "2023-11-14 22:13:20.123 +0000 UTC"),
        (
            "{{ (index .Alerts 0).EndsAt.IsZero }} {{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }}",
            "true 1s",
        ),
        ("{{ since (index .Alerts 0).StartsAt }} {{ now.Unix }}", "59.877s 1700000060"),
        ("{{ (since (index .Alerts 0).StartsAt).Seconds | humanizeDuration }}", "59.88s"),
        ('{{ (index .Alerts 0).StartsAt | tz "Europe/Berlin" | date "15:04 MST" }}', "23:13 CET"),
        ('{{ "aa bb CC" | title }} {{ trimSpace "  a " }} {{ toLower "A" }}', "Aa Bb Cc a a"),
        (
            '{{ match "^a" "ab" }} {{ reReplaceAll "b(.)" "$1" "abc" }} {{ join "-" (stringSlice "a" "b") }}',
            "true ac a-b",
        ),
        ('{{ base64encode "a?>é" }} {{ base64decode "YT8-" }} {{ urlUnescape "a%20b+c" }}', "YT8-w6k= a?> a b c"),
        (
            '{{ $d := dict "a" 1 "b" (list 1 "x") }}{{ $d.b }} {{ $d.none }} {{ append $d.b 2 }} {{ toJson $d }}',
            '[1 x] <no value> [1 x 2] {"a":1,"b":[1,"x"]}',
        ),
        ('{{ (toDate "2006-01-02" "2024-02-29").YearDay }} {{ (toDate "2006" "x").IsZero }}', "60 true"),
        (
            '{{ toJson "<a&b>" }} {{ toJson 1.5 }} {{ toJson 1e21 }} {{ toJson nil }}',
            '"\\u003ca\\u0026b\\u003e" 1.5 1e+21 null',
        ),
        ('{{ safeHtml "<b>" }} {{ safeUrl "http://x" }}', "<b> http://x"),
    ],
)
def test_messages_render_as_in_alertmanager(text: str, expected: str) -> None:
    """Alertmanager's data, methods and functions."""
    assert render(text) == expected


def test_json_of_the_data_has_alertmanagers_names() -> None:
    """`toJson .` is the shape of a webhook's body: names in camel case, times in RFC 3339."""
    shown = json.loads(render("{{ toJson . }}"))
    assert list(shown) == [
        "receiver",
        "status",
        "alerts",
        "notificationReason",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "routeLabels",
        "externalURL",
    ]
    assert shown["alerts"][0] == {
        "status": "firing",
        "labels": dict(LABELS),
        "annotations": {"summary": "it is <down>"},
        "startsAt": "2023-11-14T22:13:20.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://p/graph?a=1&b=2",
        "fingerprint": "f00d",
    }


def test_mail_escapes_values_but_not_what_is_marked_safe() -> None:
    """In HTML annotations are escaped for their place; safeHtml and safeUrl pass."""
    text = (
        '{{ range .Alerts.Firing }}<a href="{{ .GeneratorURL }}">{{ .Annotations.summary }}</a>{{ end }}'
        '{{ safeHtml "<b>" }}<a href="{{ "tel:1" }}"></a><a href="{{ safeUrl "tel:1" }}"></a>'
    )
    assert render(text, html=True) == (
        '<a href="http://p/graph?a=1&amp;b=2">it is &lt;down&gt;</a><b><a href="#ZgotmplZ"></a><a href="tel:1"></a>'
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{{ dict "a" }}', "dict needs an even number of arguments"),
        ("{{ dict 1 2 }}", "the keys of dict must be strings"),
        ('{{ base64decode "***" }}', "illegal base64 data"),
        ('{{ urlUnescape "%zz" }}', 'invalid URL escape "%zz"'),
        ('{{ now | tz "Mars/Base" }}', "unknown time zone Mars/Base"),
        ('{{ mustToDate "2006" "x" }}', 'parsing time "x" as "2006"'),
        ('{{ join "," "a" }}', 'can\'t handle "a" for arg of type []string'),
        ("{{ .Alerts.Nope }}", "can't evaluate field Nope in type template.Alerts"),
        ("{{ date `2006` 5 }}", "can't handle 5 for arg of type time.Time"),
    ],
)
def test_wrong_arguments_are_explained(text: str, problem: str) -> None:
    """A function says what is wrong with its arguments."""
    with pytest.raises(TemplateExecutionError) as caught:
        render(text)
    assert problem in str(caught.value)


def test_a_function_of_the_message_needs_the_message() -> None:
    """Without an execution's own functions `now` refuses."""
    with pytest.raises(TemplateExecutionError, match="now is not available here"):
        message_templates().compile("{{ now }}", "t").execute(DATA)
    assert {"now", "since", "routeLabels"} <= alertmanager_functions().keys()
