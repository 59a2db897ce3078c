"""What Slack's answers mean: the Web API says `ok` in JSON with status 200, an incoming webhook says `ok` as text."""

from __future__ import annotations

from typing import Any

from alertd.clock import SECOND
from alertd.http import Response
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import refused

# The message that an update names cannot be changed any more: a new one takes its place.
CANNOT_UPDATE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})

# The content is too much for Slack, whose limits depend on more than it tells.
TOO_LONG = frozenset({"msg_too_long", "msg_blocks_too_long", "attachment_payload_limit_exceeded"})

_RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_TEMPORARY = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable", "team_added_to_org"})
_AUTH = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "invalid_token",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_disabled",
        "token_expired",
        "token_revoked",
    }
)
_CHANNEL = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "no_service",
        "no_service_id",
        "no_team",
        "not_in_channel",
        "posting_to_general_channel_denied",
        "restricted_action",
        "team_not_found",
        "user_not_found",
    }
)
_RATE_LIMIT_WAIT = 30 * SECOND


class SlackRefused(DeliveryFailed):
    """Slack said no; `error` is its own word for why."""

    def __init__(self, error: str, status: int, retry_after: int | None = None) -> None:
        again = error in _RATE_LIMITED or error in _TEMPORARY
        super().__init__(
            _reason(error),
            f"slack answered {error!r}",
            permanent=not again,
            channel_broken=error in _AUTH or error in _CHANNEL,
            retry_after=(retry_after or _RATE_LIMIT_WAIT) if error in _RATE_LIMITED else retry_after,
            maybe_sent=error == "request_timeout",
            status_code=status,
        )
        self.error = error


def read_api_answer(response: Response, now: int) -> dict[str, Any]:
    """The decoded answer of a Web API method that said `ok`; raises `DeliveryFailed` for everything else."""
    if not response.is_success:
        raise refused(response, now)
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise DeliveryFailed(
            FailureReason.SERVER_ERROR,
            "slack's answer is not JSON",
            maybe_sent=True,
            status_code=response.status,
        )
    if answer.get("ok") is not True:
        raise SlackRefused(str(answer.get("error", "unknown_error")), response.status, response.retry_after(now))
    return answer


def check_webhook_answer(response: Response, now: int, url: str) -> None:
    """Raises `DeliveryFailed` unless an incoming webhook took the message, which it says as text or as JSON."""
    text = response.text.strip()
    if "json" in response.headers.get("content-type", ""):
        read_api_answer(response, now)
    elif text in _AUTH or text in _CHANNEL or text in TOO_LONG:
        raise SlackRefused(text, response.status)
    elif not response.is_success:
        raise refused(response, now, broken={404}, secrets=(url,))
    elif text != "ok":
        raise SlackRefused(text[:200], response.status)


def _reason(error: str) -> FailureReason:
    if error in _RATE_LIMITED:
        return FailureReason.RATE_LIMITED
    if error in _TEMPORARY:
        return FailureReason.SERVER_ERROR
    if error in _AUTH:
        return FailureReason.AUTH_ERROR
    return FailureReason.GONE if error in _CHANNEL else FailureReason.CLIENT_ERROR
