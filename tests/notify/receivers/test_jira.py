"""The Jira receiver against an API that keeps issues."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alertd.clock import SECOND
from alertd.config.integrations.jira import JiraConfig
from alertd.notify.message import Message
from alertd.notify.receivers.base import FailureReason as R
from alertd.notify.receivers.jira import JiraReceiver
from tests.notify.messages import make_alert, make_message
from tests.notify.receivers.sending import Make, Outcome, failure, outcome, told
from tests.peers.jira import JiraIssue, JiraPeer
from tests.peers.serving import Answer
from tests.peers.vendor import listening, says

LABEL = "ALERT{" + hashlib.sha256(b'{}:{alertname="DiskFull"}').hexdigest() + "}"
RESOLVED = make_message(make_alert(resolved=True))


@pytest.fixture
async def peer() -> AsyncIterator[JiraPeer]:
    async with listening(JiraPeer()) as peer:
        yield peer


def _receiver(peer: JiraPeer, **changes: Any) -> Make:
    written = {
        "api_url": peer.v2,
        "project": "OPS",
        "issue_type": "Incident",
        "reopen_transition": "Reopen",
        "resolve_transition": "Close",
        "reopen_duration": "1h",
        "http_config": {"basic_auth": {"username": "ops", "password": "api-token"}},
    }
    config = JiraConfig.model_validate(written | changes)
    return lambda tools: JiraReceiver(config, tools)


def _closed(peer: JiraPeer, **changes: Any) -> JiraIssue:
    """An issue of the group that was closed before."""
    issue = JiraIssue("OPS-1", {"project": {"key": "OPS"}, "labels": [LABEL]}, done=True, **changes)
    peer.issues["OPS-1"] = issue
    return issue


async def test_new_issue_says_what_alertmanager_says(peer: JiraPeer) -> None:
    """Project, kind, title, text, priority and labels, one of which marks the group; other fields beside them."""
    alert = make_alert({"alertname": "DiskFull", "instance": "db1", "severity": "critical"})
    fields = {"components": [{"name": "{{ .CommonLabels.instance }}"}], "customfield_10001": 7}
    receiver = _receiver(peer, labels=["alertmanager", "{{ .GroupLabels.alertname }}"], fields=fields)
    [delivered] = await told(receiver, make_message(alert))
    assert (delivered.answer, dict(delivered.thread), peer.problems) == ("OPS-1", {"issue": "OPS-1"}, [])
    assert peer.issues["OPS-1"].fields == {
        "project": {"key": "OPS"},
        "issuetype": {"name": "Incident"},
        "summary": "[FIRING:1] DiskFull (db1 critical)",
        "description": (
            "\n\n# Alerts Firing:\n\nLabels:\n  - alertname = DiskFull\n  - instance = db1\n  - severity = critical\n\n"
            "Annotations:\n  - summary = Disk is full\n\nSource: http://prometheus/graph\n\n\n\n\n"
        ),
        "labels": [LABEL, "DiskFull", "alertmanager"],
        "priority": {"name": "High"},
        "components": [{"name": "db1"}],
        "customfield_10001": 7,
    }
    assert all(call.headers["accept-language"] == "en" for call in peer.calls)


async def test_one_issue_lives_through_an_episode(peer: JiraPeer) -> None:
    """A repeat brings the issue up to date, the end closes it, and an alert that is back soon opens it again."""
    two = make_message(make_alert(), make_alert({"alertname": "DiskFull", "instance": "db2"}))
    await told(_receiver(peer), make_message(), two, RESOLVED)
    issue = peer.issues["OPS-1"]
    assert (issue.done, issue.fields["summary"]) == (True, "[RESOLVED] DiskFull (db1)")
    await told(_receiver(peer), make_message())
    assert (list(peer.issues), issue.done, issue.log, peer.problems) == (["OPS-1"], False, ["Close", "Reopen"], [])


@pytest.mark.parametrize(
    ("issue", "changes", "expected"),
    [
        ({"closed_minutes_ago": 59}, {}, ["OPS-1"]),
        ({"closed_minutes_ago": 61}, {}, ["OPS-1", "OPS-2"]),
        ({}, {"reopen_transition": ""}, ["OPS-1", "OPS-2"]),
        ({}, {"reopen_duration": "0s"}, ["OPS-1", "OPS-2"]),
        ({"resolution": "Won't Do"}, {"wont_fix_resolution": "Won't Do"}, ["OPS-1", "OPS-2"]),
        ({"resolution": "Done"}, {"wont_fix_resolution": "Won't Do"}, ["OPS-1"]),
        ({}, {"project": "{{ .CommonLabels.instance }}"}, ["OPS-1", "db1-2"]),
    ],
)
async def test_which_closed_issue_is_opened_again(
    peer: JiraPeer, issue: dict[str, Any], changes: dict[str, str], expected: list[str]
) -> None:
    """Only one that was closed within the time, by a transition that is named, and not as one to be left alone."""
    _closed(peer, **issue)
    await told(_receiver(peer, **changes), make_message())
    assert (list(peer.issues), peer.problems) == (expected, [])


@pytest.mark.parametrize("changes", [{}, {"wont_fix_resolution": "Won't Do"}])
async def test_end_without_an_open_issue(peer: JiraPeer, changes: dict[str, str]) -> None:
    """What nobody has an issue for is not given one when it ends, and what is closed stays closed."""
    issue = _closed(peer)
    [delivered] = await told(_receiver(peer, **changes), RESOLVED)
    assert (delivered.answer, list(peer.issues), issue.log) == ("no open issue", ["OPS-1"], [])


async def test_end_without_a_transition(peer: JiraPeer) -> None:
    """Without `resolve_transition` the issue is brought up to date and stays open."""
    await told(_receiver(peer, resolve_transition=""), make_message(), RESOLVED)
    issue = peer.issues["OPS-1"]
    assert (issue.done, issue.fields["summary"]) == (False, "[RESOLVED] DiskFull (db1)")


async def test_texts_that_people_edit_are_left_alone(peer: JiraPeer) -> None:
    """`enable_update: false` writes a text once."""
    keep = {"template": "{{ .Status }}", "enable_update": False}
    await told(_receiver(peer, summary=keep, description=keep), make_message(), RESOLVED)
    update = next(call.json["fields"] for call in peer.calls if call.method == "PUT")
    assert update.keys() == {"project", "issuetype", "labels"}
    assert peer.issues["OPS-1"].fields["summary"] == "firing"


async def test_search_that_lags(peer: JiraPeer) -> None:
    """The issue that this episode made is found by its key while the search does not know it yet."""
    peer.lags = True
    [first] = await told(_receiver(peer), make_message())
    await told(_receiver(peer), make_message(thread=first.thread), make_message(*RESOLVED.alerts, thread=first.thread))
    assert (list(peer.issues), peer.issues["OPS-1"].log) == (["OPS-1"], ["Close"])
    # Somebody deleted it: the next page makes a new one.
    peer.issues.clear()
    await told(_receiver(peer), make_message(thread={"issue": "OPS-9"}))
    assert list(peer.issues) == ["OPS-1"]


async def test_lost_answer_makes_no_second_issue(peer: JiraPeer) -> None:
    """The retry finds what the first try made."""
    await told(_receiver(peer), make_message())
    await told(_receiver(peer), make_message())
    assert [call.method for call in peer.calls] == ["POST", "POST", "POST", "PUT"]
    assert len(peer.issues) == 1


@pytest.mark.parametrize(
    ("severities", "resolved", "expected"),
    [
        (["info", "critical", "warning"], False, "High"),
        (["info", "warning"], False, "Medium"),
        (["info"], False, "Low"),
        (["page"], False, None),
        (["warning"], True, "Medium"),
    ],
)
async def test_default_priority(peer: JiraPeer, severities: list[str], resolved: bool, expected: str | None) -> None:
    """The worst severity that Jira has a priority for; without one Jira's own default holds."""
    peer.issues["OPS-1"] = JiraIssue("OPS-1", {"project": {"key": "OPS"}, "labels": [LABEL]})
    alerts = [make_alert({"severity": severity}, resolved=resolved) for severity in severities]
    await told(_receiver(peer), make_message(*alerts))
    assert peer.issues["OPS-1"].fields.get("priority", {}).get("name") == expected


