"""The texts of notifications: Alertmanager's names and data, files that override, Jinja2, and their bounds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alertd.errors import InvalidInput
from alertd.notify.data import build_data, go_time, quote_meta
from alertd.notify.message import Message, Reason
from alertd.notify.templates import Renderer, TemplateFailed, load_renderer
from tests.notify.messages import NOW, make_alert, make_message

TWO = make_message(
    make_alert({"alertname": "A", "cluster": "c1", "instance": "x"}),
    make_alert({"alertname": "A", "cluster": "c1", "instance": "y"}),
    make_alert({"alertname": "A", "cluster": "c1", "instance": "z"}, resolved=True),
    group_labels={"alertname": "A"},
    route_labels={"tier": "1"},
)
RESOLVED = make_message(make_alert(resolved=True), reason=Reason.ALL_RESOLVED)
ACKNOWLEDGED = make_message(make_alert(acknowledged_by="ann"), reason=Reason.ACKNOWLEDGED, acknowledged=True)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return load_renderer()


def test_labels_of_the_route_are_templates(renderer: Renderer) -> None:
    """They are rendered before the texts that use them by `.RouteLabels` and `routeLabels`, and see all the rest."""
    labels = {"page": "https://wiki/{{ .GroupLabels.alertname }}", "tier": "1", "own": "<{{ .RouteLabels.tier }}>"}
    message = replace(TWO, route_labels=labels)
    rendering = renderer.of(message)
    assert rendering.text('{{ .RouteLabels.page }} {{ routeLabels "page" }} {{ .RouteLabels.own }}') == (
        "https://wiki/A https://wiki/A <>"
    )
    assert rendering.message.route_labels == {"page": "https://wiki/A", "tier": "1", "own": "<>"}
    assert renderer.of(TWO).message is TWO


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        (TWO, "[FIRING:2] A (c1)"),
        (RESOLVED, "[RESOLVED] DiskFull (db1)"),
        (make_message(make_alert({"alertname": "A"}), group_labels={"alertname": "A"}), "[FIRING:1] A "),
        (
            make_message(make_alert({"b": "2", "alertname": "A", "c": "3"}), group_labels={"b": "2", "alertname": "A"}),
            "[FIRING:1] A 2 (3)",
        ),
        (make_message(make_alert({"a": "1", "b": "2"}), group_labels={}), "[FIRING:1]  (1 2)"),
    ],
)
def test_subject(renderer: Renderer, message: Message, subject: str) -> None:
    """Status, count, the group's values with alertname first, and the other common values in brackets; where there are
    none, the space that Alertmanager leaves there."""
    assert renderer.of(message).text('{{ template "__subject" . }}') == subject


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ .Status }} {{ .Receiver }}", "firing team-db"),
        ("{{ len .Alerts }} {{ len .Alerts.Firing }} {{ len .Alerts.Resolved }}", "3 2 1"),
        ("{{ .NotificationReason }}", "first notification"),
        ("{{ .GroupLabels }} {{ .CommonLabels.cluster }} {{ .CommonLabels.nope }}", "alertname=A c1 "),
        ("{{ range .Alerts.Firing }}{{ .Labels.instance }} {{ end }}", "x y "),
        ("{{ (index .Alerts 0).Annotations.summary }}", "Disk is full"),
        ("{{ (index .Alerts 0).GeneratorURL }}", "http://prometheus/graph"),
        ('{{ (index .Alerts 0).StartsAt.Format "15:04:05" }}', "11:58:36"),
        ("{{ (index .Alerts 0).EndsAt.IsZero }}", "true"),
        ('{{ .CommonLabels.SortedPairs.Names | join "," }}', "alertname,cluster"),
        ('{{ template "__alertmanagerURL" . }}', "http://alertd:9093/#/alerts?receiver=team-db"),
        ('{{ template "pagerduty.default.description" . }}', "[FIRING:2] A (c1)"),
        ('{{ (now).Format "15:04" }} {{ since (index .Alerts 2).EndsAt }}', "12:00 1m0s"),
        ("{{ .Acknowledged }}{{ .TruncatedAlerts }}", "false0"),
        ('{{ .RouteLabels.tier }} {{ routeLabels "tier" }}', "1 1"),
        ("no template at all", "no template at all"),
    ],
)
def test_go_templates_see_alertmanagers_data(renderer: Renderer, source: str, expected: str) -> None:
    """The fields and methods that existing templates use give what they give at Alertmanager."""
    assert renderer.of(TWO).text(source) == expected


def test_text_alert_list(renderer: Renderer) -> None:
    """The list of alerts that existing texts are made of, line by line."""
    text = renderer.of(make_message()).text('{{ template "__text_alert_list" .Alerts.Firing }}')
    assert text == (
        "Labels:\n - alertname = DiskFull\n - instance = db1\n"
        "Annotations:\n - summary = Disk is full\nSource: http://prometheus/graph\n"
    )


def test_alerts_as_json(renderer: Renderer) -> None:
    """`toJson` writes alerts as the webhook does."""
    [alert] = json.loads(renderer.of(make_message()).text("{{ .Alerts | toJson }}"))
    assert alert["startsAt"] == "2026-01-31T11:58:36.7Z"
    assert alert["endsAt"] == "0001-01-01T00:00:00Z"
    assert alert["labels"] == {"alertname": "DiskFull", "instance": "db1"}
    assert alert["generatorURL"] == "http://prometheus/graph"


@pytest.mark.parametrize("message", [TWO, RESOLVED, ACKNOWLEDGED, make_message(make_alert({}, {}), group_labels={})])
def test_every_definition_renders(renderer: Renderer, message: Message) -> None:
    """No text that ships fails for any kind of message, whichever receiver asks for it."""
    shipped = "".join(path.read_text() for path in (Path(__file__).parents[2] / "templates").glob("*.tmpl"))
    names = re.findall(r'define "([\w.]+\.(?:default|thread)\.\w+|__alertmanager\w*|__subject|__status)"', shipped)
    assert len(names) > 50
    takes_alerts = {"pagerduty.default.instances"}
    rendering = renderer.of(message)
    for name in names:
        dot = ".Alerts" if name in takes_alerts else "."
        rendering.text(f'{{{{ template "{name}" {dot} }}}}')


class _Tags(HTMLParser):
    """Notes open elements, to see that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("message", "headline"), [(TWO, "2 firing"), (RESOLVED, "Resolved"), (ACKNOWLEDGED, "Acknowledged by ann")]
)
def test_html_mail(renderer: Renderer, message: Message, headline: str) -> None:
    """The mail is well-formed and says how things stand."""
    html = renderer.of(message).html('{{ template "email.default.html" . }}')
    tags = _Tags()
    tags.feed(html)
    assert tags.open == []
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert headline in html
    assert "http://prometheus/graph" in tags.links
    assert "ZgotmplZ" not in html


