"""The functions that belong to the template language itself.

`and` and `or` are not here: they decide which of their arguments are evaluated, so the execution knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from alertd.gotemplate.errors import FunctionError
from alertd.gotemplate.escape import html_escape, js_escape, query_escape
from alertd.gotemplate.gofmt import plain, sprint, sprintf, sprintln
from alertd.gotemplate.literals import go_bytes, go_string
from alertd.gotemplate.reflection import go_type, is_true
from alertd.gotemplate.signature import signature_of

SHORT_CIRCUIT: Final = frozenset({"and", "or"})
_NO_COMPARISON: Final = "missing argument for comparison"
_BAD_COMPARISON: Final = "invalid type for comparison"


def language_functions() -> dict[str, Callable[..., object]]:
    """The builtins of Go's text/template by name, `and` and `or` aside."""
    return {
        "call": _call,
        "eq": _eq,
        "ge": lambda left, right: not _less(left, right),
        "gt": lambda left, right: not _less(left, right) and not _eq(left, right),
        "html": lambda *values: html_escape(_joined(values)),
        "index": _index,
        "js": lambda *values: js_escape(_joined(values)),
        "le": lambda left, right: _less(left, right) or _eq(left, right),
        "len": _len,
        "lt": _less,
        "ne": lambda left, right: not _eq(left, right),
        "not": lambda value: not is_true(value),
        "print": sprint,
        "printf": sprintf,
        "println": sprintln,
        "slice": _slice,
        "urlquery": lambda *values: query_escape(_joined(values)),
    }


def _joined(values: tuple[object, ...]) -> str:
    return sprint(*("<no value>" if value is None else value for value in values))


def _kind(value: object) -> str:
    """The kind that decides what can be compared; empty for all that has no order and no simple equality."""
    for kind, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return name
    return ""


def _incompatible(left: object, right: object) -> FunctionError:
    return FunctionError(f"incompatible types for comparison: {go_type(left)} and {go_type(right)}")


def _eq(first: object, *others: object) -> bool:
    if not others:
        raise FunctionError(_NO_COMPARISON)
    return any(_same(first, other) for other in others)


def _same(left: object, right: object) -> bool:
    kind = _kind(left)
    if kind != _kind(right):
        if left is not None and right is not None:
            raise _incompatible(left, right)
        return False
    if kind or left is None or right is None:
        return left == right
    for value in (left, right):
        if isinstance(value, Mapping | list | tuple):
            raise FunctionError(f"non-comparable type {plain(value)}: {go_type(value)}")
    return left == right


def _less(left: object, right: object) -> bool:
    kinds = (_kind(left), _kind(right))
    if "" in kinds:
        raise FunctionError(_BAD_COMPARISON)
    if kinds[0] != kinds[1]:
        raise _incompatible(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return go_bytes(left) < go_bytes(right)
    if kinds[0] != "bool" and isinstance(left, int | float) and isinstance(right, int | float):
        return left < right
    raise FunctionError(_BAD_COMPARISON)


def _len(item: object) -> int:
    if isinstance(item, str):
        return len(go_bytes(item))
    if isinstance(item, Mapping | list | tuple):
        return len(item)
    raise FunctionError("len of nil pointer" if item is None else f"len of type {go_type(item)}")


def _place(index: object, length: int, *, end: bool = False) -> int:
    """An index into something of that length; with `end` the length itself is one too."""
    if index is None:
        raise FunctionError("cannot index slice/array with nil")
    if not isinstance(index, int) or isinstance(index, bool):
        raise FunctionError(f"cannot index slice/array with type {go_type(index)}")
    if not 0 <= index < length + end:
        raise FunctionError(f"index out of range: {index}")
    return index


def _index(item: object, *indexes: object) -> object:
    if item is None:
        raise FunctionError("index of untyped nil")
    for index in indexes:
        item = _indexed(item, index)
    return item


def _indexed(item: object, index: object) -> object:
    if item is None:
        raise FunctionError("index of nil pointer")
    if isinstance(item, Mapping):
        if index is None:
            raise FunctionError("value is nil; should be of type string")
        if all(isinstance(key, str) for key in item) and not isinstance(index, str):
            raise FunctionError(f"value has type {go_type(index)}; should be string")
        value: object = item.get(index, getattr(type(item), "__go_zero__", None))
        return value
    if isinstance(item, str):
        data = go_bytes(item)
        return data[_place(index, len(data))]
    if isinstance(item, list | tuple):
        return item[_place(index, len(item))]
    raise FunctionError(f"can't index item of type {go_type(item)}")


def _slice(item: object, *indexes: object) -> object:
    if item is None:
        raise FunctionError("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, str | list | tuple):
        raise FunctionError(f"can't slice item of type {go_type(item)}")
    data = go_bytes(item) if isinstance(item, str) else item
    if len(indexes) == 3 and isinstance(data, bytes):
        raise FunctionError("cannot 3-index slice a string")
    places = [_place(index, len(data), end=True) for index in indexes]
    for left, right in pairwise(places):
        if left > right:
            raise FunctionError(f"invalid slice index: {left} > {right}")
    start, end = [*places[:2], *(0, len(data))[len(places[:2]) :]]
    part = data[start:end]
    return go_string(part) if isinstance(part, bytes) else part


def _call(function: object, *arguments: object) -> object:
    if function is None:
        raise FunctionError("call of nil")
    if not callable(function):
        raise FunctionError(f"non-function of type {go_type(function)}")
    signature = signature_of(function)
    wanted = len(signature.fixed)
    if len(arguments) < wanted or (signature.variadic is None and len(arguments) > wanted):
        least = "" if signature.variadic is None else "at least "
        raise FunctionError(f"wrong number of args: got {len(arguments)} want {least}{wanted}")
    result: object = function(*arguments)
    return result
