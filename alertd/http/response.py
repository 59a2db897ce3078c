"""An answer, and what its headers ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from alertd.clock import SECOND, from_datetime


@dataclass(frozen=True)
class Response:
    """An answer: header names are lower case; `truncated` when the body was longer than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The decoded body; raises `ValueError` when it is not JSON."""
        return json.loads(self.body)

    def retry_after(self, now: int) -> int | None:
        """The milliseconds that the server asked to be left alone, if it did."""
        return parse_retry_after(self.headers.get("retry-after", ""), now)


def parse_retry_after(value: str, now: int) -> int | None:
    """Milliseconds of a `Retry-After` header, which counts seconds or names a date; None when it says neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return int(value) * SECOND
    try:
        moment = from_datetime(parsedate_to_datetime(value))
    except ValueError:
        return None
    return max(0, moment - now)
