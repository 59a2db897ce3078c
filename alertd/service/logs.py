"""Logs: one line an event on standard error, with a stable `action` beside the sentence, and without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from enum import Enum
from pathlib import PurePath
from typing import Any

import structlog

_SECRET_KEYS = ("password", "token", "secret", "authorization", "routing_key", "service_key", "api_key")
_HIDDEN = "<secret>"


class Scrubber:
    """Takes secrets out of log lines: known values wherever they stand, and whatever a telling key carries."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Replace the known values; short ones would hide ordinary words."""
        self._secrets = tuple(sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True))

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if any(word in key.lower() for word in _SECRET_KEYS):
                event[key] = _HIDDEN
            elif isinstance(value, str):
                event[key] = self.hide(value)
        return event

    def hide(self, text: str) -> str:
        """`text` without any known secret."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


class LogForm(Enum):
    """How a line is written: alertd's own JSON, or Alertmanager's keys as logfmt or as JSON."""

    ALERTD = "alertd"
    LOGFMT = "logfmt"
    JSON = "json"


def configure(scrubber: Scrubber, level: str = "info", form: LogForm = LogForm.ALERTD) -> None:
    """Write every log line of this process to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp" if form is LogForm.ALERTD else "ts"),
        structlog.processors.format_exc_info,
        scrubber,
    ]
    render: list[Any] = [structlog.processors.JSONRenderer()]
    if form is not LogForm.ALERTD:
        shared = [_callsite(), *shared]
        render = [_as_alertmanager, *(render if form is LogForm.JSON else [_logfmt()])]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_drop_record, *render])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _drop_record(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event


_FIRST = ("ts", "caller", "level", "component", "msg")
# Where people look for what speaks HTTP, as Alertmanager calls it.
_COMPONENTS = {"api": "web"}
_LEVELS = {"warning": "warn", "critical": "error"}


def _callsite() -> structlog.typing.Processor:
    names = structlog.processors.CallsiteParameter
    return structlog.processors.CallsiteParameterAdder({names.PATHNAME, names.LINENO})


def _logfmt() -> structlog.typing.Processor:
    return structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True, bool_as_flag=False)


def _as_alertmanager(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line with Alertmanager's keys, and the package that speaks as `component`."""
    path = PurePath(event.pop("pathname", ""))
    package = path.parent.name
    level = event.pop("level", "info")
    first = {
        "ts": event.pop("ts", ""),
        "caller": f"{path.name}:{event.pop('lineno', 0)}",
        "level": _LEVELS.get(level, level),
        "component": _COMPONENTS.get(package, package),
        "msg": event.pop("event", ""),
    }
    return first | {key: value for key, value in event.items() if value is not None}
