"""What receivers that speak HTTP do alike: default texts, rendering that fails for good, posting JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from pydantic import SecretStr

from alertd.http import HttpClient, HttpError, Response
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import no_answer
from alertd.notify.templates import TemplateFailed


def plain(secret: SecretStr | None) -> str:
    """The text of a secret, empty where there is none."""
    return secret.get_secret_value() if secret else ""


def or_built_in(template: str | None, name: str) -> str:
    """`template`, or the built-in one of this name where the configuration has none; empty text is a template."""
    return f'{{{{ template "{name}" . }}}}' if template is None else template


@contextmanager
def rendering() -> Iterator[None]:
    """Turns a template's failure into one of the delivery; no other try can cure it."""
    try:
        yield
    except TemplateFailed as error:
        raise DeliveryFailed(FailureReason.TEMPLATE, str(error), permanent=True) from error


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that say something, as Go's `omitempty` leaves them."""
    return {name: value for name, value in values.items() if value}


async def call_json(
    client: HttpClient,
    method: str,
    url: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    time_limit: int,
) -> Response:
    """The answer to a request with `body` as JSON, whatever its status; raises `DeliveryFailed` where there is none."""
    content = b"" if body is None else msgspec.json.encode(body)
    try:
        return await client.request(
            method, url, content, {"content-type": "application/json", **(headers or {})}, time_limit=time_limit
        )
    except HttpError as error:
        raise no_answer(error) from error
