"""What a function of a template takes, read once from its Python annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any, Final, get_args, get_origin, get_type_hints

from alertd.gotemplate.reflection import go_type


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the Go name of its type, the Python types that fit, and whether nil does."""

    go_name: str
    types: tuple[type, ...]
    nil: bool

    def accepts(self, value: object) -> bool:
        if not self.types or type(value) in self.types:
            return True
        if value is None:
            return self.nil
        if isinstance(value, bool) and bool not in self.types:
            return False
        if self.go_name == "int" and go_type(value) != "int":
            return False
        return isinstance(value, self.types)


ANY: Final = Parameter("interface {}", (), nil=True)
_PLAIN: Final[dict[object, Parameter]] = {
    str: Parameter("string", (str,), nil=False),
    int: Parameter("int", (int,), nil=False),
    float: Parameter("float64", (float,), nil=False),
    bool: Parameter("bool", (bool,), nil=False),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The fixed parameters of a function, and the one that takes all further arguments, if there is one."""

    fixed: tuple[Parameter, ...]
    variadic: Parameter | None

    def at(self, place: int) -> Parameter:
        """The parameter that takes the argument at this place."""
        if place < len(self.fixed):
            return self.fixed[place]
        return self.variadic or ANY


def signature_of(function: Callable[..., object]) -> Signature:
    """The signature of a function or bound method.

    Parameters that are annotated str, int, float, bool, a class, or a collection take only values of that type; all
    others take anything. Closures share the signature of their code, so that functions made for one execution are
    not read again.
    """
    plain: Any = getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    if not isinstance(code, CodeType):
        return _read(function, skip=0)
    return _read_code(_Keyed(plain, code), skip=1 if plain is not function else 0)


class _Keyed:
    """A function that equals every other function of the same code; once read, it holds the function no longer."""

    __slots__ = ("code", "function")

    def __init__(self, function: Callable[..., object], code: CodeType) -> None:
        self.function: Callable[..., object] | None = function
        self.code = code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.code is other.code

    def __hash__(self) -> int:
        return id(self.code)


@lru_cache(maxsize=1024)
def _read_code(keyed: _Keyed, skip: int) -> Signature:
    function, keyed.function = keyed.function, None
    return Signature((), ANY) if function is None else _read(function, skip)


def _read(function: Callable[..., object], skip: int) -> Signature:
    try:
        hints: Mapping[str, object] = get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    fixed: list[Parameter] = []
    variadic: Parameter | None = None
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        kind = _parameter(hints.get(parameter.name, object))
        if parameter.kind is parameter.VAR_POSITIONAL:
            variadic = kind
        elif parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}:
            fixed.append(kind)
    return Signature(tuple(fixed), variadic)


def _parameter(hint: object) -> Parameter:
    if hint in _PLAIN:
        return _PLAIN[hint]
    kind = get_origin(hint) or hint
    if not isinstance(kind, type) or kind is object:
        return ANY
    name = getattr(kind, "__go_type__", None)
    if isinstance(name, str):
        return Parameter(name, (kind,), nil=False)
    if issubclass(kind, Mapping):
        return Parameter("map[string]interface {}", (kind,), nil=False)
    name = "[]string" if get_args(hint)[:1] == (str,) else "[]interface {}"
    return Parameter(name, (list, tuple), nil=False)
