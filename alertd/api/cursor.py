"""Cursors: where a listing goes on, in a text that only the listing that gave it can read."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus

import msgspec

from alertd.api.problems import Refused
from alertd.api.schemas import FieldProblem

# Within what every database keeps as an integer.
_LARGEST = 2**53


def encode(listing: str, *position: int | str) -> str:
    """The cursor of `listing` behind `position`."""
    return base64.urlsafe_b64encode(msgspec.json.encode([listing, *position])).decode().rstrip("=")


def decode_number(listing: str, cursor: str | None) -> int | None:
    """The position of a listing that is ordered by one number; None for the first page. Raises `Refused`."""
    if cursor is None:
        return None
    match _parts(cursor):
        case [name, int(number)] if name == listing and 0 <= number <= _LARGEST:
            return number
    raise _foreign()


def decode_pair(listing: str, cursor: str | None) -> tuple[int, str] | None:
    """The position of a listing that is ordered by a number and a text; None for the first page. Raises `Refused`."""
    if cursor is None:
        return None
    match _parts(cursor):
        case [name, int(number), str(text)] if name == listing and 0 <= number <= _LARGEST and "\0" not in text:
            return number, text
    raise _foreign()


def _parts(cursor: str) -> list[object]:
    try:
        decoded = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(decoded, type=list[object])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return []


def _foreign() -> Refused:
    message = "this is no cursor of this listing; take next_cursor of the page before, or leave it out"
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=[FieldProblem(field="cursor", message=message)])
