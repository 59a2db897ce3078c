"""Exchanges with a vendor beyond one JSON call: secrets as they are now, forms, several calls in one try, answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from alertd.clock import SECOND
from alertd.http import HttpClient, HttpError, Response
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.calls import plain
from alertd.notify.receivers.failures import no_answer, read_secret, refused

_FORM = {"content-type": "application/x-www-form-urlencoded"}


def secret_now(secret: SecretStr | None, path: str) -> str:
    """The secret as written, or what the file `path` holds now; raises `DeliveryFailed` for a file without one."""
    text = read_secret(plain(secret), path)
    if path and not text:
        raise DeliveryFailed(FailureReason.AUTH_ERROR, f"the file {path} is empty; write the secret into it")
    return text


@asynccontextmanager
async def sharing_time(time_limit: int, vendor: str) -> AsyncIterator[None]:
    """Several calls within `time_limit` milliseconds, the time of one try; raises `DeliveryFailed` when it is over."""
    try:
        async with asyncio.timeout(time_limit / SECOND):
            yield
    except TimeoutError as error:
        text = f"no answer from {vendor} within {time_limit} ms"
        raise DeliveryFailed(FailureReason.TIMEOUT, text, maybe_sent=True) from error


async def post_form(client: HttpClient, url: str, form: Mapping[str, str], *, time_limit: int) -> Response:
    """The answer to `form`, whatever its status; raises `DeliveryFailed` where there is none."""
    try:
        return await client.post(url, urlencode(form).encode(), _FORM, time_limit=time_limit)
    except HttpError as error:
        raise no_answer(error) from error


def refusal(
    response: Response,
    now: int,
    *,
    wait: int,
    temporary: Iterable[int] = (),
    broken: Iterable[int] = (),
    secrets: Iterable[str] = (),
) -> DeliveryFailed:
    """As `refused`, but a rate limit that does not say how long it lasts is left alone for `wait` milliseconds, and a
    status that breaks the channel without being about its keys says that the channel is gone."""
    failure = refused(response, now, temporary=temporary, broken=broken, secrets=secrets)
    if failure.channel_broken and failure.reason is FailureReason.CLIENT_ERROR:
        failure.reason = FailureReason.GONE
    if failure.reason is FailureReason.RATE_LIMITED and failure.retry_after is None:
        failure.retry_after = wait
    return failure


def json_object(response: Response) -> dict[str, Any]:
    """The object that the answer is, empty when it is anything else."""
    try:
        decoded = response.json()
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def seconds(value: object) -> int | None:
    """Milliseconds of a number of seconds in a vendor's JSON, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, round(value * SECOND)) if math.isfinite(value) else None
