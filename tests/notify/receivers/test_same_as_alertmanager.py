"""Each vendor gets from alertd what a real Alertmanager sends it, for the same configuration and the same alerts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import to_rfc3339
from alertd.config.loading import parse_config
from alertd.http import HttpClients
from alertd.notify.data import quote_meta
from alertd.notify.message import Message, MessageAlert
from alertd.notify.receivers.build import build_receivers
from tests.e2e.sidebyside.sides import EXTERNAL_URL, alertmanager
from tests.notify.messages import NOW, make_alert, make_message
from tests.peers.discord import DiscordPeer
from tests.peers.opsgenie import API_KEY, OpsgeniePeer
from tests.peers.telegram import CHAT, TelegramPeer
from tests.peers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.peers.vendor import Call, VendorPeer, listening
from tests.peers.webex import ROOM, WebexPeer
from tests.peers.webex import TOKEN as WEBEX_TOKEN
from tests.peers.wechat import CORPORATION, SECRET, WechatPeer

LABELS = {"alertname": "DiskFull", "instance": "db1", "severity": "page"}
ALERTS = (
    make_alert(LABELS, {"summary": "Disk is full", "runbook": "https://example.org/?a=1&b=<2>"}),
    make_alert({**LABELS, "instance": "db2"}, {"summary": "Ünïcode “quotes”", "runbook": "r"}),
    make_alert({**LABELS, "instance": "db3"}, {"summary": "Disk is full"}, resolved=True),
)


@dataclass(frozen=True)
class Vendors:
    """The loopback servers by kind."""

    peers: Mapping[str, VendorPeer]

    def configure(self, group_by: list[str]) -> dict[str, Any]:
        """A configuration that tells all of them, as both programs read it."""
        peers = self.peers
        custom = {
            "title": "{{ .Status }} {{ .Receiver }}",
            "message": '{{ range .Alerts }}{{ .Labels.SortedPairs.Values | join " " }}{{ end }}',
        }
        discord = {"webhook_url": f"{peers['discord'].url}/api/webhooks/1234567890/aBcD-eFgH"}
        telegram = {"api_url": peers["telegram"].url, "bot_token": TELEGRAM_TOKEN, "chat_id": CHAT}
        opsgenie = {"api_url": peers["opsgenie"].url, "api_key": API_KEY}
        responders = [{"name": "a,b", "type": "teams"}, {"name": "{{ .GroupLabels.severity }}", "type": "schedule"}]
        details = {"team": "{{ .CommonLabels.alertname }}"}
        wechat = {"api_url": f"{peers['wechat'].url}/cgi-bin/", "api_secret": SECRET, "corp_id": CORPORATION}
        webex = {"api_url": f"{peers['webex'].url}/v1/messages", "room_id": ROOM}
        authorization = {"http_config": {"authorization": {"credentials": WEBEX_TOKEN}}}
        return {
            "route": {"receiver": "team.x", "group_by": group_by, "group_wait": "1s"},
            "receivers": [
                {
                    "name": "team.x",
                    "discord_configs": [discord, {**discord, **custom}],
                    "telegram_configs": [
                        telegram,
                        {**telegram, "message": custom["message"], "parse_mode": "", "disable_notifications": True},
                    ],
                    "opsgenie_configs": [
                        opsgenie,
                        {
                            **opsgenie,
                            "responders": responders,
                            "details": details,
                            "tags": "x,,y",
                            "priority": "P1",
                            "update_alerts": True,
                            "message": custom["title"],
                        },
                    ],
                    "wechat_configs": [
                        {**wechat, "to_user": "@all", "send_resolved": True},
                        {**wechat, "to_tag": "{{ .Status }}", "message": "m", "message_type": "markdown"},
                    ],
                    "webex_configs": [{**webex, **authorization}],
                }
            ],
        }

    def told(self) -> dict[str, list[tuple[str, str, Any]]]:
        """What each was sent, sorted; calls for tokens aside, which depend on what is kept."""
        return {
            kind: sorted(
                ((call.method, call.path, _body(call)) for call in peer.calls if "gettoken" not in call.path),
                key=json.dumps,
            )
            for kind, peer in self.peers.items()
        }


def _body(call: Call) -> Any:
    """The JSON, without the one known difference: Alertmanager writes Telegram's numbers and truth values as texts."""
    body: Any = call.json
    if call.path.endswith("/sendMessage"):
        return {name: value if isinstance(value, str) else str(value).lower() for name, value in body.items()}
    return body


@asynccontextmanager
async def _vendors() -> AsyncIterator[Vendors]:
    kinds: dict[str, VendorPeer] = {
        "discord": DiscordPeer(),
        "telegram": TelegramPeer(),
        "opsgenie": OpsgeniePeer(),
        "wechat": WechatPeer(),
        "webex": WebexPeer(),
    }
    async with AsyncExitStack() as stack:
        for peer in kinds.values():
            await stack.enter_async_context(listening(peer))
        yield Vendors(kinds)


async def _told_by_alertmanager(folder: Path, alerts: tuple[MessageAlert, ...], group_by: list[str]) -> Any:
    async with _vendors() as vendors, alertmanager(folder, lambda _: vendors.configure(group_by)) as side:
        await side.post("alerts", [_posted(alert) for alert in alerts])
        async with asyncio.timeout(60):
            while sum(len(calls) for calls in vendors.told().values()) < 11:
                await asyncio.sleep(0.05)
        return vendors.told()


def _posted(alert: MessageAlert) -> dict[str, Any]:
    posted = {"labels": alert.labels, "annotations": alert.annotations, "generatorURL": alert.generator_url}
    if alert.ends_at is None:
        return posted
    return {**posted, "startsAt": to_rfc3339(alert.starts_at), "endsAt": to_rfc3339(alert.ends_at)}


async def _told_by_alertd(message: Message, group_by: list[str]) -> Any:
    clients = HttpClients()
    async with _vendors() as vendors:
        text = json.dumps(vendors.configure(group_by))
        config = parse_config(text, "alertd.yml", Path(), {})
        receivers, _ = build_receivers(config, clients, now=lambda: NOW)
        for receiver in receivers.values():
            await receiver.send(message)
        await clients.aclose()
        return vendors.told()


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_same_as_alertmanager(tmp_path: Path, count: int) -> None:
    """Discord, Telegram, Opsgenie, WeChat and Webex: the same calls with the same bodies, defaults and templates."""
    group_by = ["alertname", "severity"]
    alerts = ALERTS[:count]
    told = await _told_by_alertmanager(tmp_path / "am", alerts, group_by)
    message = make_message(
        *alerts,
        receiver="team.x",
        external_url=EXTERNAL_URL,
        group_key='{}:{alertname="DiskFull", severity="page"}',
        group_labels={name: LABELS[name] for name in group_by},
    )
    assert quote_meta(message.receiver) == r"team\.x"
    assert await _told_by_alertd(message, group_by) == told
