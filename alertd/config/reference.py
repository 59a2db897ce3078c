"""Writes the reference of `alertd.yml` in Markdown, from the models themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from alertd.config.models import Settings
from alertd.config.redaction import is_marked, is_own
from alertd.config.types import HostPort, Kind, format_size
from alertd.promql.durations import format_duration

_INTRODUCTION = """\
# Configuration

`alertd.yml` has Alertmanager's keys with Alertmanager's meaning, so that an `alertmanager.yml` is one as well, and \
keys of alertd's own, marked with ★. This page is written from the program itself by \
`python -m alertd.config.reference`.

- Unknown keys, wrong values and names that nobody defines are refused, all of them at once, each with its line.
- A relative path counts from the directory of the file.
- `${NAME}` in a text is the environment's variable; `$${NAME}` is the text itself.
- A key `…_file` names a file with the value of the key without `_file`. Of both, one can be given.
- Only `true`, `false`, numbers and nothing are more than text: `on`, `010` and `12:30` are text where text is wanted. \
Where a truth value is wanted, `yes`, `on` and `y` are one as well, and quotes make a text of any of them.
- A key with nothing after it is as good as absent.

| type | how it is written |
| --- | --- |
| duration | whole numbers with units from `y w d h m s ms`, as `30s` or `1h30m` |
| short duration | numbers with units from `h m s ms us ns`, as `1m30s` or `1.5s` |
| template | text with Go's or Jinja2's template syntax |
| secret | text that is never shown again; write it as `${NAME}` or use the `_file` key |
| size | a whole number with a unit from `B KB MB GB TB PB EB`, as `512MB`; 1KB is 1024B |
| file | a path |
| host:port | `mail.example.org:587` |
"""


def render() -> str:
    """The whole reference."""
    titles = _titles()
    return "\n".join([_INTRODUCTION, *(_section(model, titles) for model in titles)])


def _titles() -> dict[type[BaseModel], str]:
    """Every model with the place where the file has it first, parents before children."""
    titles: dict[type[BaseModel], str] = {}
    waiting: list[tuple[str, type[BaseModel]]] = [("", Settings)]
    while waiting:
        title, model = waiting.pop(0)
        if model in titles:
            continue
        titles[model] = title
        prefix = f"{title}." if title else ""
        waiting[:0] = [(prefix + key, below) for key, field in _keys(model) for below in _models(field.annotation)]
    return titles


def _section(model: type[BaseModel], titles: Mapping[type[BaseModel], str]) -> str:
    heading = f"`{titles[model]}`" if titles[model] else "The file"
    lines = [f"## {heading}", "", (model.__doc__ or "").strip(), "", "| key | type | default | meaning |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [_row(key, field, titles) for key, field in _keys(model)]
    return "\n".join([*lines, ""])


def _row(key: str, field: FieldInfo, titles: Mapping[type[BaseModel], str]) -> str:
    mark = " ★" if is_own(field) else ""
    declared = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    cells = (f"`{key}`{mark}", _type(declared, titles), _default(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _keys(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _type(declared: Any, titles: Mapping[type[BaseModel], str]) -> str:
    """A type in the words of the reference; a mapping links to its section."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is Annotated:
        kind = next((mark.name for mark in reversed(declared.__metadata__) if isinstance(mark, Kind)), None)
        return kind or _type(arguments[0], titles)
    if origin in {Union, UnionType}:
        return " or ".join(_type(member, titles) for member in arguments if member is not type(None))
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0], titles)}"
    if origin is dict:
        return f"mapping of {_type(arguments[0], titles)} to {_type(arguments[1], titles)}"
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return f"[`{titles[declared]}`](#{titles[declared].replace('.', '')})"
    return "anything"


def _default(field: FieldInfo) -> str:
    """How the default would be written; nothing for none, and for one that only says that nothing is there."""
    if field.is_required() or is_marked(field, "required"):
        return "**required**"
    default = field.default
    kinds = {mark.name for mark in field.metadata if isinstance(mark, Kind)}
    match default:
        case None | "" | () | BaseModel():
            return ""
        case bool():
            return f"`{str(default).lower()}`"
        case int() if kinds & {"duration", "short duration"}:
            return f"`{format_duration(default)}`"
        case int() if "size" in kinds:
            return f"`{format_size(default)}`"
        case int() | str() | HostPort():
            return f"`{default}`"
        case SecretStr():
            return f"`{default.get_secret_value()}`"
    return ""


def _models(declared: Any) -> list[type[BaseModel]]:
    """The models in a type."""
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return [declared]
    if get_origin(declared) in {Union, UnionType, Annotated, tuple, dict, Mapping}:
        return [model for member in get_args(declared) for model in _models(member)]
    return []


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201
