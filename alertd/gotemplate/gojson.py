"""JSON as Go's encoding/json writes it: sorted keys, `<>&` escaped, floats in Go's form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from alertd.gotemplate.errors import FunctionError
from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gofloat import format_float
from alertd.gotemplate.gotime import GoTime
from alertd.gotemplate.reflection import go_type, method, shown

_ESCAPES: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
    0x7F: "\x7f",
}
_TIME_LAYOUT: Final = "2006-01-02T15:04:05.999999999Z07:00"
_LEAST_PLAIN: Final = 1e-6
_FIRST_EXPONENT: Final = 1e21


def to_json(value: object) -> str:
    """The value as JSON without spaces. Raises FunctionError for what has no form in JSON.

    The fields of an object are named by its class attribute `__go_json__` (Go name to JSON name), else by their Go
    names.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, GoTime):
        return f'"{value.format(_TIME_LAYOUT)}"'
    if isinstance(value, GoDuration | int):
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = sorted((str(key), item) for key, item in value.items())
        return "{" + ",".join(f"{_string(key)}:{to_json(item)}" for key, item in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    return _object(value)


def _object(value: object) -> str:
    names: Mapping[str, str] = getattr(type(value), "__go_json__", {})
    fields = [(name, attribute) for name, attribute in shown(value).items() if method(value, name) is None]
    if not fields:
        raise FunctionError(f"json: unsupported type: {go_type(value)}")
    written = (f"{_string(names.get(name, name))}:{to_json(getattr(value, attribute))}" for name, attribute in fields)
    return "{" + ",".join(written) + "}"


def _string(text: str) -> str:
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).translate(_ESCAPES)


def _number(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        raise FunctionError(f"json: unsupported value: {format_float(value)}")
    if value != 0 and not _LEAST_PLAIN <= abs(value) < _FIRST_EXPONENT:
        return format_float(value, "e").replace("e-0", "e-")
    return format_float(value, "f")