def test_html_is_escaped(renderer: Renderer) -> None:
    """A label's value is never markup, and a link never a script."""
    alert = make_alert({"alertname": "<script>x</script>"}, {"runbook_url": "javascript:alert(1)", "s": "a & b"})
    rendering = renderer.of(make_message(alert))
    html = rendering.html('{{ template "email.default.html" . }}')
    assert "<script>" not in html
    assert 'href="javascript:' not in html
    assert "a &amp; b" in html
    assert rendering.text("{{ .CommonAnnotations.s }}") == "a & b"


def test_text_mail_says_what_is_cut(renderer: Renderer) -> None:
    """The text body lists each alert with its times, and how many are not shown."""
    text = renderer.of(make_message(make_alert(resolved=True), truncated_alerts=7)).text(
        '{{ template "email.default.text" . }}'
    )
    assert "* DiskFull\n    summary: Disk is full\n    labels: alertname=DiskFull, instance=db1\n" in text
    assert "since:  2026-01-31 11:58:36 UTC\n    until:  2026-01-31 11:59:00 UTC\n" in text
    assert "7 more alerts are not shown." in text


def test_files_override_by_name(tmp_path: Path) -> None:
    """A user's file replaces definitions by their name, the later file wins, and what it calls stays."""
    (tmp_path / "a.tmpl").write_text('{{ define "slack.default.title" }}mine {{ template "__subject" . }}{{ end }}')
    (tmp_path / "b.tmpl").write_text('{{ define "own" }}first{{ end }}')
    (tmp_path / "c.tmpl").write_text('{{ define "own" }}second{{ end }}')
    rendering = load_renderer(["*.tmpl", "missing/*.tmpl", "missing.tmpl"], tmp_path).of(make_message())
    assert rendering.text('{{ template "slack.default.title" . }}') == "mine [FIRING:1] DiskFull (db1)"
    assert rendering.text('{{ template "slack.default.fallback" . }}').startswith("mine [FIRING:1]")
    assert rendering.text('{{ template "own" . }}') == "second"
    absolute = load_renderer([str(tmp_path / "[b]*.tmpl")]).of(make_message())
    assert absolute.text('{{ template "own" . }}') == "first"


