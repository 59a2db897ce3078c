"""Turns what went wrong at a provider into a `DeliveryFailed`, the same way for every receiver that speaks HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alertd.http import HttpError, HttpErrorKind, Response, redact
from alertd.notify.receivers.base import DeliveryFailed, FailureReason

_EXCERPT = 200
_REASONS = {
    HttpErrorKind.TIMEOUT: FailureReason.TIMEOUT,
    HttpErrorKind.CONNECTION: FailureReason.CONNECTION,
    HttpErrorKind.TLS: FailureReason.TLS,
    HttpErrorKind.URL: FailureReason.CLIENT_ERROR,
    HttpErrorKind.CREDENTIALS: FailureReason.AUTH_ERROR,
}


def no_answer(error: HttpError) -> DeliveryFailed:
    """The failure of a request without an answer. Only an address that is none cannot be cured by waiting."""
    broken = error.kind is HttpErrorKind.URL
    return DeliveryFailed(
        _REASONS[error.kind],
        str(error),
        permanent=broken,
        channel_broken=broken,
        maybe_sent=error.maybe_delivered,
    )


def refused(
    response: Response,
    now: int,
    *,
    temporary: Iterable[int] = (),
    broken: Iterable[int] = (),
    secrets: Iterable[str] = (),
) -> DeliveryFailed:
    """The failure of an answer that is not the expected one, by its status.

    408, 429 and every 5xx are worth another try, `temporary` adds to them; every other status is permanent. 401, 403
    and 410 break the channel, `broken` adds to them. A gateway that gave up waiting may have passed the message on.
    """
    status = response.status
    again = status in {408, 429} or status >= 500 or status in set(temporary)
    gone = not again and status in {401, 403, 410, *broken}
    return DeliveryFailed(
        _reason(status),
        redact(f"unexpected status code {status}{_excerpt(response)}", *secrets),
        permanent=not again,
        channel_broken=gone,
        retry_after=response.retry_after(now) if again else None,
        maybe_sent=status in {408, 504},
        status_code=status,
    )


def read_secret(value: str, path: str) -> str:
    """`value`, or what the file `path` holds now; a file that cannot be read is a failure worth another try."""
    if value or not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DeliveryFailed(FailureReason.AUTH_ERROR, f"cannot read the secret in {path}") from error


def _reason(status: int) -> FailureReason:
    if status in {401, 403}:
        return FailureReason.AUTH_ERROR
    if status == 408:
        return FailureReason.TIMEOUT
    if status == 410:
        return FailureReason.GONE
    if status == 429:
        return FailureReason.RATE_LIMITED
    return FailureReason.SERVER_ERROR if status >= 500 else FailureReason.CLIENT_ERROR


def _excerpt(response: Response) -> str:
    text = " ".join(response.text[: 4 * _EXCERPT].split())
    return f": {text[:_EXCERPT]}" if text else ""
