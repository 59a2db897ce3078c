"""`/api/v2/swagger.json`: this API described, in the form that Alertmanager's own clients are made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Response

from alertd.api.alertmanager.answers import answer

router = APIRouter()

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_TIME: Json = {"type": "string", "format": "date-time"}
_FLAG: Json = {"type": "boolean"}
_LABELS: Json = {"type": "object", "additionalProperties": _TEXT}
_ERROR: Json = {"description": "What is wrong with the request", "schema": _TEXT}


@router.get("/swagger.json")
async def get_swagger() -> Response:
    """The description."""
    return answer(DOCUMENT)


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _list(of: Json, **bounds: int) -> Json:
    return {"type": "array", "items": of, **bounds}


def _object(required: Iterable[str], **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


def _both(*parts: Json) -> Json:
    return {"allOf": list(parts)}


def _says(text: str, schema: Json | None = None) -> Json:
    return {"description": text, "schema": schema} if schema else {"description": text}


def _flag(name: str, text: str) -> Json:
    return {"in": "query", "name": name, "description": text, "type": "boolean", "default": True}


def _texts(name: str, text: str) -> Json:
    return {
        "in": "query",
        "name": name,
        "description": text,
        "type": "array",
        "collectionFormat": "multi",
        "items": _TEXT,
    }


def _body(name: str, schema: Json) -> Json:
    return {"in": "body", "name": name, "description": "What is sent", "required": True, "schema": schema}


def _operation(tag: str, name: str, text: str, parameters: list[Json], *errors: str, ok: Json) -> Json:
    responses = {"200": ok, **{code: _ERROR if code != "404" else _says("There is no such thing") for code in errors}}
    return {"tags": [tag], "operationId": name, "description": text, "parameters": parameters, "responses": responses}


_FILTER = _texts("filter", "Matchers that all must fit")
_RECEIVERS = _texts("receiver_matchers", "Matchers of the receivers' labels")
_STATES = [
    _flag("active", "Whether active alerts are listed"),
    _flag("silenced", "Whether silenced alerts are listed"),
    _flag("inhibited", "Whether inhibited alerts are listed"),
]
_RECEIVER: Json = {
    "in": "query",
    "name": "receiver",
    "description": "An anchored expression of names",
    "type": "string",
}
_UUID: Json = {
    "in": "path",
    "name": "silenceID",
    "description": "Its id",
    "required": True,
    "type": "string",
    "format": "uuid",
}

_VERSION = ("version", "revision", "branch", "buildUser", "buildDate", "goVersion")
_DEFINITIONS: Json = {
    "alertmanagerStatus": _object(
        ("cluster", "versionInfo", "config", "uptime"),
        cluster=_ref("clusterStatus"),
        versionInfo=_ref("versionInfo"),
        config=_ref("alertmanagerConfig"),
        uptime=_TIME,
    ),
    "clusterStatus": _object(
        ("status",),
        name=_TEXT,
        status={"type": "string", "enum": ["ready", "settling", "disabled"]},
        peers=_list(_ref("peerStatus")),
    ),
    "peerStatus": _object(("name", "address"), name=_TEXT, address=_TEXT),
    "alertmanagerConfig": _object(("original",), original=_TEXT),
    "versionInfo": _object(_VERSION, **dict.fromkeys(_VERSION, _TEXT)),
    "labelSet": _LABELS,
    "receiver": _object(("name",), name=_TEXT, labels=_LABELS),
    "matchers": _list(_ref("matcher"), minItems=1),
    "matcher": _object(
        ("name", "value", "isRegex"), name=_TEXT, value=_TEXT, isRegex=_FLAG, isEqual={**_FLAG, "default": True}
    ),
    "silence": _object(
        ("matchers", "startsAt", "endsAt", "createdBy", "comment"),
        matchers=_ref("matchers"),
        startsAt=_TIME,
        endsAt=_TIME,
        createdBy=_TEXT,
        comment=_TEXT,
        annotations=_ref("labelSet"),
    ),
    "silenceStatus": _object(("state",), state={"type": "string", "enum": ["expired", "active", "pending"]}),
    "gettableSilence": _both(
        _object(("id", "status", "updatedAt"), id=_TEXT, status=_ref("silenceStatus"), updatedAt=_TIME),
        _ref("silence"),
    ),
    "gettableSilences": _list(_ref("gettableSilence")),
    "postableSilence": _both(_object((), id=_TEXT), _ref("silence")),
    "alert": _object(("labels",), labels=_ref("labelSet"), generatorURL={"type": "string", "format": "uri"}),
    "alertStatus": _object(
        ("state", "silencedBy", "inhibitedBy", "mutedBy"),
        state={"type": "string", "enum": ["unprocessed", "active", "suppressed"]},
        silencedBy=_list(_TEXT),
        inhibitedBy=_list(_TEXT),
        mutedBy=_list(_TEXT),
    ),
    "gettableAlert": _both(
        _object(
            ("receivers", "fingerprint", "startsAt", "updatedAt", "endsAt", "annotations", "status"),
            annotations=_ref("labelSet"),
            receivers=_list(_ref("receiver")),
            fingerprint=_TEXT,
            startsAt=_TIME,
            updatedAt=_TIME,
            endsAt=_TIME,
            status=_ref("alertStatus"),
        ),
        _ref("alert"),
    ),
    "gettableAlerts": _list(_ref("gettableAlert")),
    "postableAlert": _both(_object((), startsAt=_TIME, endsAt=_TIME, annotations=_ref("labelSet")), _ref("alert")),
    "postableAlerts": _list(_ref("postableAlert")),
    "alertGroup": _object(
        ("labels", "receiver", "alerts"),
        labels=_ref("labelSet"),
        routeLabels=_ref("labelSet"),
        receiver=_ref("receiver"),
        alerts=_list(_ref("gettableAlert")),
    ),
    "alertGroups": _list(_ref("alertGroup")),
}

_PATHS: Json = {
    "/status": {
        "get": _operation(
            "general", "getStatus", "What runs here", [], ok=_says("The status", _ref("alertmanagerStatus"))
        )
    },
    "/receivers": {
        "get": _operation(
            "receiver",
            "getReceivers",
            "The receivers of the configuration",
            [_RECEIVERS],
            "400",
            ok=_says("The receivers", _list(_ref("receiver"))),
        )
    },
    "/silences": {
        "get": _operation(
            "silence",
            "getSilences",
            "The silences that have every matcher of the filter",
            [
                _FILTER,
                *(_flag(state, f"Whether {state} ones are listed") for state in ("active", "expired", "pending")),
            ],
            "400",
            "500",
            ok=_says("The silences", _ref("gettableSilences")),
        ),
        "post": _operation(
            "silence",
            "postSilences",
            "Make a silence, or change the one with its id",
            [_body("silence", _ref("postableSilence"))],
            "400",
            "404",
            ok=_says("Its id", _object((), silenceID=_TEXT)),
        ),
    },
    "/silence/{silenceID}": {
        "parameters": [_UUID],
        "get": _operation(
            "silence", "getSilence", "One silence", [], "404", "500", ok=_says("It", _ref("gettableSilence"))
        ),
        "delete": _operation("silence", "deleteSilence", "End a silence", [], "404", "500", ok=_says("It has ended")),
    },
    "/alerts": {
        "get": _operation(
            "alert",
            "getAlerts",
            "The alerts that fire",
            [*_STATES, _flag("unprocessed", "Means nothing"), _FILTER, _RECEIVER, _RECEIVERS],
            "400",
            "500",
            ok=_says("The alerts", _ref("gettableAlerts")),
        ),
        "post": _operation(
            "alert",
            "postAlerts",
            "Send alerts",
            [_body("alerts", _ref("postableAlerts"))],
            "400",
            "500",
            ok=_says("All were taken"),
        ),
    },
    "/alerts/groups": {
        "get": _operation(
            "alertgroup",
            "getAlertGroups",
            "The alerts that fire, in the groups in which they are told",
            [
                *_STATES,
                _flag("muted", "Whether alerts muted by a time interval are listed"),
                _FILTER,
                _RECEIVER,
                _RECEIVERS,
            ],
            "400",
            "500",
            ok=_says("The groups", _ref("alertGroups")),
        )
    },
}

#: The whole description, in version 2.0 of the form.
DOCUMENT: Json = {
    "swagger": "2.0",
    "info": {
        "title": "Alertmanager API",
        "description": "Alertmanager's API as alertd answers it",
        "version": "0.0.1",
    },
    "basePath": "/api/v2",
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": _PATHS,
    "definitions": _DEFINITIONS,
}