async def test_long_texts_are_cut(peer: JiraPeer) -> None:
    """A title of 255 characters in one line, a text of 32 767, with an ellipsis each."""
    await told(_receiver(peer, summary="a\nb" * 200, description="ü" * 40_000), make_message())
    fields = peer.issues["OPS-1"].fields
    assert (len(fields["summary"]), fields["summary"][:4], fields["summary"][-1]) == (255, "a ba", "…")
    assert (len(fields["description"]), fields["description"][-1]) == (32767, "…")


@pytest.mark.parametrize(
    ("description", "content"),
    [
        (
            '{"version": 1, "type": "doc", "content": [{"type": "rule"}]}',
            [{"type": "rule"}],
        ),
        (
            "{{ .Status }}\n\nover",
            [
                {"type": "paragraph", "content": [{"type": "text", "text": "firing"}]},
                {"type": "paragraph", "content": []},
                {"type": "paragraph", "content": [{"type": "text", "text": "over"}]},
            ],
        ),
        ("  ", None),
    ],
)
async def test_documents_for_version_3(peer: JiraPeer, description: str, content: list[Any] | None) -> None:
    """A template that renders to an Atlassian document is one; any other text becomes its paragraphs."""
    peer.cloud = True
    await told(_receiver(peer, api_url=f"{peer.v3}/", api_type="cloud", description=description), make_message())
    document = peer.issues["OPS-1"].fields.get("description")
    expected = None if content is None else {"version": 1, "type": "doc", "content": content}
    assert (peer.problems, document) == ([], expected)


