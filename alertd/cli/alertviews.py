"""An alert, and why it was told, for people to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alertd.cli.output import label_text, moment, say, show_fields, span
from alertd.clock import to_rfc3339


def show_alert(alert: Any) -> None:
    """Everything that is known of an alert as it stands."""
    say(f"{alert['labels'].get('alertname', alert['fingerprint'])} is {alert['state']}")
    mark, snooze = alert["acknowledgement"], alert["snooze"]
    show_fields(
        [
            ("fingerprint", alert["fingerprint"]),
            ("severity", alert["severity"]),
            ("since", moment(alert["starts_at"])),
            ("resolved", moment(alert["ends_at"])),
            ("value", alert["value"]),
            ("labels", alert["labels"]),
            *sorted(alert["annotations"].items()),
            ("receivers", alert["receivers"]),
            ("acknowledged", mark and _mark(mark)),
            ("snoozed", snooze and f"by {snooze['by']} until {moment(snooze['until'])}"),
            *(("suppressed", f"{gate['gate']} {gate['detail']}".rstrip()) for gate in alert["suppressed_by"]),
            ("source", alert["generator_url"]),
        ],
        indent="  ",
    )


def show_why(why: Any) -> None:
    """What produced the alert, the gates that it met, who was told, and what happened, each part in order of time."""
    if why["alert"] is not None:
        show_alert(why["alert"])
    else:
        say(f"{why['fingerprint']} has not fired yet")
    _section("Reported by", map(_report, why["reports"]))
    for gate in why["gates"]:
        _section(f"In the group {gate['group_key']}", _gate(gate))
    _section("Notifications", (line for sent in reversed(why["notifications"]) for line in notification_lines(sent)))
    _section("History", map(event_line, reversed(why["history"])))


def notification_lines(sent: Any) -> Iterable[str]:
    """A message, and below it every try to deliver it."""
    counts = f"{sent['firing']} firing, {sent['resolved']} resolved"
    yield f"{moment(sent['created_at'])}  {sent['integration']}  {sent['status']}  {sent['reason']}  ({counts})"
    for attempt in sent["attempts"]:
        code = f" {attempt['status_code']}" if attempt["status_code"] else ""
        reason = f" {attempt['reason']}" if attempt["reason"] else ""
        answer = f": {attempt['answer']}" if attempt["answer"] else ""
        tried = f"try {attempt['number']} at {moment(attempt['started_at'])}"
        yield f"  {tried}: {attempt['outcome']}{code}{reason}{answer}"
    if sent["error"]:
        yield f"  {sent['error']}"


def event_line(event: Any) -> str:
    """One thing that happened, in one line."""
    details = ", ".join(f"{name}={_detail(name, value)}" for name, value in event["details"].items() if value)
    return f"{moment(event['at'])}  {event['event']} ({event['actor'] or 'alertd'})  {details}".rstrip()


def _detail(name: str, value: Any) -> str:
    """A detail of an event, in which instants and durations are milliseconds."""
    if name in {"until", "at"} or name.endswith("_at"):
        return moment(to_rfc3339(value))
    if name == "duration":
        return span(value)
    if isinstance(value, dict):
        return f"{{{label_text({key: str(item) for key, item in value.items()})}}}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _report(report: Any) -> str:
    value = "" if report["value"] is None else f", value {report['value']}"
    since = moment(report["fired_at"] or report["active_at"])
    return f"{report['producer']}: {report['state']} since {since}{value}"


def _gate(gate: Any) -> Iterable[str]:
    if gate["gate"] == "open":
        yield f"nothing holds it back from {gate['receiver']}; next flush at {moment(gate['next_flush_at'])}"
    else:
        until = f" until {moment(gate['until'])}" if gate["until"] else ""
        yield f"held back from {gate['receiver']}: {gate['gate']} {gate['detail']}".rstrip() + until
    for integration, told in sorted(gate["told"].items()):
        yield f"{integration} {'was told of it' if told else 'was not told of it'}"


def _mark(mark: Any) -> str:
    note = f": {mark['note']}" if mark["note"] else ""
    return f"by {mark['by']} until {moment(mark['expires_at'])}{note}"


def _section(title: str, lines: Iterable[str]) -> None:
    told = list(lines)
    if told:
        say(f"\n{title}")
    for line in told:
        say(f"  {line}")
