"""Short configurations by what they are about, for tests that compare verdicts with Alertmanager's own tool."""

from __future__ import annotations


def route(keys: str, more: str = "") -> str:
    """A configuration whose root route has `keys` besides its receiver."""
    return f"{more}route: {{receiver: a, {keys}}}\nreceivers: [{{name: a}}]\n"


def child(keys: str) -> str:
    """A configuration with one child route."""
    return route(f"routes: [{{{keys}}}]")


def receiver(keys: str) -> str:
    """A configuration whose receiver has `keys` besides its name."""
    return f"route: {{receiver: a}}\nreceivers: [{{name: a, {keys}}}]\n"


def webhook(keys: str) -> str:
    return receiver(f"webhook_configs: [{{url: 'http://x', {keys}}}]")


def email(keys: str) -> str:
    return receiver(f"email_configs: [{{{keys}}}]")


def period(keys: str) -> str:
    """A configuration with a time interval of one period."""
    return f"time_intervals: [{{name: t, time_intervals: [{{{keys}}}]}}]\n" + receiver("webhook_configs: []")


def top(lines: str) -> str:
    """A configuration with more lines at the top."""
    return f"{lines}\n{receiver('webhook_configs: []')}"


AGREED: dict[str, str] = {
    # Structure
    "empty": "",
    "spaces": "  \n",
    "comment": "# x\n",
    "scalar": "BAD\n",
    "list": "- a\n",
    "null": "null\n",
    "braces": "{}\n",
    "no-route": "global: {}\n",
    "null-route": "route:\nreceivers: [{name: a}]\n",
    "empty-route": "route: {}\nreceivers: [{name: a}]\n",
    "no-receivers": "route: {receiver: a}\n",
    "receivers-mapping": "route: {receiver: a}\nreceivers: {name: a}\n",
    "key-twice": "route: {receiver: a}\nroute: {receiver: a}\nreceivers: [{name: a}]\n",
    "key-twice-below": "route: {receiver: a, receiver: a}\nreceivers: [{name: a}]\n",
    "free-key-twice": child("match: {a: b, a: c}"),
    "unknown-key": top("foo: 1"),
    "extension-key": top("x-foo: 1"),
    "anchor-at-top": top("foo: &f [x]"),
    "alias-in-itself": "route: &r {receiver: a, routes: [*r]}\nreceivers: [{name: a}]\n",
    "merge": receiver("webhook_configs: [&w {url: 'http://x'}, {<<: *w, max_alerts: 5}]"),
    "merge-goes-behind": receiver("webhook_configs: [&w {url: 'http://x', max_alerts: 1}, {<<: *w, max_alerts: 5}]"),
    "merge-of-nothing-useful": receiver("webhook_configs: [&w {max_alerts: 1}, {<<: *w}]"),
    "two-documents": receiver("webhook_configs: []") + "---\nfoo: 1\n",
    "document-start": "---\n" + receiver("webhook_configs: []"),
    "document-end": receiver("webhook_configs: []") + "...\n",
    "tab": "route:\n\treceiver: a\n",
    "byte-order-mark": "\ufeff" + receiver("webhook_configs: []"),
    "windows-lines": receiver("webhook_configs: []").replace("\n", "\r\n"),
    "tag-of-text": webhook("max_alerts: 1").replace("'http://x'", "!!str http://x"),
    # Names and scalars
    "number-as-name": "route: {receiver: 5}\nreceivers: [{name: 5}]\n",
    "yes-as-name": "route: {receiver: yes}\nreceivers: [{name: yes}]\n",
    "yes-is-not-on": "route: {receiver: yes}\nreceivers: [{name: on}]\n",
    "true-is-not-TRUE": "route: {receiver: true}\nreceivers: [{name: TRUE}]\n",
    "octal-is-not-decimal": "route: {receiver: 010}\nreceivers: [{name: 8}]\n",
    "nothing-as-name": "route: {receiver: ~}\nreceivers: [{name: ~}]\n",
    "missing-name": "route: {receiver: a}\nreceivers: [{name: a}, {webhook_configs: []}]\n",
    "empty-name": "route: {receiver: a}\nreceivers: [{name: a}, {name: ''}]\n",
    "receiver-twice": "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
    "receiver-undefined": "route: {receiver: b}\nreceivers: [{name: a}]\n",
    "flag-yes": child("continue: yes"),
    "flag-y": child("continue: y"),
    "flag-ON": child("continue: ON"),
    "flag-TRUE": child("continue: TRUE"),
    "flag-tRUE": child("continue: tRUE"),
    "flag-number": child("continue: 1"),
    "flag-quoted": child("continue: 'true'"),
    "flag-word-quoted": child("continue: 'yes'"),
    "flag-nothing": child("continue: "),
    "count-quoted": webhook("max_alerts: '5'"),
    "count-hexadecimal": webhook("max_alerts: 0x10"),
    "count-octal": webhook("max_alerts: 010"),
    "count-new-octal": webhook("max_alerts: 0o10"),
    "count-with-underscore": webhook("max_alerts: 1_000"),
    "count-negative": webhook("max_alerts: -1"),
    "count-with-fraction": webhook("max_alerts: 1.5"),
    "count-with-exponent": webhook("max_alerts: 1e2"),
    "count-nothing": webhook("max_alerts: "),
    # Routes
    "continue-at-root": route("continue: true"),
    "no-continue-at-root": route("continue: false"),
    "matchers-at-root": route("matchers: [a=b]"),
    "empty-matchers-at-root": route("matchers: []"),
    "braces-at-root": route("matchers: ['{}']"),
    "match-at-root": route("match: {a: b}"),
    "empty-match-at-root": route("match: {}"),
    "mute-at-root": route("mute_time_intervals: [x]", "time_intervals: [{name: x}]\n"),
    "active-at-root": route("active_time_intervals: [x]", "time_intervals: [{name: x}]\n"),
    "mute-undefined": child("mute_time_intervals: [x]"),
    "routes-null": route("routes: null"),
    "group-by-text": route("group_by: alertname"),
    "group-by-all": route("group_by: ['...']"),
    "group-by-all-twice": route("group_by: ['...', '...']"),
    "group-by-all-and-one": route("group_by: ['...', a]"),
    "group-by-twice": route("group_by: [a, a]"),
    "group-by-nothing": route("group_by: [null]"),
    "group-by-null": route("group_by: null"),
    "group-by-empty": route("group_by: []"),
    "wait-0": route("group_wait: 0"),
    "wait-0s": route("group_wait: 0s"),
    "wait-without-unit": route("group_wait: 5"),
    "wait-with-fraction": route("group_wait: 1.5s"),
    "wait-empty": route("group_wait: ''"),
    "wait-null": route("group_wait: null"),
    "wait-negative": route("group_wait: -5s"),
    "wait-out-of-order": route("group_wait: 5s1m"),
    "wait-of-many-seconds": route("group_wait: 1m60s"),
    "wait-too-long": route("group_wait: 300y"),
    "interval-zero": route("group_interval: 0s"),
    "repeat-zero": route("repeat_interval: 0s"),
    "match-nothing": child("match: {a: }"),
    "match-number": child("match: {a: 5}"),
    "match-list": child("match: {a: [x]}"),
    "match-utf8-name": child("match: {ä: x}"),
    "match-empty-name": child("match: {'': x}"),
    "match-number-name": child("match: {5: x}"),
    "match-re-colon": child("match_re: {'a:b': x}"),
    "match-re-nothing": child("match_re: {a: }"),
    "match-re-broken": child("match_re: {a: '('}"),
    "match-re-brace": child("match_re: {a: 'x{,3}'}"),
    "match-re-lookahead": child("match_re: {a: '(?=x)'}"),
    "matchers-text": child("matchers: 'a=b'"),
    "matchers-nothing": child("matchers: [null]"),
    "matchers-empty": child("matchers: ['']"),
    "matchers-number": child("matchers: [5]"),
    "matchers-colon": child("matchers: ['a:b=x']"),
    "matchers-unquoted": child("matchers: ['a=b c']"),
    "matchers-without-value": child("matchers: ['a=']"),
    "matchers-list-in-one": child("matchers: ['a=b,c=~\"d|e\"']"),
    "matchers-broken-pattern": child("matchers: ['a=~\"(\"']"),
    "matchers-open-quote": child("matchers: ['a=\"b']"),
    # Inhibition
    "inhibit-null": top("inhibit_rules: [null]"),
    "inhibit-empty": top("inhibit_rules: [{}]"),
    "inhibit-equal-empty": top("inhibit_rules: [{equal: ['']}]"),
    "inhibit-equal-twice": top("inhibit_rules: [{equal: [a, a]}]"),
    "inhibit-utf8-name": top("inhibit_rules: [{source_match: {ä: x}}]"),
    "inhibit-target-utf8-name": top("inhibit_rules: [{target_match: {ä: x}}]"),
    "inhibit-pattern-nothing": top("inhibit_rules: [{source_match_re: {a: }}]"),
    "inhibit-target-pattern-nothing": top("inhibit_rules: [{target_match_re: {a: }}]"),
    # Time intervals
    "interval-without-name": top("time_intervals: [{}]"),
    "mute-interval-without-name": top("mute_time_intervals: [{}]"),
    "interval-twice": top("time_intervals: [{name: a}, {name: a}]"),
    "mute-interval-twice": top("mute_time_intervals: [{name: a}, {name: a}]"),
    "interval-in-both": top("mute_time_intervals: [{name: a}]\ntime_intervals: [{name: a}]"),
    "times-half": period("times: [{start_time: '10:00'}]"),
    "times-equal": period("times: [{start_time: '10:00', end_time: '10:00'}]"),
    "times-over-midnight": period("times: [{start_time: '22:00', end_time: '06:00'}]"),
    "times-unquoted": period("times: [{start_time: 09:00, end_time: 17:00}]"),
    "times-one-digit": period("times: [{start_time: '9:00', end_time: '17:00'}]"),
    "times-whole-day": period("times: [{start_time: '00:00', end_time: '24:00'}]"),
    "times-too-late": period("times: [{start_time: '00:00', end_time: '24:01'}]"),
    "weekdays-of-any-case": period("weekdays: ['Monday:FRIDAY']"),
    "weekdays-number": period("weekdays: [1]"),
    "weekdays-short": period("weekdays: [mon]"),
    "weekdays-wrapped": period("weekdays: ['saturday:monday']"),
    "weekdays-text": period("weekdays: monday"),
    "weekdays-three": period("weekdays: ['monday:friday:sunday']"),
    "weekdays-spaced": period("weekdays: ['monday : friday']"),
    "days-0": period("days_of_month: [0]"),
    "days-32": period("days_of_month: [32]"),
    "days-plus": period("days_of_month: ['+5']"),
    "days-mixed": period("days_of_month: ['-3:5']"),
    "days-never": period("days_of_month: ['5:-28']"),
    "days-whole-month": period("days_of_month: ['1:31']"),
    "months-13": period("months: [13]"),
    "months-short": period("months: [jan]"),
    "months-mixed": period("months: ['January:3']"),
    "months-with-zero": period("months: ['01:03']"),
    "months-wrapped": period("months: ['november:february']"),
    "months-unquoted": period("months: [1:3]"),
    "years-wrapped": period("years: ['2023:2022']"),
    "years-unquoted": period("years: [2020:2022]"),
    "years-negative": period("years: ['-5']"),
    "location": period("location: Europe/Berlin"),
    "location-unknown": period("location: Mars"),
    "location-empty": period("location: ''"),
    "location-of-wrong-case": period("location: europe/berlin"),
    "location-local-of-wrong-case": period("location: local"),
    "location-outside": period("location: ../x"),
    # Global
    "global-null": top("global:"),
    "global-list": top("global: []"),
    "resolve-timeout-zero": top("global: {resolve_timeout: 0s}"),
    "slack-url-empty": top("global: {slack_api_url: ''}"),
    "templates-text": top("templates: x"),
    "templates-without-files": top("templates: ['/nonexistent/*.tmpl']"),
    "templates-broken-pattern": top("templates: ['/nonexistent/[.tmpl']"),
    # URLs
    "url-empty": receiver("webhook_configs: [{url: ''}]"),
    "url-nothing": receiver("webhook_configs: [{url: }]"),
    "url-number": receiver("webhook_configs: [{url: 5}]"),
    "url-without-scheme": receiver("slack_configs: [{api_url: example.org}]"),
    "url-of-ftp": receiver("slack_configs: [{api_url: 'ftp://example.org'}]"),
    "url-without-host": receiver("slack_configs: [{api_url: 'http:///x'}]"),
    "url-with-port-alone": receiver("slack_configs: [{api_url: 'http://:80/x'}]"),
    "url-with-word-as-port": receiver("slack_configs: [{api_url: 'http://x:abc/x'}]"),
    "url-with-high-port": receiver("slack_configs: [{api_url: 'http://x:99999/x'}]"),
    "url-with-space-in-host": receiver("slack_configs: [{api_url: 'http://x y/x'}]"),
    "url-with-space-in-path": receiver("slack_configs: [{api_url: 'http://x/a b'}]"),
    "url-with-space-before": receiver("slack_configs: [{api_url: ' http://x/'}]"),
    "url-of-capitals": receiver("slack_configs: [{api_url: 'HTTP://x/a'}]"),
    "url-with-bad-escape": receiver("slack_configs: [{api_url: 'http://x/%zz'}]"),
    "url-with-control-character": receiver('slack_configs: [{api_url: "http://x/\\x01"}]'),
    "url-of-ipv6": receiver("slack_configs: [{api_url: 'http://[::1]:9/'}]"),
    "url-of-half-ipv6": receiver("slack_configs: [{api_url: 'http://[::1/'}]"),
    "url-hidden": receiver("slack_configs: [{api_url: <secret>}]"),
    # E-mail
    "email-without-recipient": email("from: b, smarthost: 'x:25'"),
    "email-with-nothing-as-recipient": email("to: , from: b, smarthost: 'x:25'"),
    "email-with-from-as-header": email("to: a, smarthost: 'x:25', headers: {From: x}"),
    "email-header-twice": email("to: a, from: b, smarthost: 'x:25', headers: {subject: x, Subject: y}"),
    "email-header-nothing": email("to: a, from: b, smarthost: 'x:25', headers: {X: }"),
    "email-header-number": email("to: a, from: b, smarthost: 'x:25', headers: {X: 5}"),
    "email-without-server": email("to: a, from: b"),
    "server-without-port": email("to: a, from: b, smarthost: x"),
    "server-with-empty-port": email("to: a, from: b, smarthost: 'x:'"),
    "server-with-empty-host": email("to: a, from: b, smarthost: ':25'"),
    "server-with-named-port": email("to: a, from: b, smarthost: 'x:submission'"),
    "server-of-bare-ipv6": email("to: a, from: b, smarthost: '::1:25'"),
    "server-of-ipv6": email("to: a, from: b, smarthost: '[::1]:25'"),
    "server-with-scheme": email("to: a, from: b, smarthost: 'http://x:25'"),
    "server-unquoted": email("to: a, from: b, smarthost: 12:25"),
    "server-empty": email("to: a, from: b, smarthost: ''"),
    # Other receivers
    "webhook-without-url": receiver("webhook_configs: [{}]"),
    "webhooks-null": receiver("webhook_configs: null"),
    "pagerduty-without-key": receiver("pagerduty_configs: [{}]"),
    "pagerduty-of-both-versions": receiver("pagerduty_configs: [{routing_key: x, service_key: y}]"),
    "pagerduty-key-twice": receiver("pagerduty_configs: [{routing_key: x, routing_key_file: y}]"),
    "pagerduty-details": receiver("pagerduty_configs: [{routing_key: x, details: {a: b, n: 5, l: null}}]"),
    "pushover": receiver("pushover_configs: [{user_key: a, token: b}]"),
    "pushover-without-user": receiver("pushover_configs: [{token: b}]"),
    "pushover-without-token": receiver("pushover_configs: [{user_key: a}]"),
    "pushover-day": receiver("pushover_configs: [{user_key: a, token: b, retry: 1d}]"),
    "pushover-without-unit": receiver("pushover_configs: [{user_key: a, token: b, retry: 60}]"),
    "pushover-fraction": receiver("pushover_configs: [{user_key: a, token: b, retry: 1.5m}]"),
    "pushover-negative": receiver("pushover_configs: [{user_key: a, token: b, retry: -1m}]"),
    "pushover-number-as-priority": receiver("pushover_configs: [{user_key: a, token: b, priority: 2}]"),
    "victorops": receiver("victorops_configs: [{api_key: a, routing_key: b}]"),
    "victorops-without-routing-key": receiver("victorops_configs: [{api_key: a}]"),
    "victorops-fixed-field": receiver(
        "victorops_configs: [{api_key: a, routing_key: b, custom_fields: {entity_state: x}}]"
    ),
    "wechat": receiver("wechat_configs: [{api_secret: a, corp_id: b}]"),
    "wechat-without-company": receiver("wechat_configs: [{api_secret: a}]"),
    "wechat-of-unknown-type": receiver("wechat_configs: [{api_secret: a, corp_id: b, message_type: html}]"),
    "wechat-of-empty-type": receiver("wechat_configs: [{api_secret: a, corp_id: b, message_type: ''}]"),
    "opsgenie": receiver("opsgenie_configs: [{api_key: a}]"),
    "opsgenie-nobody": receiver("opsgenie_configs: [{api_key: a, responders: [{type: team}]}]"),
    "opsgenie-unknown-type": receiver("opsgenie_configs: [{api_key: a, responders: [{id: a, type: x}]}]"),
    "opsgenie-type-of-capitals": receiver("opsgenie_configs: [{api_key: a, responders: [{id: a, type: TEAM}]}]"),
    "opsgenie-type-as-template": receiver(
        "opsgenie_configs: [{api_key: a, responders: [{id: a, type: '{{ .GroupLabels.x }}'}]}]"
    ),
    "sns": receiver("sns_configs: [{topic_arn: a}]"),
    "sns-without-target": receiver("sns_configs: [{}]"),
    "sns-with-two-targets": receiver("sns_configs: [{topic_arn: a, target_arn: b}]"),
    "sns-with-three-targets": receiver("sns_configs: [{topic_arn: a, target_arn: b, phone_number: c}]"),
    "sns-with-half-a-key": receiver("sns_configs: [{topic_arn: a, sigv4: {access_key: x}}]"),
    "telegram": receiver("telegram_configs: [{bot_token: a, chat_id: -1001234567890}]"),
    "telegram-without-chat": receiver("telegram_configs: [{bot_token: a}]"),
    "telegram-chat-as-name": receiver("telegram_configs: [{bot_token: a, chat_id: '@x'}]"),
    "telegram-chat-quoted": receiver("telegram_configs: [{bot_token: a, chat_id: '-5'}]"),
    "telegram-unknown-mode": receiver("telegram_configs: [{bot_token: a, chat_id: -5, parse_mode: html}]"),
    "telegram-empty-mode": receiver("telegram_configs: [{bot_token: a, chat_id: -5, parse_mode: ''}]"),
    "slack": receiver("slack_configs: [{api_url: 'http://x'}]"),
    "slack-without-url": receiver("slack_configs: [{}]"),
    "slack-field-without-value": receiver("slack_configs: [{api_url: 'http://x', fields: [{title: a}]}]"),
    "slack-action-without-target": receiver("slack_configs: [{api_url: 'http://x', actions: [{type: a, text: b}]}]"),
    "slack-action-without-text": receiver("slack_configs: [{api_url: 'http://x', actions: [{type: a, url: b}]}]"),
    "slack-action-without-type": receiver("slack_configs: [{api_url: 'http://x', actions: [{text: a, url: b}]}]"),
    "slack-empty-question": receiver(
        "slack_configs: [{api_url: 'http://x', actions: [{type: x, text: a, name: b, confirm: {}}]}]"
    ),
}
"""Configurations about which alertd and Alertmanager say the same."""

