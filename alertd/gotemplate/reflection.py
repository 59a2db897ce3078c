"""How a Python value looks to a template: its Go type, its truth, its fields and methods.

| Python | Go |
| --- | --- |
| None | nil |
| str, bool, int, float | string, bool, int, float64 |
| list, tuple | slice |
| Mapping | map with an `interface {}` value, keys in sorted order |
| `StringMap` (see values) | map[string]string |
| callable | func |
| any other object | struct |

A class shows fields and methods to templates through two class attributes:

- `__go_fields__`: a mapping from the Go name to the Python name of an attribute, property or method. What is a function
  on the class is a method, called with the template's arguments; all else is a field.
- `__go_type__`: the type's name in messages and for `%T`.

A value that shows a method `String` is printed by it, as Go prints a Stringer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

_NAMES: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    list: "[]interface {}",
    tuple: "[]interface {}",
    dict: "map[string]interface {}",
    type(None): "<nil>",
}


def go_type(value: object) -> str:
    """The name of the value's type as Go's `%T` prints it."""
    kind = type(value)
    known = _NAMES.get(kind)
    if known is not None:
        return known
    named = getattr(kind, "__go_type__", None)
    if isinstance(named, str):
        return named
    for base, name in ((str, "string"), (bool, "bool"), (int, "int"), (float, "float64")):
        if isinstance(value, base):
            return name
    if isinstance(value, list | tuple):
        return "[]interface {}"
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    return "func()" if callable(value) else kind.__name__


def is_true(value: object) -> bool:
    """Go's truth: false are false, 0, nil and everything empty; a struct is always true."""
    if value is None or value is False:
        return False
    if isinstance(value, bool | int | float):
        return value != 0
    if isinstance(value, str | list | tuple | Mapping):
        return len(value) > 0
    return True


def shown(value: object) -> Mapping[str, str]:
    """The Go names that the value's class shows, with their Python names."""
    fields: Mapping[str, str] = getattr(type(value), "__go_fields__", _NOTHING)
    return fields


_NOTHING: Final[Mapping[str, str]] = {}


def method(value: object, name: str) -> Callable[..., object] | None:
    """The bound method that the value shows by this Go name, or None."""
    attribute = shown(value).get(name)
    if attribute is None:
        return None
    on_class = getattr(type(value), attribute, None)
    if on_class is None or isinstance(on_class, property) or not callable(on_class):
        return None
    bound: Any = getattr(value, attribute)
    return bound  # type: ignore[no-any-return]  # a function on the class is callable when bound


def stringer(value: object) -> str | None:
    """What the value's own `String` method says, or None when it has none."""
    if value is None or isinstance(value, str | float | bool):
        return None
    say = method(value, "String")
    return None if say is None else str(say())
