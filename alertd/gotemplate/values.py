"""The values that messages and annotations are made of: string maps, their pairs, and lists of strings.

`GoTime` and `GoDuration` belong to the same set and can be imported from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gotime import GoTime

__all__ = ["KV", "GoDuration", "GoTime", "Pair", "Pairs", "SafeHTML", "SafeURL", "StringList", "StringMap"]

_FIRST = "alertname"


class SafeHTML(str):
    """Text that is HTML already; it is not escaped again."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "template.HTML"


class SafeURL(str):
    """Text that is a URL, or a part of one, already."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "template.URL"


class StringMap(dict[str, str]):
    """Go's map[string]string: a missing key is the empty string, and it prints as `map[a:b c:d]`."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "map[string]string"
    __go_zero__: ClassVar[str] = ""


class StringList(tuple[str, ...]):
    """Go's []string, with Alertmanager's method `.Join separator`."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "[]string"
    __go_fields__: ClassVar[dict[str, str]] = {"Join": "join"}

    def join(self, separator: str) -> str:
        return separator.join(self)


@dataclass(frozen=True, slots=True)
class Pair:
    """One name with its value: `.Name` and `.Value`."""

    name: str
    value: str

    __go_type__: ClassVar[str] = "template.Pair"
    __go_fields__: ClassVar[dict[str, str]] = {"Name": "name", "Value": "value"}


class Pairs(tuple[Pair, ...]):
    """Pairs in a fixed order, printed as `a=b, c=d`."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "template.Pairs"
    __go_fields__: ClassVar[dict[str, str]] = {"Names": "names", "Values": "values", "String": "text"}

    def names(self) -> StringList:
        return StringList(pair.name for pair in self)

    def values(self) -> StringList:
        return StringList(pair.value for pair in self)

    def text(self) -> str:
        return ", ".join(f"{pair.name}={pair.value}" for pair in self)


class KV(StringMap):
    """Alertmanager's labels or annotations: `alertname` comes first, then the names in order."""

    __slots__ = ()
    __go_type__: ClassVar[str] = "template.KV"
    __go_fields__: ClassVar[dict[str, str]] = {
        "SortedPairs": "sorted_pairs",
        "Remove": "remove",
        "Names": "names",
        "Values": "sorted_values",
        "String": "text",
    }

    def sorted_pairs(self) -> Pairs:
        names = sorted(self, key=lambda name: (name != _FIRST, name))
        return Pairs(Pair(name, self[name]) for name in names)

    def remove(self, names: Iterable[str]) -> KV:
        """The map without these names."""
        unwanted = set(names)
        return KV({name: value for name, value in self.items() if name not in unwanted})

    def names(self) -> StringList:
        return self.sorted_pairs().names()

    def sorted_values(self) -> StringList:
        return self.sorted_pairs().values()

    def text(self) -> str:
        return self.sorted_pairs().text()
