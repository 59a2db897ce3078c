"""Says what is wrong with a request, field by field, in sentences that also say what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

from alertd.api.schemas import FieldProblem
from alertd.yamlmodel import LIMITS, describe

_EXPECTED: dict[str, str] = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "string_unicode": "text in valid Unicode",
    "union_tag_not_found": "an object or a list of objects",
}


def field_problems(error: RequestValidationError) -> list[FieldProblem]:
    """One entry for each mistake; `field` is the dotted path in the body, or the name of the parameter."""
    problems: dict[tuple[str, str], None] = {}
    for detail in error.errors():
        place, *path = detail["loc"]
        field = _dotted(path, error.body) if place == "body" else str(path[0])
        problems[field, _sentence(detail, place)] = None
    return [FieldProblem(field=_printable(field), message=_printable(message)) for field, message in problems]


def _printable(text: str) -> str:
    """Half of a surrogate pair, which JSON can hold and UTF-8 cannot, is shown as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _dotted(path: list[Any], body: object) -> str:
    """Where in the body the mistake is, without the names of alternatives that pydantic adds to the path."""
    found: list[str] = []
    value = body
    for number, part in enumerate(path):
        is_last = number == len(path) - 1
        if isinstance(value, dict) and (part in value or is_last):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        found.append(str(part))
    return ".".join(found)


def _sentence(detail: Mapping[str, Any], place: str) -> str:
    kind = detail["type"]
    limits = detail.get("ctx", {})
    if kind == "missing":
        return f"this {_THINGS.get(place, 'parameter')} is missing; add it"
    if kind == "extra_forbidden":
        return f"unknown {_THINGS.get(place, 'parameter')}; remove it"
    if kind == "json_invalid":
        return f"the body is no JSON: {limits['error']} at character {detail['loc'][-1]}"
    if kind == "value_error":
        return str(limits["error"])
    if kind in LIMITS:
        return f"expected {LIMITS[kind](limits)}, found {describe(detail['input'])}"
    expected = _EXPECTED.get(kind)
    return f"expected {expected}, found {describe(detail['input'])}" if expected else str(detail["msg"])


_THINGS = {"body": "field", "query": "parameter", "header": "header", "path": "part of the path"}
