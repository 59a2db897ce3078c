"""WeCom's API: tokens for one application, and messages with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

CORPORATION = "ww1234567890abcdef"
SECRET = "wechat-app-secret"

_KEYS = {"touser", "toparty", "totag", "agentid", "msgtype", "safe", "text", "markdown"}


@dataclass
class WechatPeer(VendorPeer):
    """`api` is its base; `tokens` are those that count."""

    tokens: list[str] = field(default_factory=list)
    issued: int = 0

    @property
    def api(self) -> str:
        return f"{self.url}/cgi-bin/"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [call.json for call in self.calls if call.path.endswith("/message/send")]

    def answer(self, call: Call) -> Answer:
        if call.path == "/cgi-bin/gettoken" and call.method == "GET":
            return self._token(call)
        if call.path != "/cgi-bin/message/send":
            return Answer(404)
        if call.query.get("access_token") not in self.tokens:
            return _error(42001, "access_token expired")
        body = call.json
        self.problems += [f"unknown key {key}" for key in body.keys() - _KEYS]
        if not any(body.get(key) for key in ("touser", "toparty", "totag")):
            return _error(82001, "to user&to party&to tag all empty")
        if body["msgtype"] not in ("text", "markdown"):
            self.problems.append("msgtype is unknown")
        content = body[body["msgtype"]]["content"]
        if not 0 < len(content.encode()) <= 2048:
            self.problems.append("content is empty or longer than 2048 bytes")
        return _error(0, "ok")

    def _token(self, call: Call) -> Answer:
        if call.query.get("corpid") != CORPORATION:
            return _error(40013, "invalid corpid")
        if call.query.get("corpsecret") != SECRET:
            return _error(40001, "invalid credential")
        self.issued += 1
        self.tokens = [f"token-{self.issued}"]
        return says(200, {"errcode": 0, "errmsg": "ok", "access_token": self.tokens[0], "expires_in": 7200})


def _error(code: int, text: str) -> Answer:
    return says(200, {"errcode": code, "errmsg": text})
