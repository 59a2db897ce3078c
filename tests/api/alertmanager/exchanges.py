"""Requests and what becomes of them, for alertd and a real Alertmanager, with every difference by its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from tests.api.alertmanager.requests import ID, MATCHER, silence

JSON = "application/json"


class Differs(Enum):
    """Why the two answer differently; the text is the reason."""

    NO = "they answer the same"
    NEWER_WORDS = "since 0.26 Alertmanager says it in other words, which are alertd's"
    NEWER_PARAMETERS = "states of silences can be chosen since 0.28"
    NEWER_NAMES = "since 0.27 any text is a label's name"
    OWN_WORDS = "the status is the same; the sentence is alertd's own, and says where the mistake is"
    OWN_PAGES = "outside of /api/v2 errors have alertd's own form"
    GONE_BEFORE = "since 0.26 an unknown silence is 404, before it was 500"
    GARBAGE = "alertd refuses what follows the JSON, Alertmanager does not look at it"
    CRASHES = "Alertmanager's handler crashes and closes the connection"
    REDIRECT = "Alertmanager redirects from /api/v2 to /api/v2/, where nothing is either"
    FORMAT = "the exposition is of a newer version of the format"


@dataclass(frozen=True)
class Exchange:
    """A request; `body` that is text is sent as it is, and `differs` says why the answers are not the same."""

    method: str
    path: str
    body: Any = None
    differs: Differs = Differs.NO
    media: str = JSON

    def __str__(self) -> str:
        return f"{self.method} {self.path} {'' if self.body is None else self.body}"


def _get(path: str, *queries: str) -> list[Exchange]:
    return [Exchange("GET", f"{path}?{query}") for query in queries]


def _silences(*bodies: Any, differs: Differs = Differs.NO) -> list[Exchange]:
    return [Exchange("POST", "/api/v2/silences", body, differs) for body in bodies]


def _alerts(*bodies: Any, differs: Differs = Differs.NO) -> list[Exchange]:
    return [Exchange("POST", "/api/v2/alerts", body, differs) for body in bodies]


def _with(**matcher: Any) -> dict[str, Any]:
    return silence(matchers=[{**MATCHER, **matcher}])


_FIRING = {
    "labels": {"alertname": "A", "severity": "warn"},
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2036-01-01T00:00:00Z",
    "generatorURL": "http://p/g",
    "annotations": {"s": "x"},
}

#: In this order: what is asked later sees what was sent before.
EXCHANGES = (
    *_alerts([_FIRING], [{**_FIRING, "labels": {"alertname": "B", "severity": "warn"}, "generatorURL": ""}]),
    *_alerts([{**_FIRING, "startsAt": "", "labels": {"a": "b"}}], [{**_FIRING, "foo": 1, "status": {}}]),
    *(Exchange("GET", f"/api/v2/{path}") for path in ("alerts", "alerts/groups", "receivers", "status", "silences")),
    Exchange("GET", "/api/v2/alerts/"),
    *_get("/api/v2/alerts", "active=false", "active=maybe", "silenced=false", "inhibited=false", "unprocessed=x"),
    *_get(
        "/api/v2/alerts", "filter=alertname=A", "filter=alertname=Z", 'filter=alertname=~"A|B"', "filter=severity!=warn"
    ),
    *_get("/api/v2/alerts", "filter=foo!=bar", "filter=foo=", 'filter=foo=""', "filter=", "filter=bad"),
    *_get("/api/v2/alerts", "filter=alertname=A&filter=severity=warn", "filter=alertname=A,severity=warn"),
    *_get("/api/v2/alerts", "receiver=te.*", "receiver=e", "receiver=", "nosuch=1"),
    Exchange("GET", "/api/v2/alerts?filter={a=b}", None, Differs.NEWER_WORDS),
    Exchange("GET", "/api/v2/alerts?filter=a=~%5B", None, Differs.OWN_WORDS),
    Exchange("GET", "/api/v2/alerts?receiver=%5B", None, Differs.OWN_WORDS),
    Exchange("GET", "/api/v2/alerts?filter=1bad=x", None, Differs.NEWER_NAMES),
    *_get("/api/v2/alerts/groups", "muted=false", "receiver=nope", "filter=bad", "filter=alertname=A"),
    *_silences(silence(), silence(createdBy="", comment=""), _with(isEqual=False), _with(isEqual=None)),
    *_silences(silence(extra="x"), _with(value="warn|page", isRegex=True)),
    *_get("/api/v2/silences", "filter=a=b", "filter=alertname=A", "filter=bad"),
    Exchange("GET", "/api/v2/silences?active=false", None, Differs.NEWER_PARAMETERS),
    Exchange("GET", "/api/v2/alerts"),
    Exchange("GET", "/api/v2/alerts?silenced=false"),
    *_silences(_with(name=""), _with(value=".*", isRegex=True), _with(value=""), differs=Differs.NEWER_WORDS),
    *_silences(_with(name="1bad"), differs=Differs.NEWER_NAMES),
    *_silences(_with(value="[", isRegex=True), silence(startsAt="soon"), differs=Differs.OWN_WORDS),
    *_silences(silence(matchers="x"), '{"a"', differs=Differs.OWN_WORDS),
    *_silences(silence(startsAt="2036-01-01T00:00:00Z"), silence(id=ID)),
    Exchange("GET", f"/api/v2/silence/{ID}"),
    Exchange("DELETE", f"/api/v2/silence/{ID}", None, Differs.GONE_BEFORE),
    Exchange("GET", "/api/v2/silence/"),
    Exchange("GET", "/api/v2/silence/zzz"),
    Exchange("PATCH", f"/api/v2/silence/{ID}"),
    *_alerts([{"labels": {"1bad": "x"}}], differs=Differs.NEWER_NAMES),
    *_alerts([{"labels": {"a": "b"}, "annotations": {"1bad": "x"}}], differs=Differs.NEWER_NAMES),
    *_alerts({"labels": {}}, [{"labels": {"a": 1}}], "[", differs=Differs.OWN_WORDS),
    *_alerts([{"labels": {"a": "b"}, "startsAt": "x"}], differs=Differs.OWN_WORDS),
    *_alerts('[{"labels":{"a":"b"}}] x', differs=Differs.GARBAGE),
    *_alerts("null", "", [], [{}], [{"labels": {}}]),
    *_alerts([None], differs=Differs.CRASHES),
    Exchange("POST", "/api/v2/alerts", "[]", media="application/json; charset=utf-8"),
    Exchange("POST", "/api/v2/alerts", "[]", media="text/plain"),
    *(Exchange("POST", f"/api/v2/{path}", "{}") for path in ("status", "receivers")),
    *(Exchange(method, "/api/v2/alerts") for method in ("DELETE", "OPTIONS")),
    Exchange("HEAD", "/api/v2/alerts"),
    Exchange("GET", "/api/v2/alerts/x"),
    Exchange("GET", "/api/v2/"),
    Exchange("GET", "/api/v2", None, Differs.REDIRECT),
    *(Exchange(method, f"/-/{path}") for path in ("healthy", "ready") for method in ("GET", "HEAD")),
    Exchange("POST", "/-/reload"),
    *(Exchange("PUT", path, None, Differs.OWN_PAGES) for path in ("/-/ready", "/-/reload", "/metrics")),
    Exchange("GET", "/nothing", None, Differs.OWN_PAGES),
    Exchange("GET", "/metrics", None, Differs.FORMAT),
)
