"""The scalar types of `alertd.yml`, and the base of its sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    model_validator,
)

from alertd.config.goscalars import to_go_duration, to_time_out, to_whole
from alertd.config.urls import check_http_url, check_secret_url
from alertd.promql.durations import parse_duration
from alertd.yamlfile import SourceBool, text_of
from alertd.yamlmodel import describe, keys_of

HIDDEN = "<secret>"
"""What is shown in place of a secret."""

Complaint = tuple[str, str]
"""A key of a section, or "" for the section itself, and a sentence about it."""


class Section(BaseModel):
    """One mapping of the file. Unknown keys are refused; a key without a value is as good as absent.

    `exclusive` names groups of keys of which at most one may be given; `exclusive_of` is said before their names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = ()
    exclusive_of: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nothing(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = keys_of(cls)
            return {key: value for key, value in data.items() if value is not None or key not in known}
        return data

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        """What is wrong with this mapping as a whole, judged on the plain data so that all mistakes come at once."""
        for keys in cls.exclusive:
            given = [key for key in keys if is_given(written, key)]
            if len(given) > 1:
                yield given[-1], at_most_one(cls.exclusive_of + keys[0], *keys[1:])


def is_given(written: Mapping[str, object], key: str) -> bool:
    """Whether a key has a value that says something; empty text does not."""
    return written.get(key) not in (None, "")


def at_most_one(*names: str) -> str:
    """The sentence about keys that exclude each other."""
    kept = "keep one of them" if len(names) > 2 else "remove one of the two"
    return f"at most one of {_joined(names)} must be configured; {kept}"


def _joined(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} & {names[-1]}"


def own(default: Any, description: str, **options: Any) -> Any:
    """A field that Alertmanager does not have; it is left out where a file must be readable by Alertmanager's tools."""
    return Field(default, description=description, json_schema_extra={"own": True}, **options)


def required(description: str) -> Any:
    """A text that must be given, and about which the section complains in its own words."""
    return Field("", description=description, json_schema_extra={"required": True})


def to_text(value: object) -> object:
    """A scalar as it was written, nothing as empty text; anything else as it is."""
    if value is None:
        return ""
    return text_of(value) if isinstance(value, bool | int | float) else value


def _to_plain(value: object) -> object:
    """A tree of values with truth values in place of those that are not written `true` or `false`."""
    match value:
        case SourceBool():
            return value.truth
        case dict():
            return {key: _to_plain(member) for key, member in value.items()}
        case list():
            return [_to_plain(member) for member in value]
    return value


_TRUE = {spelled for word in ("y", "yes", "on", "true") for spelled in (word, word.capitalize(), word.upper())}
_FALSE = {spelled for word in ("n", "no", "off", "false") for spelled in (word, word.capitalize(), word.upper())}


def _to_flag(value: object) -> bool:
    word = text_of(value) if isinstance(value, bool | str) else ""
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError(f"expected true or false, found {describe(value)}")


def _to_duration(value: object) -> int:
    text = text_of(value) if isinstance(value, int | float | str) else None
    if text is None or isinstance(value, bool):
        raise ValueError(f"expected a duration as 30s, 5m or 1d12h, found {describe(value)}")
    try:
        return parse_duration(text)
    except ValueError as error:
        unit = f"; did you mean {text}s?" if text.isdigit() else ""
        remedy = f"write whole numbers with units (y w d h m s ms), as in 30s or 1h30m{unit}"
        raise ValueError(f"{error}; {remedy}") from None


_SIZE = re.compile(r"([0-9]+)(B|[KMGTPE]B)", re.ASCII)
_SIZE_UNITS = "BKMGTPE"


def _to_size(value: object) -> int:
    text = text_of(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    found = _SIZE.fullmatch(text)
    if found is None or not int(found[1]):
        raise ValueError(f"expected a size as 512MB or 2GB (KB is 1024 bytes), found {describe(value)}")
    return int(found[1]) << 10 * _SIZE_UNITS.index(found[2][0])


def format_size(size: int) -> str:
    """A number of bytes with the largest unit that leaves it whole: `1GB`."""
    unit = 0
    while size and size % 1024 == 0 and unit < len(_SIZE_UNITS) - 1:
        size, unit = size // 1024, unit + 1
    return f"{size}{_SIZE_UNITS[unit]}{'B' if unit else ''}"


def flag_of(written: object) -> bool | None:
    """The truth value as written, None for anything else."""
    try:
        return _to_flag(written)
    except ValueError:
        return None


def duration_of(written: object) -> int | None:
    """The milliseconds of a duration as written, None for anything else."""
    try:
        return _to_duration(written)
    except ValueError:
        return None


def _check_http_url(url: str) -> str:
    check_http_url(url)
    return url


def _check_secret_url(url: SecretStr) -> SecretStr:
    # What Alertmanager's status page shows in place of a secret is taken as one, so that such a page can be read again.
    if url.get_secret_value() != HIDDEN:
        check_secret_url(url.get_secret_value())
    return url


def _resolve(path: str, info: ValidationInfo) -> str:
    directory: Path = (info.context or {}).get("directory", Path())
    return str(directory / path) if path else path


def _check_label_name(name: str) -> str:
    if not name:
        raise ValueError('invalid label name ""; write the name of a label')
    return name


@dataclass(frozen=True)
class HostPort:
    """A server's name or address, and its port; an empty host is every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_HOST_PORT = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[^:\s/]*)):(?P<port>[0-9]{1,5}|[a-z]+)", re.ASCII)
_NAMED_PORTS = {"smtp": 25, "smtps": 465, "submission": 587, "submissions": 465}


def _to_host_port(value: object) -> HostPort:
    found = _HOST_PORT.fullmatch(value) if isinstance(value, str) else None
    port = _NAMED_PORTS.get(found["port"], found["port"]) if found else ""
    if found is None or not str(port).isdigit() or int(port) > 65_535:
        remedy = "write host:port, as in 127.0.0.1:9093 or mail.example.org:587"
        raise ValueError(f"{_wrong_address(value)}; {remedy}")
    return HostPort(found["v6"] or found["host"], int(port))


def _wrong_address(value: object) -> str:
    """What is wrong with a `host:port`, in the words of Go where it sees it too."""
    if not isinstance(value, str) or not value:
        return f"expected host:port, found {describe(value)}"
    if ":" not in value:
        return f"address {value}: missing port in address"
    if value.endswith(":"):
        return f'address "{value}": port cannot be empty'
    if value.count(":") > 1 and not value.startswith("["):
        return f"address {value}: too many colons in address"
    return f"expected host:port, found {describe(value)}"


@dataclass(frozen=True)
class Kind:
    """What the reference calls a type."""

    name: str


Text = Annotated[str, BeforeValidator(to_text), Kind("text")]
Template = Annotated[str, BeforeValidator(to_text), Kind("template")]
Flag = Annotated[bool, PlainValidator(_to_flag), Kind("true or false")]
Count = Annotated[int, BeforeValidator(to_whole), Field(ge=0), Kind("number")]
PositiveCount = Annotated[int, BeforeValidator(to_whole), Field(ge=1), Kind("number")]
Duration = Annotated[int, PlainValidator(_to_duration), Kind("duration")]
Size = Annotated[int, PlainValidator(_to_size), Kind("size")]
GoDuration = Annotated[int, PlainValidator(to_go_duration), Kind("short duration")]
TimeOut = Annotated[int, PlainValidator(to_time_out), Kind("short duration")]
Number = Annotated[float, Kind("number")]
Whole = Annotated[int, PlainValidator(to_whole), Kind("number")]
Hidden = Annotated[dict[str, Any], Kind("anything, never shown")]
Secret = Annotated[SecretStr, BeforeValidator(to_text), Kind("secret")]
HttpUrl = Annotated[str, AfterValidator(_check_http_url), Kind("URL")]
SecretUrl = Annotated[SecretStr, AfterValidator(_check_secret_url), Kind("secret URL")]
File = Annotated[str, AfterValidator(_resolve), Kind("file")]
Address = Annotated[HostPort, PlainValidator(_to_host_port), Kind("host:port")]
Anything = Annotated[Any, BeforeValidator(_to_plain), Kind("anything")]
NewName = Annotated[str, BeforeValidator(to_text), Kind("label name")]
"""A label's name that is checked with the whole file, as what is one depends on the grammar of matchers."""
LabelName = Annotated[str, BeforeValidator(to_text), AfterValidator(_check_label_name), Kind("label name")]
Labels = dict[LabelName, Text]
NewLabels = dict[NewName, Text]


def positive(what: str) -> AfterValidator:
    """Refuses a duration of zero in the words `what cannot be zero`."""

    def check(duration: int) -> int:
        if duration == 0:
            raise ValueError(f"{what} cannot be zero; write a duration as 5m, or leave the key out")
        return duration

    return AfterValidator(check)
