"""Configurations that Alertmanager 0.34 refuses, each with what it says; and a few that it accepts."""

from __future__ import annotations

from tests.config.verdicts import child, email, period, receiver, route, top, webhook

BOTH = "at most one of {0} & {0}_file must be configured"
_PAIRS = (
    "slack_app_token",
    "opsgenie_api_key",
    "victorops_api_key",
    "wechat_api_secret",
    "telegram_bot_token",
    "rocketchat_token",
    "rocketchat_token_id",
    "smtp_auth_password",
    "smtp_auth_secret",
)
_WEBHOOK_KINDS = ("discord", "msteams", "msteamsv2")
ALL_KINDS = {
    *("discord", "email", "incidentio", "pagerduty", "slack", "webhook", "opsgenie", "wechat", "pushover"),
    *("victorops", "sns", "telegram", "webex", "msteams", "msteamsv2", "jira", "rocketchat", "mattermost"),
}
_SLACK_BOT = "https://slack.com/api/chat.postMessage"

REFUSED: dict[str, tuple[str, str]] = {
    # The file as a whole
    "nothing": ("", "no route provided in config"),
    "no-route": ("global: {}\n", "no routes provided"),
    "scalar": ("BAD\n", "cannot unmarshal !!str `BAD` into"),
    "no-receiver": ("route: {}\nreceivers: [{name: a}]\n", "root route must specify a default receiver"),
    "receiver-twice": (
        "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
        'notification config name "a" is not unique',
    ),
    "receiver-undefined": ("route: {receiver: b}\nreceivers: [{name: a}]\n", 'undefined receiver "b" used in route'),
    "receiver-without-name": (
        "route: {receiver: a}\nreceivers: [{name: a}, {webhook_configs: []}]\n",
        "missing name in receiver",
    ),
    "receiver-label-name": (receiver("labels: {name: b}"), 'receiver label "name" must match receiver name "a"'),
    # Routes
    "root-matchers": (route("matchers: [a=b]"), "root route must not have any matchers"),
    "root-match": (route("match: {a: b}"), "root route must not have any matchers"),
    "root-match-re": (route("match_re: {a: b}"), "root route must not have any matchers"),
    "root-mute": (route("mute_time_intervals: [x]"), "root route must not have any mute time intervals"),
    "root-active": (route("active_time_intervals: [x]"), "root route must not have any active time intervals"),
    "root-continue": (route("continue: true"), "cannot have continue in root route"),
    "group-interval-zero": (route("group_interval: 0s"), "group_interval cannot be zero"),
    "repeat-interval-zero": (route("repeat_interval: 0s"), "repeat_interval cannot be zero"),
    "child-interval-zero": (child("group_interval: 0s"), "group_interval cannot be zero"),
    "group-by-twice": (route("group_by: [a, b, a]"), 'duplicated label "a" in group_by'),
    "group-by-all-and-more": (
        route("group_by: ['...', a]"),
        "cannot have wildcard group_by (`...`) and other labels at the same time",
    ),
    "group-by-empty-name": (route("group_by: ['']"), 'invalid label name "" in group_by list'),
    "route-label-name": (route("labels: {'': x}"), 'invalid label name ""'),
    "match-name": (child("match: {ä: x}"), 'invalid label name "ä"'),
    "match-re-name": (child("match_re: {'a:b': x}"), 'invalid label name "a:b"'),
    "nil-match_re-route": (child("match_re: {invalid_label: }"), 'invalid regexp value for "invalid_label"'),
    "nil-source_match_re-inhibition": (
        top("inhibit_rules: [{source_match_re: {a: }}]"),
        'invalid regexp value for "a"',
    ),
    "nil-target_match_re-inhibition": (
        top("inhibit_rules: [{target_match_re: {a: }}]"),
        'invalid regexp value for "a"',
    ),
    "equal-empty-name": (top("inhibit_rules: [{equal: ['']}]"), 'invalid label name "" in equal list'),
    "duration": (route("group_wait: '5'"), 'not a valid duration string: "5"'),
    "duration-empty": (route("group_wait: ''"), "empty duration string"),
    # Time intervals
    "time-interval-undefined": (child("mute_time_intervals: [x]"), 'undefined time interval "x" used in route'),
    "active-interval-undefined": (child("active_time_intervals: [x]"), 'undefined time interval "x" used in route'),
    "time-interval-without-name": (top("time_intervals: [{}]"), "missing name in time interval"),
    "mute-interval-without-name": (top("mute_time_intervals: [{}]"), "missing name in mute time interval"),
    "time-interval-twice": (top("time_intervals: [{name: a}, {name: a}]"), 'time interval "a" is not unique'),
    "mute-interval-twice": (
        top("mute_time_intervals: [{name: a}, {name: a}]"),
        'mute time interval "a" is not unique',
    ),
    "interval-in-both": (
        top("mute_time_intervals: [{name: a}]\ntime_intervals: [{name: a}]"),
        'time interval "a" is not unique',
    ),
    "times-half": (period("times: [{end_time: '10:00'}]"), "both start and end times must be provided"),
    "times-reversed": (
        period("times: [{start_time: '10:00', end_time: '09:00'}]"),
        "start time cannot be equal or greater than end time",
    ),
    "weekday": (period("weekdays: [mon]"), "mon is not a valid weekday"),
    "location": (period("location: Mars"), "unknown time zone Mars"),
    # URLs
    "url-scheme": (receiver("slack_configs: [{api_url: 'x'}]"), 'unsupported scheme "" for URL'),
    "url-host": (receiver("pagerduty_configs: [{routing_key: k, url: 'http://'}]"), "missing host for URL"),
    # Null entries
    **{f"null-{kind}": (receiver(f"{kind}_configs: [null]"), f"missing {kind} config") for kind in sorted(ALL_KINDS)},
    # Pairs in `global`
    **{f"both-{key}": (top(f"global: {{{key}: x, {key}_file: y}}"), BOTH.format(key)) for key in _PAIRS},
    "both-slack_api_url": (
        top("global: {slack_api_url: 'http://x', slack_api_url_file: y}"),
        BOTH.format("slack_api_url"),
    ),
    "both-mattermost_webhook_url": (
        top("global: {mattermost_webhook_url: 'http://x', mattermost_webhook_url_file: y}"),
        BOTH.format("mattermost_webhook_url"),
    ),
    "slack-both-url-and-token": (
        top("global: {slack_api_url: 'http://x', slack_app_token: y}"),
        "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured",
    ),
    # E-mail
    "smtp-from": (email("to: a, smarthost: 'x:25'"), "no global SMTP from set"),
    "smtp-smarthost": (email("to: a, from: b"), "no global SMTP smarthost set"),
    "email-to": (email("from: b, smarthost: 'x:25'"), "missing to address in email config"),
    "email-header-twice": (
        email("to: a, from: b, smarthost: 'x:25', headers: {subject: x, SUBJECT: y}"),
        'duplicate header "Subject" in email config',
    ),
    "email-threads-without-date": (
        email("to: a, from: b, smarthost: 'x:25', threading: {enabled: true}"),
        "threading.thread_by_date must be either 'none' or 'daily'",
    ),
    "email-threads-with-header": (
        email(
            "to: a, from: b, smarthost: 'x:25', headers: {references: x},"
            " threading: {enabled: true, thread_by_date: none}"
        ),
        "conflicting configuration: threading.enabled conflicts with custom References header",
    ),
    "smarthost-port": (email("to: a, from: b, smarthost: x"), "address x: missing port in address"),
    "smarthost-empty-port": (email("to: a, from: b, smarthost: 'x:'"), 'address "x:": port cannot be empty'),
    # Slack
    "slack-no-api-url-or-token": (
        receiver("slack_configs: [{channel: c}]"),
        "no Slack API URL nor App token set either inline or in a file",
    ),
    "slack-update-message-and-webhook": (
        receiver("slack_configs: [{api_url: 'http://x', update_message: true}]"),
        f"update_message can only be used with bot tokens. api_url must be set to {_SLACK_BOT}",
    ),
    "slack-token-and-authorization": (
        receiver("slack_configs: [{app_token: t, http_config: {authorization: {credentials: c}}}]"),
        "http authorization can't be set when using Slack App tokens",
    ),
    "slack-own-url-and-token": (
        receiver("slack_configs: [{api_url: 'http://x', app_token: t}]"),
        "at most one of api_url/api_url_file & app_token/app_token_file must be configured",
    ),
    "slack-field": (
        receiver("slack_configs: [{api_url: 'http://x', fields: [{value: v}]}]"),
        "missing title in Slack field configuration",
    ),
    "slack-action": (
        receiver("slack_configs: [{api_url: 'http://x', actions: [{type: button, url: u}]}]"),
        "missing text in Slack action configuration",
    ),
    # PagerDuty, webhook
    "pagerduty-key": (receiver("pagerduty_configs: [{}]"), "missing service or routing key in PagerDuty config"),
    "webhook-url": (receiver("webhook_configs: [{}]"), "one of url or url_file must be configured"),
    "webhook-both": (webhook("url_file: f"), "at most one of url & url_file must be configured"),
    # Those with a channel's webhook
    **{
        f"{kind}-url": (
            receiver(f"{kind}_configs: [{{}}]"),
            "one of webhook_url or webhook_url_file must be configured",
        )
        for kind in _WEBHOOK_KINDS
    },
    **{
        f"{kind}-both": (
            receiver(f"{kind}_configs: [{{webhook_url: 'http://x', webhook_url_file: f}}]"),
            BOTH.format("webhook_url"),
        )
        for kind in (*_WEBHOOK_KINDS, "mattermost")
    },
    "mattermost-no-webhook-url": (
        receiver("mattermost_configs: [{text: x}]"),
        "missing webhook_url or webhook_url_file on mattermost_config",
    ),
    "mattermost-field": (
        receiver("mattermost_configs: [{webhook_url: 'http://x', fields: [{title: t}]}]"),
        "missing value in Mattermost field configuration",
    ),
    # incident.io
    "incidentio-url": (
        receiver("incidentio_configs: [{alert_source_token: t}]"),
        "one of url or url_file must be configured",
    ),
    "incidentio-both-tokens": (
        receiver("incidentio_configs: [{url: 'http://x', alert_source_token: t, alert_source_token_file: f}]"),
        BOTH.format("alert_source_token"),
    ),
    "incidentio-two-ways": (
        receiver(
            "incidentio_configs: [{url: 'http://x', alert_source_token: t,"
            " http_config: {authorization: {credentials: c}}}]"
        ),
        "cannot specify alert_source_token or alert_source_token_file when using http_config.authorization",
    ),
    "incidentio-no-way": (
        receiver("incidentio_configs: [{url: 'http://x', http_config: {follow_redirects: false}}]"),
        "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured",
    ),
    # Opsgenie, VictorOps, WeCom, Pushover
    "opsgenie-no-apikey": (
        receiver("opsgenie_configs: [{}]"),
        "no global OpsGenie API Key set either inline or in a file",
    ),
    "opsgenie-teams": (
        receiver("opsgenie_configs: [{api_key: k, teams: t}]"),
        "field teams not found in type opsgenie.plain",
    ),
    "opsgenie-nobody": (
        receiver("opsgenie_configs: [{api_key: k, responders: [{type: team}]}]"),
        "opsGenieConfig responder {   team} has to have at least one of id, username or name specified",
    ),
    "opsgenie-type": (
        receiver("opsgenie_configs: [{api_key: k, responders: [{name: n, type: crew}]}]"),
        "opsGenieConfig responder { n  crew} type does not match valid options ^(team|teams|user|escalation|schedule)$",
    ),
    "victorops-no-apikey": (receiver("victorops_configs: [{routing_key: r}]"), "no global VictorOps API Key set"),
    "victorops-routing-key": (receiver("victorops_configs: [{api_key: k}]"), "missing Routing key in VictorOps config"),
    "victorops-field": (
        receiver("victorops_configs: [{api_key: k, routing_key: r, custom_fields: {entity_id: x}}]"),
        "victorOps config contains custom field entity_id which cannot be used as it conflicts with the fixed/static",
    ),
    "wechat-no-api-secret": (
        receiver("wechat_configs: [{corp_id: c}]"),
        "no global Wechat Api Secret set either inline or in a file",
    ),
    "wechat-no-corp-id": (receiver("wechat_configs: [{api_secret: s}]"), "no global Wechat CorpID set"),
    "wechat-type": (
        receiver("wechat_configs: [{api_secret: s, corp_id: c, message_type: html}]"),
        'weChat message type "html" does not match valid options ^(text|markdown)$',
    ),
    "pushover-user": (
        receiver("pushover_configs: [{token: t}]"),
        "one of user_key or user_key_file must be configured",
    ),
    "pushover-token": (receiver("pushover_configs: [{user_key: u}]"), "one of token or token_file must be configured"),
    "pushover-both-forms": (
        receiver("pushover_configs: [{user_key: u, token: t, html: true, monospace: true}]"),
        "at most one of monospace & html must be configured",
    ),
    # SNS, Telegram, Webex, Jira, Rocket.Chat
    "sns-invalid": (
        receiver("sns_configs: [{topic_arn: a, phone_number: b}]"),
        "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config",
    ),
    "telegram-no-bot-token": (
        receiver("telegram_configs: [{chat_id: 1}]"),
        "missing bot_token or bot_token_file on telegram_config",
    ),
    "telegram-chat": (
        receiver("telegram_configs: [{bot_token: t}]"),
        "missing chat_id or chat_id_file on telegram_config",
    ),
    "telegram-both-chats": (
        receiver("telegram_configs: [{bot_token: t, chat_id: 1, chat_id_file: f}]"),
        BOTH.format("chat_id"),
    ),
    "telegram-mode": (
        receiver("telegram_configs: [{bot_token: t, chat_id: 1, parse_mode: html}]"),
        "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string",
    ),
    "webex-room": (
        receiver("webex_configs: [{http_config: {authorization: {credentials: c}}}]"),
        "missing room_id on webex_config",
    ),
    "webex-authorization": (
        receiver("webex_configs: [{room_id: r}]"),
        "missing webex_configs.http_config.authorization",
    ),
    "jira-url": (receiver("jira_configs: [{project: p, issue_type: Bug}]"), "no global Jira Cloud URL set"),
    "jira-project": (
        receiver("jira_configs: [{api_url: 'http://x', issue_type: Bug}]"),
        "missing project in jira_config",
    ),
    "jira-issue-type": (
        receiver("jira_configs: [{api_url: 'http://x', project: p}]"),
        "missing issue_type in jira_config",
    ),
    "jira-api-type": (
        receiver("jira_configs: [{api_url: 'http://x', project: p, issue_type: Bug, api_type: server}]"),
        "unknown api_type on jira_config, must be auto, cloud or datacenter",
    ),
    "rocketchat-no-token": (
        receiver("rocketchat_configs: [{token_id: i}]"),
        "no global Rocketchat Token set either inline or in a file",
    ),
    "rocketchat-no-token-id": (
        receiver("rocketchat_configs: [{token: t}]"),
        "no global Rocketchat TokenID set either inline or in a file",
    ),
    # Tracing
    "tracing-endpoint": (top("tracing: {client_type: http}"), "tracing endpoint must be set"),
    "tracing-client": (
        top("tracing: {endpoint: 'x:1', client_type: tcp}"),
        "expected tracing client type to be to be http or grpc, but got tcp",
    ),
    "tracing-compression": (
        top("tracing: {endpoint: 'x:1', compression: zip}"),
        "invalid compression type zip provided, valid options: gzip",
    ),
}