@pytest.mark.parametrize(
    ("cloud", "api_type", "path"),
    [
        (True, "cloud", "/rest/api/3/search/jql"),
        (False, "datacenter", "/rest/api/2/search"),
        (False, "auto", "/rest/api/2/search"),
    ],
)
async def test_search_of_each_api(peer: JiraPeer, cloud: bool, api_type: str, path: str) -> None:
    """Cloud is searched by version 3 also where issues are written by version 2; `auto` looks at the host's name."""
    peer.cloud = cloud
    await told(_receiver(peer, api_type=api_type), make_message())
    assert [call.path for call in peer.calls] == [path, "/rest/api/2/issue"]


async def test_auto_knows_cloud_by_its_name() -> None:
    """A host below atlassian.net is Cloud."""
    config = {"api_url": "https://example.atlassian.net/rest/api/2", "project": "P", "issue_type": "T"}
    receivers: list[JiraReceiver] = []

    def make(tools: Any) -> JiraReceiver:
        receivers.append(JiraReceiver(JiraConfig.model_validate(config), tools))
        return receivers[0]

    await told(make)
    assert receivers[0]._search_path() == "search/jql"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(400, {"errorMessages": ["Field 'x' is unknown"]}), (R.CLIENT_ERROR, True, False, None)),
        (Answer(401), (R.AUTH_ERROR, True, True, None)),
        (Answer(403), (R.AUTH_ERROR, True, True, None)),
        (Answer(404), (R.GONE, True, True, None)),
        (Answer(410), (R.GONE, True, True, None)),
        (Answer(429), (R.RATE_LIMITED, False, False, 30 * SECOND)),
        (says(429, {}, Retry_After="6"), (R.RATE_LIMITED, False, False, 6 * SECOND)),
        (Answer(503), (R.SERVER_ERROR, False, False, None)),
        (Answer(200, "<html>log in</html>"), (R.SERVER_ERROR, False, False, None)),
        (Answer(close=True), (R.CONNECTION, False, False, None)),
    ],
)
async def test_what_each_answer_means(peer: JiraPeer, answer: Answer, expected: Outcome) -> None:
    """A search that fails is as good as an issue that cannot be made: refused, broken, or to be tried again."""
    peer.script(answer)
    assert outcome(await failure(_receiver(peer))) == expected


async def test_transition_that_is_not_offered(peer: JiraPeer) -> None:
    """The error names the transitions that Jira does offer, and no other try is made."""
    receiver = _receiver(peer, resolve_transition="Finish")
    await told(receiver, make_message())
    failed = await failure(receiver, RESOLVED)
    assert outcome(failed) == (R.CLIENT_ERROR, True, False, None)
    assert "no transition 'Finish' for OPS-1; it offers Close" in str(failed)


@pytest.mark.parametrize("message", [make_message(), RESOLVED])
async def test_text_that_is_no_template(peer: JiraPeer, message: Message) -> None:
    """A template that fails is final, and nothing is asked or written."""
    failed = await failure(_receiver(peer, priority="{{ .Nope }}"), message)
    assert (failed.reason, failed.permanent, peer.calls) == (R.TEMPLATE, True, [])