DIFFERENT: dict[str, str] = {
    # Alertmanager 0.25 knows classic names only; what it became takes names in UTF-8.
    "group-by-number": route("group_by: [5]"),
    "group-by-utf8": route("group_by: [ä]"),
    "inhibit-equal-number": top("inhibit_rules: [{equal: ['1a']}]"),
    # 0.25 took only texts here.
    "details-nested": receiver("pagerduty_configs: [{routing_key: x, details: {a: {b: c}}}]"),
    # A key without a value is as good as absent here; there it takes the default away.
    "pagerduty-url-null": "global: {pagerduty_url: }\n" + receiver("pagerduty_configs: [{routing_key: x}]"),
    # An address that no mail ever reaches is refused here when the file is read.
    "server-with-high-port": email("to: a, from: b, smarthost: 'x:99999'"),
    "server-with-unknown-port": email("to: a, from: b, smarthost: 'x:letters'"),
    "server-with-space": email("to: a, from: b, smarthost: 'a b:25'"),
    # A hyphen with nothing after it is refused here; there it is a section without keys.
    "interval-null": top("time_intervals: [null]"),
    "period-null": top("time_intervals: [{name: a, time_intervals: [null]}]"),
    "times-null": period("times: [null]"),
    "weekday-null": period("weekdays: [null]"),
    "slack-field-null": receiver("slack_configs: [{api_url: 'http://x', fields: [null]}]"),
    # Tags that say more than the kind of a scalar are refused here; there they are passed over.
    "foreign-tag": route("group_by: [!foo bar]"),
    "binary-tag": receiver("webhook_configs: [{url: !!binary aHR0cDovL3g=}]"),
}
"""Configurations about which alertd and Alertmanager 0.25 differ, with the reason above."""