ACCEPTED: dict[str, str] = {
    "opsgenie-default-apikey": "global: {opsgenie_api_key: k}\n" + receiver("opsgenie_configs: [{}]"),
    "opsgenie-default-apikey-file": "global: {opsgenie_api_key_file: f}\n" + receiver("opsgenie_configs: [{}]"),
    "victorops-default-apikey": "global: {victorops_api_key: k}\n" + receiver("victorops_configs: [{routing_key: r}]"),
    "slack-default-api-url-file": "global: {slack_api_url_file: f}\n" + receiver("slack_configs: [{}]"),
    "telegram-default-bot-token-file": (
        "global: {telegram_bot_token_file: f}\n" + receiver("telegram_configs: [{chat_id: 1}]")
    ),
    "rocketchat-default-token-file": (
        "global: {rocketchat_token_file: f, rocketchat_token_id_file: g}\n" + receiver("rocketchat_configs: [{}]")
    ),
    "mattermost-default-webhook-url-file": (
        "global: {mattermost_webhook_url_file: f}\n" + receiver("mattermost_configs: [{}]")
    ),
    "smtp-password-global-and-local": (
        "global: {smtp_smarthost: 'x:25', smtp_from: a, smtp_auth_username: u, smtp_auth_password: p}\n"
        + email("to: b, auth_password_file: f")
    ),
    "sns-topic-arn": receiver("sns_configs: [{topic_arn: 'arn:aws:sns:us-east-2:123456789012:x', sigv4: {}}]"),
    "incidentio-without-anything": receiver("incidentio_configs: [{url: 'http://x'}]"),
    "null-inhibit-rule": top("inhibit_rules: [null]"),
    "slack-url-is-the-bots": (
        f"global: {{slack_api_url: '{_SLACK_BOT}', slack_app_token: t}}\n" + receiver("slack_configs: [{}]")
    ),
    "tracing": top(
        "tracing: {endpoint: 'x:4317', sampling_fraction: 0.5, insecure: yes, headers: {X-A: {values: [b]}}}"
    ),
    "event-recorder": top("event_recorder: {outputs: [{type: file, path: /tmp/x}]}"),
    "receiver-labels": receiver("labels: {team: x, name: a}"),
    "route-labels": route("labels: {team: '{{ .CommonLabels.team }}'}"),
    "utf8-names": route("group_by: [ä, '00'], routes: [{matchers: ['\"ä\"=x']}]", "inhibit_rules: [{equal: [Σ]}]\n"),
    "http-config": (
        "global: {http_config: {proxy_url: 'http://p:1', tls_config: {ca_file: f}, http_headers: {X: {values: [y]}}}}\n"
        + webhook("http_config: {oauth2: {client_id: c, client_secret: s, token_url: 'http://t'}}")
    ),
}
