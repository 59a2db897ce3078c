"""Templates of messages: Alertmanager's data and functions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes

from alertd.gotemplate.errors import FunctionError
from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gojson import to_json
from alertd.gotemplate.gotime import GoTime, load_zone
from alertd.gotemplate.humanize import humanize_duration
from alertd.gotemplate.literals import go_bytes, go_string
from alertd.gotemplate.regexps import matches, replace_all
from alertd.gotemplate.template import TemplateSet
from alertd.gotemplate.values import KV, SafeHTML, SafeURL, StringList
from alertd.gotemplate.words import title_case

PER_EXECUTION: Final = ("now", "since", "routeLabels")
_FIRING: Final = "firing"
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)


def _json_names(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: name[0].lower() + name[1:] for name in fields}


@dataclass(frozen=True)
class TemplateAlert:
    """One alert of a message; `status` is `firing` or `resolved`."""

    status: str
    labels: KV
    annotations: KV
    starts_at: GoTime
    ends_at: GoTime
    generator_url: str = ""
    fingerprint: str = ""

    __go_type__: ClassVar[str] = "template.Alert"
    __go_fields__: ClassVar[dict[str, str]] = {
        "Status": "status",
        "Labels": "labels",
        "Annotations": "annotations",
        "StartsAt": "starts_at",
        "EndsAt": "ends_at",
        "GeneratorURL": "generator_url",
        "Fingerprint": "fingerprint",
    }
    __go_json__: ClassVar[dict[str, str]] = _json_names(__go_fields__)


class Alerts(tuple[TemplateAlert, ...]):
    """The alerts of a message: a list with `.Firing` and `.Resolved`."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "template.Alerts"
    __go_fields__: ClassVar[dict[str, str]] = {"Firing": "firing", "Resolved": "resolved"}

    def firing(self) -> Alerts:
        return Alerts(alert for alert in self if alert.status == _FIRING)

    def resolved(self) -> Alerts:
        return Alerts(alert for alert in self if alert.status != _FIRING)


@dataclass(frozen=True)
class TemplateData:
    """What `.` is in a message.

    `receiver` is the plain name; templates see it with the characters of a regular expression escaped, as
    Alertmanager shows it.
    """

    receiver: str
    status: str
    alerts: Alerts
    group_labels: KV
    common_labels: KV
    common_annotations: KV
    external_url: str = ""
    notification_reason: str = "unknown"
    route_labels: KV = field(default_factory=KV)

    __go_type__: ClassVar[str] = "template.Data"
    __go_fields__: ClassVar[dict[str, str]] = {
        "Receiver": "quoted_receiver",
        "Status": "status",
        "Alerts": "alerts",
        "NotificationReason": "notification_reason",
        "GroupLabels": "group_labels",
        "CommonLabels": "common_labels",
        "CommonAnnotations": "common_annotations",
        "RouteLabels": "route_labels",
        "ExternalURL": "external_url",
    }
    __go_json__: ClassVar[dict[str, str]] = _json_names(__go_fields__)

    @property
    def quoted_receiver(self) -> str:
        return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", self.receiver)


def message_templates(*, html: bool = False) -> TemplateSet:
    """An empty set with Alertmanager's functions; with `html` values are escaped for HTML."""
    return TemplateSet(alertmanager_functions(), html=html)


def execution_functions(*, now_milliseconds: int, route_labels: Mapping[str, str]) -> dict[str, Callable[..., object]]:
    """The functions that depend on the message: `now`, `since` and `routeLabels`, for `Template.execute`."""
    now = GoTime.from_milliseconds(now_milliseconds)

    def since(moment: GoTime) -> GoDuration:
        return now.sub(moment)

    def route_label(name: str) -> str:
        return route_labels.get(name, "")

    return {"now": lambda: now, "since": since, "routeLabels": route_label}


def alertmanager_functions() -> dict[str, Callable[..., object]]:
    """Alertmanager's functions by name.

    The three that depend on the message (PER_EXECUTION) refuse to be called until an execution gives its own.
    """
    return {
        **{name: _undefined(name) for name in PER_EXECUTION},
        "append": _append,
        "base64decode": _base64_decode,
        "base64encode": _base64_encode,
        "date": _date,
        "dict": _dict,
        "humanizeDuration": humanize_duration,
        "join": _join,
        "list": lambda *values: list(values),
        "match": matches,
        "mustToDate": _must_to_date,
        "reReplaceAll": replace_all,
        "safeHtml": _safe_html,
        "safeUrl": _safe_url,
        "stringSlice": _string_slice,
        "title": _title,
        "toDate": _to_date,
        "toJson": to_json,
        "toLower": _to_lower,
        "toUpper": _to_upper,
        "trimSpace": _trim_space,
        "tz": _in_zone,
        "urlUnescape": _url_unescape,
    }


def _undefined(name: str) -> Callable[..., object]:
    def refuse(*_: object) -> object:
        raise FunctionError(f"{name} is not available here")

    return refuse


def _append(values: list[object], *more: object) -> list[object]:
    return [*values, *more]


def _base64_encode(text: str) -> str:
    return base64.urlsafe_b64encode(go_bytes(text)).decode()


def _base64_decode(text: str) -> str:
    try:
        return go_string(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise FunctionError(f"illegal base64 data in {text!r}; the URL-safe alphabet is expected") from None


def _date(layout: str, moment: GoTime) -> str:
    return moment.format(layout)


def _dict(*values: object) -> dict[str, object]:
    if len(values) % 2:
        raise FunctionError("dict needs an even number of arguments: a key before every value")
    made: dict[str, object] = {}
    for key, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(key, str):
            raise FunctionError("the keys of dict must be strings")
        made[key] = value
    return made


def _join(separator: str, values: Iterable[str]) -> str:
    return separator.join(map(str, values))


def _to_date(layout: str, text: str) -> GoTime:
    """The time in the text, or Go's zero time when the text does not follow the layout."""
    try:
        return GoTime.parse(layout, text)
    except ValueError:
        return GoTime.zero()


def _must_to_date(layout: str, text: str) -> GoTime:
    return GoTime.parse(layout, text)


def _safe_html(text: str) -> str:
    return SafeHTML(text)


def _safe_url(text: str) -> str:
    return SafeURL(text)


def _string_slice(*values: str) -> StringList:
    return StringList(values)


def _title(text: str) -> str:
    return title_case(text, lower_rest=True)


def _to_lower(text: str) -> str:
    return text.lower()


def _to_upper(text: str) -> str:
    return text.upper()


def _trim_space(text: str) -> str:
    return text.strip()


def _in_zone(name: str, moment: GoTime) -> GoTime:
    return moment.in_zone(load_zone(name))


def _url_unescape(text: str) -> str:
    wrong = _BAD_ESCAPE.search(text)
    if wrong:
        raise FunctionError(f'invalid URL escape "{wrong[0]}"')
    return go_string(unquote_to_bytes(text.replace("+", " ")))
