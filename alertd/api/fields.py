"""The scalar types of the API: instants as RFC 3339, durations as Prometheus writes them, text that can be stored."""

from __future__ import annotations

import json
import math
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from alertd.clock import from_rfc3339, to_rfc3339
from alertd.promql.durations import format_duration, parse_duration
from alertd.routing.matchers import MatcherError, parse_matcher

#: The last instant that can be printed; an alert that ends then does not end by itself.
LAST_INSTANT = 253_402_300_799_000
# Ten years: longer than anything that alertd can be asked to wait for.
_LONGEST_DURATION = 3_652 * 86_400_000


def read_instant(value: object) -> int:
    """The instant of an RFC 3339 time; raises `ValueError` with what would be right."""
    try:
        instant = from_rfc3339(value) if isinstance(value, str) else -1
    except (ValueError, OverflowError):
        instant = -1
    if not 0 <= instant <= LAST_INSTANT:
        raise ValueError("expected a time from 1970 on with its zone, as in 2026-01-31T12:00:00Z")
    return instant


def read_duration(value: object) -> int:
    """The milliseconds of a Prometheus duration; raises `ValueError` with what would be right."""
    try:
        duration = parse_duration(value) if isinstance(value, str) else -1
    except ValueError:
        duration = -1
    if not 0 < duration <= _LONGEST_DURATION:
        raise ValueError("expected a duration above zero in whole numbers with units, as in 30s, 5m or 1d12h")
    return duration


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("text cannot contain the character U+0000; remove it")
    return text


def _storable(value: JsonValue) -> JsonValue:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text in it must be valid Unicode; half of a surrogate pair is not") from error
    return value


def check_matcher(text: str) -> str:
    """The text of a matcher; raises `ValueError` for any other."""
    try:
        parse_matcher(_without_nul(text))
    except MatcherError as error:
        raise ValueError(f'{error}; write a matcher as in severity="critical" or job=~"api.*"') from error
    return text


def _number(value: float) -> float | str:
    """JSON has no word for these three; they are written as Prometheus writes them."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return value


_INSTANT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00.000Z"]})
_DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        "minLength": 2,
        "examples": ["30m", "1d12h"],
    }
)

#: Instants and durations of answers: milliseconds here, text outside.
Instant = Annotated[int, PlainSerializer(to_rfc3339, return_type=str), _INSTANT_SCHEMA]
Duration = Annotated[int, PlainSerializer(format_duration, return_type=str), _DURATION_SCHEMA]
#: Instants and durations of requests: text outside, milliseconds here.
InstantGiven = Annotated[int, PlainValidator(read_instant), _INSTANT_SCHEMA]
DurationGiven = Annotated[int, PlainValidator(read_duration), _DURATION_SCHEMA]

#: A matcher of a request, checked and left as it was written.
MatcherText = Annotated[str, AfterValidator(check_matcher), Field(examples=['severity="critical"', 'job=~"api.*"'])]
Number = Annotated[
    float,
    PlainSerializer(_number, return_type=float | str),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["NaN", "+Inf", "-Inf"]}]}),
]
#: Any JSON that can be written down again.
Json = Annotated[JsonValue, AfterValidator(_storable)]
Text = Annotated[str, AfterValidator(_without_nul)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_without_nul)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_without_nul)]
LabelSet = dict[Annotated[str, StringConstraints(min_length=1), AfterValidator(_without_nul)], Text]
Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="An alert's identity, 16 hex digits.")]
