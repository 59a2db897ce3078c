"""The ways of alerts, and what differs between two configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.moving.ways import Difference, Map, changed_definitions, differences_of

TEXT = """\
route:
  receiver: root
  group_by: [alertname]
  routes:
    - matchers: [severity="critical"]
      receiver: page
      continue: true
      mute_time_intervals: [night]
    - matchers: [severity=~"critical|warning"]
      receiver: chat
      group_wait: 1m
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [host]
time_intervals:
  - name: night
    time_intervals: [{times: [{start_time: "22:00", end_time: "24:00"}]}]
receivers:
  - name: root
  - name: page
    webhook_configs: [{url: "https://example.org/page"}]
  - name: chat
    webhook_configs: [{url: "https://example.org/chat"}]
"""
CRITICAL = {"alertname": "A", "host": "h", "severity": "critical"}
WARNING = {"alertname": "A", "host": "h", "severity": "warning"}


def config(*changes: tuple[str, str]) -> Config:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_config(text, "a.yml", Path("/"), {})


def test_ways() -> None:
    """An alert's ways come in the order in which they are taken, each with the route that decided and its line."""
    first, second = Map(config()).ways(CRITICAL)
    assert (first.receiver, first.route, first.line) == ("page", '{}/{severity="critical"}', 5)
    assert (second.receiver, second.line, second.group_wait) == ("chat", 9, 60_000)
    assert first.group_key == '{}/{severity="critical"}:{alertname="A"}'
    assert first.group_labels == (("alertname", "A"),)
    assert first.mute_time_intervals == ("night",)


def test_inhibition() -> None:
    """Label sets that are asked for together may hold each other back."""
    answers = Map(config()).answers([WARNING, CRITICAL])
    assert [answer.inhibited_by for answer in answers] == ['{alertname="A", host="h", severity="critical"}', ""]


@pytest.mark.parametrize(
    ("change", "labels", "differences"),
    [
        (("url: ", "url: "), CRITICAL, ()),
        (("continue: true", "continue: false"), CRITICAL, (Difference("receivers", ["page", "chat"], ["page"]),)),
        (("group_wait: 1m", "group_wait: 2m"), CRITICAL, (Difference("group_wait", 60_000, 120_000, "chat"),)),
        (("equal: [host]", "equal: [alertname, x]"), WARNING, ()),
        (
            ('target_matchers: [severity="warning"]', 'target_matchers: [severity="info"]'),
            WARNING,
            (Difference("inhibited by", '{alertname="A", host="h", severity="critical"}', ""),),
        ),
        (
            ("group_by: [alertname]", "group_by: [alertname, host]"),
            WARNING,
            (Difference("group_labels", (("alertname", "A"),), (("alertname", "A"), ("host", "h")), "chat"),),
        ),
        (
            ("mute_time_intervals: [night]", "active_time_intervals: [night]"),
            CRITICAL,
            (
                Difference("mute_time_intervals", ("night",), (), "page"),
                Difference("active_time_intervals", (), ("night",), "page"),
            ),
        ),
        (
            ('=~"critical|warning"', '!="info"'),
            WARNING,
            (
                Difference(
                    "group_key",
                    '{}/{severity=~"critical|warning"}:{alertname="A"}',
                    '{}/{severity!="info"}:{alertname="A"}',
                    "chat",
                ),
            ),
        ),
    ],
)
def test_differences(change: tuple[str, str], labels: dict[str, str], differences: tuple[Difference, ...]) -> None:
    """Every kind of difference is seen, and only it."""
    asked = [CRITICAL, WARNING]
    old, new = (dict(zip(map(str, asked), Map(one).answers(asked), strict=True)) for one in (config(), config(change)))
    assert differences_of(old[str(labels)], new[str(labels)]) == differences


def test_the_order_of_receivers() -> None:
    """The same receivers in another order are not the same receivers otherwise."""
    swapped = config(("receiver: page", "receiver: X"), ("receiver: chat", "receiver: page"), ("X", "chat"))
    old, new = (Map(one).answers([CRITICAL])[0] for one in (config(), swapped))
    assert differences_of(old, new)[0] == Difference("order", ["page", "chat"], ["chat", "page"])


def test_definitions() -> None:
    """A name may stay while what it stands for changes; a path or an address is told by its key, without its value."""
    other = config(("example.org/chat", "example.org/other"), ("22:00", "21:00"), ("equal: [host]", "equal: [x]"))
    assert list(changed_definitions(config(), other)) == [
        ("receiver", "chat", ("webhook_configs.0.url",)),
        ("time interval", "night", ()),
        ("inhibition rule", "1", ("equal",)),
    ]
    assert list(changed_definitions(config(), config())) == []


def test_rules_that_only_one_side_has() -> None:
    """An inhibition rule that comes or goes is told."""
    start, end = TEXT.index("inhibit_rules"), TEXT.index("time_intervals:\n  - name")
    none = parse_config(TEXT[:start] + TEXT[end:], "a.yml", Path("/"), {})
    assert list(changed_definitions(config(), none)) == [("inhibition rule", "1", ("only in the old one",))]
    assert list(changed_definitions(none, config())) == [("inhibition rule", "1", ("only in the new one",))]
