"""The same requests to a real Alertmanager and to alertd in its place: what they answer, and where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.alertmanager.exchanges import EXCHANGES, Differs, Exchange
from tests.api.alertmanager.requests import REFUSALS
from tests.peers.alertmanager import ALERTD, real, running
from tests.peers.prometheus import free_address

pytestmark = pytest.mark.peer

CONFIG = "route: {receiver: team}\nreceivers: [{name: team}]\n"
# Alertmanager closes connections whose body it has not read to the end; no request may suffer from the one before.
FRESH = httpx.Limits(max_keepalive_connections=0)
# What Alertmanager's answers have since versions after Debian's.
_NEWER_FIELDS = frozenset({"mutedBy", "routeLabels"})
# Same in form alone: they are of the process, of the moment, or chosen by chance.
# Alertmanager names the methods of a path in any order.
_METHODS = re.compile(r"\[([A-Z,]+)\]")
_OF_THE_MOMENT = frozenset({"silenceID", "id", "updatedAt", "silencedBy", "uptime", "cluster", "versionInfo", "config"})


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real Alertmanager, which can hardly be told to choose its port by itself."""
    async with (
        running(real(), tmp_path / "real", CONFIG, listen=free_address()) as process,
        httpx.AsyncClient(base_url=process.url, limits=FRESH) as client,
    ):
        yield client


async def test_refusals(alertmanager: httpx.AsyncClient) -> None:
    """Every refusal of the table that is not alertd's own wording is Alertmanager's, to the letter."""
    for refusal in REFUSALS:
        if refusal.common:
            answer = await refusal.ask(alertmanager, "/api/v2")
            assert (answer.status_code, answer.json()) == (refusal.status, refusal.says), refusal


async def test_exchanges(alertmanager: httpx.AsyncClient, tmp_path: Path) -> None:
    """Status, media type and body are the same, request after request; a difference that is named is there."""
    async with (
        running(ALERTD, tmp_path / "alertd", CONFIG) as process,
        httpx.AsyncClient(base_url=process.url, limits=FRESH) as alertd,
    ):
        for exchange in EXCHANGES:
            theirs, ours = await _ask(alertmanager, exchange), await _ask(alertd, exchange)
            where = f"{exchange}\n{theirs}\n{ours}"
            if exchange.differs is Differs.NO:
                assert ours == theirs, where
            else:
                assert ours != theirs, where
            if exchange.differs in {Differs.OWN_WORDS, Differs.NEWER_WORDS}:
                assert ours[:2] == theirs[:2], where
                assert type(ours[2]) is type(theirs[2]), where


async def _ask(client: httpx.AsyncClient, exchange: Exchange) -> tuple[int, str, Any]:
    sent: dict[str, Any] = {}
    if isinstance(exchange.body, str):
        sent = {"content": exchange.body, "headers": {"Content-Type": exchange.media}}
    elif exchange.body is not None:
        sent = {"json": exchange.body}
    try:
        answer = await client.request(exchange.method, exchange.path, **sent)
    except httpx.RemoteProtocolError:
        return 0, "", "no answer"
    media = answer.headers.get("content-type", "") if answer.content else ""
    try:
        return answer.status_code, media, _comparable(json.loads(answer.content))
    except ValueError:
        return answer.status_code, media, answer.text


def _comparable(value: Any) -> Any:
    """The answer without what newer versions add, and with the form alone of what is different each time."""
    if isinstance(value, list):
        return sorted((_comparable(member) for member in value), key=str)
    if isinstance(value, str):
        return _METHODS.sub(lambda found: str(sorted(found[1].split(","))), value)
    if not isinstance(value, dict):
        return value
    moment = _OF_THE_MOMENT | {"startsAt"} if "createdBy" in value else _OF_THE_MOMENT
    receiver = value.keys() <= {"name", "labels"} and "name" in value
    return {
        key: _form(member) if key in moment else _comparable(member)
        for key, member in sorted(value.items())
        if key not in _NEWER_FIELDS and not (receiver and key == "labels")
    }


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _form(member) for key, member in sorted(value.items())}
    if isinstance(value, list):
        return [_form(member) for member in value]
    return type(value).__name__