def test_files_that_are_no_templates(tmp_path: Path) -> None:
    """All broken files are named with their lines, not only the first."""
    (tmp_path / "a.tmpl").write_text("fine\n{{ if }}")
    (tmp_path / "b.tmpl").write_bytes(b"\xff\xfe")
    (tmp_path / "c.tmpl").write_text("{{ define }}")
    with pytest.raises(InvalidInput) as caught:
        load_renderer(["[ac].tmpl"], tmp_path)
    found = [(Path(problem.file).name, problem.line) for problem in caught.value.problems]
    assert found == [("a.tmpl", 2), ("c.tmpl", 1)]
    with pytest.raises(InvalidInput, match="cannot be read as UTF-8"):
        load_renderer(["b.tmpl"], tmp_path)


@pytest.mark.parametrize(
    "source",
    ['{{ template "nope" . }}', "{{ .Nope }}", "{{ .Status", "{{ status", "{% if %}", "{{ nope }}", "{{ 1 / 0 }}"],
)
def test_template_that_fails(renderer: Renderer, source: str) -> None:
    """Whatever is wrong with a template, in either language, it is one kind of error."""
    with pytest.raises(TemplateFailed):
        renderer.of(TWO).text(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ status|upper }} {{ group_labels.alertname }}", "FIRING A"),
        ("{% for alert in firing %}{{ alert.labels.instance }};{% endfor %}", "x;y;"),
        ("{{ alerts[2].ends_at.isoformat() }}", "2026-01-31T11:59:00+00:00"),
        ("{{ alerts[0].ends_at }}{{ common_labels.nope }}", "None"),
        (
            "{{ now.year }} {{ route_labels.tier }} {{ external_url }} {{ range(3)|list }}",
            "2026 1 http://alertd:9093 [0, 1, 2]",
        ),
        ("{{ 'a' * 3 }}{{ 2 ** 10 }}{{ '%03d' % 7 }}{{ 'a\nb'|indent(2) }}", "aaa1024007a\n  b"),
    ],
)
def test_jinja(renderer: Renderer, source: str, expected: str) -> None:
    """A field in Jinja2's syntax sees the same by Python's names; a label that is missing is empty."""
    assert renderer.of(TWO).text(source) == expected


