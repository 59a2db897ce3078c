"""Checks a YAML document against a pydantic model and says every mistake in a sentence that also says what is right."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from alertd.errors import InvalidInput, Problem
from alertd.yamlfile import Document, Path, text_of

Model = TypeVar("Model", bound=BaseModel)

_LONGEST_QUOTE = 60


def validate(
    document: Document, model: type[Model], path: Path = (), context: Mapping[str, object] | None = None
) -> Model:
    """The part of the document at `path` as a `model`; `context` is handed to the model's validators.

    Raises `InvalidInput` with one problem for each mistake.
    """
    try:
        return model.model_validate(document.value(path), context=dict(context or {}))
    except ValidationError as error:
        raise InvalidInput(problems_of(error, document, model, path)) from None


def problems_of(error: ValidationError, document: Document, model: type[BaseModel], path: Path = ()) -> list[Problem]:
    """One problem for each place that pydantic complains about; the errors of a union's members become one."""
    places: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False, include_context=True):
        places.setdefault(_path_of(detail, document, path), []).append(detail)
    return [
        _problem(place, details, document, model, path)
        for place, details in places.items()
        if not (details[0]["type"] in _TYPES and _has_deeper(place, places))
    ]


def _has_deeper(place: Path, places: Iterable[Path]) -> bool:
    """Whether another member of a union took the value at `place` and complains about a part of it."""
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)


def _path_of(detail: ErrorDetails, document: Document, path: Path) -> Path:
    """Where in the document pydantic's location lies, without the names of union members that pydantic adds."""
    found = path
    for part in detail["loc"]:
        try:
            document.value((*found, part))
        except KeyError:
            continue
        found = (*found, part)
    return (*found, detail["loc"][-1]) if detail["type"] == "missing" else found


def _problem(
    place: Path, details: list[ErrorDetails], document: Document, model: type[BaseModel], path: Path
) -> Problem:
    kind = details[0]["type"]
    if kind == "extra_forbidden":
        keys = [key for known in _models_at(model, place[len(path) : -1]) for key in keys_of(known)]
        return document.problem(place, unknown_key(str(place[-1]), keys), at_key=True)
    if kind == "missing":
        return document.problem(place, _missing(place, model, path))
    if kind == "value_error":
        return document.problem(place, str(details[0]["ctx"]["error"]))
    secret = any(SecretStr in _plain_types(field.annotation) for field in _fields_at(model, place[len(path) :]))
    found = "" if secret and isinstance(details[0]["input"], str) else f", found {describe(details[0]['input'])}"
    expected = " or ".join(dict.fromkeys(_expected(detail) for detail in details))
    return document.problem(place, f"expected {expected}{found}{_meant(details[0])}")


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence about a key that no model has, with the nearest known one or all of them."""
    keys = sorted(set(known))
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
    if near:
        return f"unknown key {key!r}; did you mean {near[0]!r}?"
    return f"unknown key {key!r}; " + (f"known here are {', '.join(keys)}" if keys else "remove it")


def describe(value: object) -> str:
    """What was found, for a sentence: its kind and, when it is short, itself."""
    match value:
        case None:
            return "nothing"
        case bool():
            return text_of(value)
        case int() | float():
            return f"the number {text_of(value)}"
        case str():
            return repr(value if len(value) <= _LONGEST_QUOTE else value[: _LONGEST_QUOTE - 1] + "…")
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
    return f"a value of type {type(value).__name__}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a model takes, as they are written in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _missing(place: Path, model: type[BaseModel], path: Path) -> str:
    description = next((field.description for field in _fields_at(model, place[len(path) :])), None)
    meaning = f" ({description.partition('. ')[0].rstrip('.')})" if description else ""
    return f"missing key {place[-1]!r}; add it{meaning}"


_TYPES: dict[str, str] = {
    "string_type": "text",
    "string_sub_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "none_required": "nothing",
}
#: What would be right, by pydantic's name of the mistake, from the bounds that it reports.
LIMITS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda limits: f"a number above {limits['gt']}",
    "greater_than_equal": lambda limits: f"a number of at least {limits['ge']}",
    "less_than": lambda limits: f"a number below {limits['lt']}",
    "less_than_equal": lambda limits: f"a number of at most {limits['le']}",
    "string_too_short": lambda limits: "text that is not empty" if limits["min_length"] == 1 else "longer text",
    "string_too_long": lambda limits: f"text of at most {limits['max_length']} characters",
    "string_pattern_mismatch": lambda limits: f"text of the form {limits['pattern']}",
    "too_short": lambda limits: f"at least {limits['min_length']} entries",
    "too_long": lambda limits: f"at most {limits['max_length']} entries",
    "literal_error": lambda limits: f"one of {limits['expected']}",
    "enum": lambda limits: f"one of {limits['expected']}",
}


def _expected(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in LIMITS:
        return LIMITS[kind](detail.get("ctx", {}))
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _meant(detail: ErrorDetails) -> str:
    """A guess at the word that was meant, or the form that mends the usual slip."""
    found = detail["input"]
    if detail["type"] in {"literal_error", "enum"} and isinstance(found, str):
        words = [word.strip("'") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        near = difflib.get_close_matches(found, words, n=1)
        return f"; did you mean {near[0]!r}?" if near else ""
    if detail["type"] in {"list_type", "tuple_type"} and isinstance(found, str | int):
        return f"; write [{found}]" if len(str(found)) <= _LONGEST_QUOTE else "; put it in brackets"
    if detail["type"] in {"model_type", "dict_type"} and found is None:
        return "; write its keys or remove it"
    if detail["type"] == "string_type" and found is None:
        return '; write "" for empty text'
    return ""


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The models that may stand at `path` below `model`."""
    return list(_models_in(_types_at(model, path)))


