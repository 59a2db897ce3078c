"""Webex' messages API: one bot, one room."""

from __future__ import annotations

from tests.peers.serving import Answer
from tests.peers.vendor import Call, VendorPeer, says

TOKEN = "webex-bot-token"
ROOM = "Y2lzY29zcGFyazovL3VzL1JPT00vMQ"


class WebexPeer(VendorPeer):
    """`messages` takes messages."""

    @property
    def messages(self) -> str:
        return f"{self.url}/v1/messages"

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return says(401, {"message": "The request requires a valid access token set in the Authorization header"})
        body = call.json
        self.problems += [f"unknown key {key}" for key in body.keys() - {"markdown", "roomId"}]
        if body.get("roomId") != ROOM:
            return says(404, {"message": "Could not find a room with provided ID.", "trackingId": "t"})
        if not 0 < len(body.get("markdown", "").encode()) <= 7439:
            self.problems.append("markdown is empty or longer than 7439 bytes")
            return says(400, {"message": "Message is too long"})
        return says(200, {"id": "m", "roomId": ROOM})
