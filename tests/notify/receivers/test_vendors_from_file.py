"""The vendors' receivers as a file configures them: what they take from `global`, and what is refused at the start."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from alertd.config.loading import Config, parse_config
from alertd.errors import InvalidInput
from alertd.http import HttpClients
from alertd.notify.receivers.build import build_receivers
from tests.notify.messages import NOW, make_message
from tests.peers.discord import DiscordPeer
from tests.peers.msteams import TeamsPeer
from tests.peers.opsgenie import API_KEY, OpsgeniePeer
from tests.peers.pushover import TOKEN as PUSHOVER_TOKEN
from tests.peers.pushover import USER
from tests.peers.telegram import CHAT, TelegramPeer
from tests.peers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.peers.vendor import listening
from tests.peers.webex import ROOM, WebexPeer
from tests.peers.webex import TOKEN as WEBEX_TOKEN
from tests.peers.wechat import CORPORATION, SECRET, WechatPeer


def _config(text: str, directory: Path = Path()) -> Config:
    return parse_config("route: {receiver: r}\n" + text, "alertd.yml", directory, {})


async def test_each_kind_delivers_with_the_global_settings(tmp_path: Path) -> None:
    """Addresses and keys of `global` reach the vendors, also those in files beside the configuration."""
    (tmp_path / "key").write_text(API_KEY)
    (tmp_path / "token").write_text(TELEGRAM_TOKEN)
    clients = HttpClients()
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(listening(DiscordPeer()))
        teams = await stack.enter_async_context(listening(TeamsPeer()))
        opsgenie = await stack.enter_async_context(listening(OpsgeniePeer()))
        telegram = await stack.enter_async_context(listening(TelegramPeer()))
        webex = await stack.enter_async_context(listening(WebexPeer()))
        wechat = await stack.enter_async_context(listening(WechatPeer()))
        text = f"""
global:
  opsgenie_api_url: {opsgenie.url}
  opsgenie_api_key_file: key
  telegram_api_url: {telegram.url}
  telegram_bot_token_file: token
  webex_api_url: {webex.messages}
  wechat_api_url: {wechat.api}
  wechat_api_secret: {SECRET}
  wechat_api_corp_id: {CORPORATION}
receivers:
  - name: r
    discord_configs: [{{webhook_url: '{discord.webhook}'}}]
    opsgenie_configs: [{{}}]
    wechat_configs: [{{to_user: '@all'}}]
    telegram_configs: [{{chat_id: {CHAT}}}]
    webex_configs: [{{room_id: {ROOM}, http_config: {{authorization: {{credentials: {WEBEX_TOKEN}}}}}}}]
    msteams_configs: [{{webhook_url: '{teams.connector}'}}]
    msteamsv2_configs: [{{webhook_url: '{teams.workflow}'}}]
"""
        receivers, _ = build_receivers(_config(text, tmp_path), clients, now=lambda: NOW)
        answers = {kind: await receiver.send(make_message()) for kind, receiver in receivers.items()}
        problems = [peer.problems for peer in (discord, teams, opsgenie, telegram, webex, wechat)]
    await clients.aclose()
    assert problems == [[]] * 6
    assert {kind.split("/")[1]: delivered.status_code for kind, delivered in answers.items()} == {
        "discord": 204,
        "opsgenie": 202,
        "wechat": 200,
        "telegram": 200,
        "webex": 200,
        "msteams": 200,
        "msteamsv2": 202,
    }


async def test_who_hears_of_acknowledgements() -> None:
    """Those whose vendor knows them, or rings until somebody does."""
    text = f"""
receivers:
  - name: r
    discord_configs: [{{webhook_url: 'https://discord.test/x'}}]
    opsgenie_configs: [{{api_key: k}}]
    pushover_configs: [{{token: {PUSHOVER_TOKEN}, user_key: {USER}}}]
    wechat_configs: [{{api_secret: s, corp_id: c}}]
    telegram_configs: [{{bot_token: t, chat_id: 1}}]
    webex_configs: [{{room_id: x, http_config: {{authorization: {{credentials: t}}}}}}]
    msteams_configs: [{{webhook_url: 'https://teams.test/x'}}]
    msteamsv2_configs: [{{webhook_url: 'https://teams.test/x'}}]
"""
    clients = HttpClients()
    _, integrations = build_receivers(_config(text), clients, now=lambda: NOW)
    await clients.aclose()
    told = {integration.id.split("/")[1] for integration in integrations["r"] if integration.wants_acknowledged}
    assert told == {"opsgenie", "pushover"}


@pytest.mark.parametrize(
    "integration",
    [
        "discord_configs: [{webhook_url: 'https://discord.test/x', title: '{{ if }}'}]",
        "opsgenie_configs: [{api_key: k, details: {a: '{{ if }}'}}]",
        "pushover_configs: [{token: '{{ if }}', user_key: u}]",
        "telegram_configs: [{bot_token: t, chat_id: 1, message: '{{ if }}'}]",
        "msteamsv2_configs: [{webhook_url: 'https://teams.test/x', text: '{{ if }}'}]",
        "wechat_configs: [{api_secret: s, corp_id: c, to_tag: '{{ if }}'}]",
    ],
)
def test_texts_that_are_no_templates(integration: str) -> None:
    """They are refused when the file is read, at their place."""
    with pytest.raises(InvalidInput) as caught:
        build_receivers(_config(f"receivers:\n  - name: r\n    {integration}\n"), HttpClients(), now=lambda: NOW)
    [problem] = caught.value.problems
    assert (problem.line, problem.column > 20) == (4, True)
