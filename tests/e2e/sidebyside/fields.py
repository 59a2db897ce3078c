"""Messages of every kind, field by field: one configuration in which each row has a receiver of its own."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

from tests.e2e.sidebyside.playing import iso
from tests.e2e.sidebyside.sides import Side, alertd, alertmanager
from tests.e2e.sidebyside.table import address
from tests.peers.serving import Answer
from tests.peers.smtp import SmtpPeer, Taken, smtp_peer

_HERE = Path(__file__).parent
_JSON = (("Content-Type", "application/json"),)
#: What each kind's server says to a good message; the others say nothing.
_ANSWERS = {
    "slack": Answer(200, "ok"),
    "pagerduty": Answer(202, '{"status": "success"}', _JSON),
    "opsgenie": Answer(202, '{"result": "taken"}', _JSON),
    "victorops": Answer(200, '{"result": "success"}', _JSON),
    "telegram": Answer(200, '{"ok": true, "result": {"message_id": 1, "chat": {"id": 7}}}', _JSON),
    "sns": Answer(200, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"),
}
_LABELS = {"alertname": "DiskFull", "job": "node", "severity": "page"}
_LINK = "http://p.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
_PROGRAMS_HEADERS = frozenset(
    {
        "auto-submitted",
        "content-transfer-encoding",
        "content-type",
        "date",
        "in-reply-to",
        "message-id",
        "references",
        "x-alertd-status",
        "x-auto-response-suppress",
    }
)
#: Seconds after which the group is flushed, and flushed again.
_WAIT, _INTERVAL = 1, 2


@dataclass(frozen=True)
class Row:
    """One receiver. `same_but`: a place in its messages → the difference that is there."""

    name: str
    kind: str
    keys: Mapping[str, Any]
    same_but: Mapping[str, str] = field(default_factory=dict)


def read_rows() -> list[Row]:
    """The rows of the table."""
    return [Row(**row) for row in yaml.safe_load((_HERE / "scenarios" / "fields.yml").read_text("utf-8"))]


def configuration(rows: Sequence[Row], url: str, mail_port: int) -> dict[str, Any]:
    """A configuration in which every alert goes to the receivers of all rows."""
    receivers, routes = [], []
    for row in rows:
        name = f"to.{row.name}"
        where = {"{url}": f"{url}/{address(row.name)}", "{to}": f"{address(row.name)}@example.org"}
        receivers.append({"name": name, f"{row.kind}_configs": [_placed(row.keys, where)]})
        # A matcher of its own: routes with the same matchers would share a group key on one of the sides.
        matchers = [f'no_{re.sub("-", "_", address(row.name))}!="x"']
        routes.append({"receiver": name, "continue": True, "matchers": matchers})
    return {
        "global": {
            "smtp_smarthost": f"127.0.0.1:{mail_port}",
            "smtp_from": "alerts@example.org",
            "smtp_require_tls": False,
        },
        "templates": [str(_HERE / "templates" / "*.tmpl")],
        "route": {
            "receiver": receivers[0]["name"],
            "group_by": ["alertname"],
            "group_wait": f"{_WAIT}s",
            "group_interval": f"{_INTERVAL}s",
            "repeat_interval": "1h",
            "routes": routes,
        },
        "receivers": receivers,
    }


def _placed(tree: Any, where: Mapping[str, str]) -> Any:
    """The keys of a row with the places that its receiver has here."""
    if isinstance(tree, Mapping):
        return {name: _placed(value, where) for name, value in tree.items()}
    if not isinstance(tree, str):
        return tree
    for mark, place in where.items():
        tree = tree.replace(mark, place)
    return tree


async def tell(rows: Sequence[Row], folder: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Alerts fire, and one of them ends; what each row's receiver was sent by either side, by the row's name."""
    async with AsyncExitStack() as stack:
        sides: list[tuple[Side, SmtpPeer]] = []
        for name, program in (("theirs", alertmanager), ("ours", alertd)):
            mails = await stack.enter_async_context(smtp_peer())
            configure = partial(configuration, rows, mail_port=mails.port)
            side = await stack.enter_async_context(program(folder / name, configure))
            for row in rows:
                if row.kind in _ANSWERS:
                    side.peer.default_at[address(row.name)] = _ANSWERS[row.kind]
            sides.append((side, mails))
        began = time.time()
        for at, alerts in ((0.0, _alerts(began)), (_WAIT + 0.5, _alerts(began, ended=began + 1.2)[:1])):
            await asyncio.sleep(began + at - time.time())
            await asyncio.gather(*(side.post("alerts", alerts) for side, _ in sides))
        await _until_quiet(sides, began + _WAIT + _INTERVAL)
        told = [{row.name: _bodies(row, side, mails) for row in rows} for side, mails in sides]
    return {row.name: (told[0][row.name], told[1][row.name]) for row in rows}


async def _until_quiet(sides: Sequence[tuple[Side, SmtpPeer]], at: float) -> None:
    """Wait until the second message was due, and nothing has come for a while on either side."""
    await asyncio.sleep(at + 0.5 - time.time())
    count = -1
    while count != (count := sum(len(side.peer.requests) + len(mails.mails) for side, mails in sides)):
        await asyncio.sleep(1)


def _alerts(began: float, ended: float | None = None) -> list[dict[str, Any]]:
    summaries = ('It <b>burns</b> & "smokes"', "Ünïcode “quotes” 🔥", "javascript:alert(1)")
    return [
        {
            "labels": {**_LABELS, "instance": f"h:{number}"},
            "annotations": {
                "summary": summary,
                "description": f"line 1\nline {number} <i>'x'</i>",
                "same": 'it\'s "the same" & <always>',
                "long": "lång " * 150,
            },
            "startsAt": iso(began),
            "endsAt": iso(began + 3600 if ended is None else ended),
            "generatorURL": _LINK,
        }
        for number, summary in enumerate(summaries, 1)
    ]


def _bodies(row: Row, side: Side, mails: SmtpPeer) -> list[Any]:
    if row.kind == "email":
        return [_mail(taken) for taken in mails.mails if f"{address(row.name)}@example.org" in taken.recipients]
    return [
        {"method": item.method, "path": item.path, "body": _body(item.body)}
        for item in side.peer.requests
        if address(row.name) in re.split("[/?]", item.path)
    ]


def _body(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _mail(taken: Taken) -> dict[str, Any]:
    """What somebody sees of a mail: the headers that are not made anew for every mail, and the parts as texts.

    The headers by which programs know each other's mails are left out, and so is the line end that closes a part.
    """
    headers = {name.lower(): str(value) for name, value in taken.mail.items() if name.lower() not in _PROGRAMS_HEADERS}
    parts = [part for part in taken.mail.walk() if not part.is_multipart()]
    return {
        "sender": taken.sender,
        "headers": headers,
        "parts": [part.get_content_type() for part in parts],
        **{part.get_content_subtype(): part.get_content().removesuffix("\r\n") for part in parts},
    }


def differing_places(theirs: Any, ours: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places at which two messages differ, with what each of them says there."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from differing_places(theirs.get(key), ours.get(key), f"{place}.{key}" if place else key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differing_places(their, our, f"{place}[{index}]")
    elif theirs != ours:
        yield place, theirs, ours