def test_jinja_escapes_html(renderer: Renderer) -> None:
    """In an HTML body Jinja2 escapes values, in a text it does not."""
    rendering = renderer.of(make_message(make_alert({"a": "<b>"})))
    assert rendering.html("{{ common_labels.a }}") == "&lt;b&gt;"
    assert rendering.text("{{ common_labels.a }}") == "<b>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**8 }}",
        "{{ 10**8 * 'x' }}",
        "{{ [1] * 10**7 }}",
        "{{ 2 ** 10000000 }}",
        "{{ '%099999d' % 1 }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ 'x'.center(10**9) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'x'|center(10**9) }}",
        "{{ '%d'|format(1) }}",
        "{{ 'x'|indent(10**9) }}",
        "{% for a in range(3000) %}{% for b in range(3000) %}{% endfor %}{% endfor %}",
        "{% for a in range(90000) %}{{ 'xxxxxxxxxxxxxxxxxxxx' }}{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ status.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ group_labels.update({'a': 'b'}) }}",
    ],
)
def test_jinja_is_bounded(renderer: Renderer, source: str) -> None:
    """What makes much of little, or reaches for Python's insides, fails at once."""
    with pytest.raises(TemplateFailed):
        renderer.of(TWO).text(source)


def test_go_template_has_an_allowance_for_each_alert(renderer: Renderer) -> None:
    """A mail about thousands of alerts is rendered; a template without an end is not."""
    alerts = tuple(make_alert({"alertname": "A", "n": str(n)}) for n in range(3000))
    text = renderer.of(make_message(*alerts)).text('{{ template "email.default.text" . }}')
    assert text.count("* A\n") == 3000
    with pytest.raises(TemplateFailed):
        renderer.of(TWO).text('{{ define "loop" }}{{ template "loop" . }}{{ end }}{{ template "loop" . }}')


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("{{ len .Alerts }}", 3),
        ("{{ .Status }}", "firing"),
        (
            {"{{ .Status }}": ["{{ .CommonLabels | toJson }}", 1, None]},
            {"firing": [{"alertname": "A", "cluster": "c1"}, 1, None]},
        ),
        ("NaN", "NaN"),
        ("007", "007"),
        ('"text"', '"text"'),
        ("a: b", "a: b"),
        ("", ""),
    ],
)
def test_trees(renderer: Renderer, tree: Any, expected: Any) -> None:
    """Texts that render to JSON become its value; everything else stays text."""
    assert renderer.of(TWO).value(tree) == expected


def test_escape_is_laid_over_values_only(renderer: Renderer) -> None:
    """The receiver's escaping reaches values of labels and annotations, not what the template itself says."""
    rendering = renderer.of(make_message(make_alert({"a": "x"}, {"b": "x"})), lambda value: f"<{value}>")
    assert rendering.text("x {{ .CommonLabels.a }} {{ .CommonAnnotations.b }}") == "x <x> <x>"
    assert rendering.text("x {{ common_labels.a }} {{ alerts[0].annotations.b }}") == "x <x> <x>"


def test_data_of_an_acknowledged_message() -> None:
    """Who acknowledged is named once, in order."""
    alerts = (make_alert(acknowledged_by="bob"), make_alert(acknowledged_by="ann"), make_alert(acknowledged_by="bob"))
    data = build_data(make_message(*alerts, acknowledged=True))
    assert (data.acknowledged, data.acknowledged_by) == (True, "ann, bob")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOW, "2026-01-31T12:00:00Z"),
        (NOW + 706, "2026-01-31T12:00:00.706Z"),
        (NOW + 70, "2026-01-31T12:00:00.07Z"),
        (None, "0001-01-01T00:00:00Z"),
    ],
)
def test_go_time(instant: int | None, text: str) -> None:
    """Times have as many digits as they need, as Go prints them."""
    assert go_time(instant) == text


def test_quote_meta() -> None:
    """Characters that are special in a pattern get a backslash; others, as a hyphen, do not."""
    assert quote_meta(r"a.b-c (d)[e]{f}^$|*+?\ _") == r"a\.b-c \(d\)\[e\]\{f\}\^\$\|\*\+\?\\ _"
