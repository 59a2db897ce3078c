"""Sends requests of remote write 1.0 to whoever takes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cramjam

from alertd.http import HttpClient, HttpError

_HEADERS = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}
_TOO_MANY_REQUESTS = 429
_MAX_QUOTED = 300


class Verdict(Enum):
    """What became of a request: taken, refused for good, or to be sent again."""

    TAKEN = "taken"
    REFUSED = "refused"
    AGAIN = "again"


@dataclass(frozen=True)
class Outcome:
    """How a request ended, what was said about it, and for how many milliseconds the other end asks for a pause."""

    verdict: Verdict
    text: str = ""
    pause: int = 0


@dataclass(frozen=True)
class RemoteWriter:
    """Somebody who takes remote write; a request may take `timeout` milliseconds, and is tried for `max_age`."""

    client: HttpClient
    url: str
    timeout: int
    max_age: int

    async def send(self, message: bytes, now: int) -> Outcome:
        """Send a message at the instant `now`. Servers' errors, 429 and what never arrived are to be sent again."""
        body = bytes(cramjam.snappy.compress_raw(message))
        try:
            response = await self.client.post(self.url, body, _HEADERS, time_limit=self.timeout)
        except HttpError as error:
            return Outcome(Verdict.AGAIN, str(error))
        if response.is_success:
            return Outcome(Verdict.TAKEN)
        text = f"answered {response.status}: {response.text.strip()[:_MAX_QUOTED]}"
        if response.status >= 500 or response.status == _TOO_MANY_REQUESTS:
            return Outcome(Verdict.AGAIN, text, response.retry_after(now) or 0)
        return Outcome(Verdict.REFUSED, text)