def _fields_at(model: type[BaseModel], path: Path) -> list[FieldInfo]:
    """The declarations of the field at `path`, none for the entry of a list or of a free mapping."""
    if not path:
        return []
    return [field for parent in _models_at(model, path[:-1]) if (field := _field(parent, path[-1])) is not None]


def _field(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _types_at(model: type[BaseModel], path: Path) -> list[Any]:
    types: list[Any] = [model]
    for part in path:
        types = _below(types, part)
    return types


def _below(types: list[Any], part: str | int) -> list[Any]:
    """The types that a part of a value of one of `types` may have."""
    fields = [field for parent in _models_in(types) if (field := _field(parent, part)) is not None]
    members = [
        arguments[0] if arguments[-1] is Ellipsis else arguments[-1]
        for plain in types
        if get_origin(plain) in {list, tuple, dict, Mapping} and (arguments := get_args(plain))
    ]
    declared = [*(field.annotation for field in fields), *members]
    return [plain for one in declared for plain in _plain_types(one)]


def _models_in(types: Iterable[Any]) -> Iterator[type[BaseModel]]:
    return (plain for plain in types if isinstance(plain, type) and issubclass(plain, BaseModel))


def _plain_types(declared: Any) -> list[Any]:
    """The alternatives of a declared type, without what is annotated to them."""
    origin = get_origin(declared)
    if origin is Annotated:
        return _plain_types(get_args(declared)[0])
    if origin in {Union, UnionType}:
        return [plain for member in get_args(declared) for plain in _plain_types(member)]
    return [declared]


def sections(document: Document, model: type[BaseModel]) -> Iterator[tuple[Path, type[BaseModel], dict[str, object]]]:
    """Every mapping of the document that stands where a model is declared: its path, the model and the mapping."""
    waiting: list[tuple[Path, list[Any], object]] = [((), [model], document.data)]
    while waiting:
        path, types, value = waiting.pop()
        if isinstance(value, dict):
            for known in _models_in(types):
                yield path, known, value
        members: Iterable[tuple[str | int, object]] = ()
        if isinstance(value, dict):
            members = value.items()
        elif isinstance(value, list):
            members = enumerate(value)
        waiting += [((*path, part), below, member) for part, member in members if (below := _below(types, part))]
