"""How Python objects show themselves to templates."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import pytest

from alertd.gotemplate import TemplateExecutionError, TemplateSet
from alertd.gotemplate.values import KV, Pairs, StringList, StringMap


@dataclass
class Host:
    """An object with a field, a property and methods."""

    name: str
    secret: str = "hidden"

    __go_type__: ClassVar[str] = "inventory.Host"
    __go_fields__: ClassVar[dict[str, str]] = {
        "Name": "name",
        "Short": "short",
        "In": "in_domain",
        "Tags": "tags",
    }

    @property
    def short(self) -> str:
        return self.name.split(".")[0]

    def in_domain(self, domain: str, *more: str) -> str:
        return ".".join((self.name, domain, *more))

    def tags(self) -> StringList:
        return StringList(("a", "b"))


def run(text: str, data: object) -> str:
    return TemplateSet({}).compile(text, "t").execute(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .Name }} {{ .Short }}", "db.x db"),
        ('{{ .In "a" }} {{ "b" | .In "a" }} {{ .In "a" "b" "c" }}', "db.x.a db.x.a.b db.x.a.b.c"),
        ('{{ .Tags.Join "-" }} {{ range .Tags }}{{ . }}{{ end }}', "a-b ab"),
        ("{{ . }} {{ printf `%+v %T` . . }}", "{db.x db} {Name:db.x Short:db} inventory.Host"),
        ("{{ if . }}true{{ end }}", "true"),
    ],
)
def test_objects_show_what_their_class_names(text: str, expected: str) -> None:
    """Fields, properties and methods are reached by their Go names, methods with arguments."""
    assert run(text, Host("db.x")) == expected


@pytest.mark.parametrize("name", ["secret", "Secret", "name", "__class__", "__init__"])
def test_nothing_else_of_an_object_can_be_reached(name: str) -> None:
    """A template sees no attribute that the class does not show."""
    with pytest.raises(TemplateExecutionError, match=f"can't evaluate field {name} in type inventory.Host"):
        run("{{ ." + name + " }}", Host("db"))
    with pytest.raises(TemplateExecutionError, match="can't evaluate field format in type string"):
        run("{{ .x.format }}", {"x": "{0.__class__}"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ .In }}", "wrong number of args for In: want at least 1 got 0"),
        ("{{ .In 5 }}", "expected string; found 5"),
        ("{{ .Name 5 }}", "Name has arguments but cannot be invoked as function"),
        ("{{ .Short.x }}", "can't evaluate field x in type string"),
    ],
)
def test_methods_check_their_arguments(text: str, problem: str) -> None:
    """Methods are checked by their annotations, as functions are."""
    with pytest.raises(TemplateExecutionError) as caught:
        run(text, Host("db"))
    assert problem in str(caught.value)


def test_any_mapping_is_a_map() -> None:
    """A mapping of any class is read by key; only a string map has empty strings for missing keys."""
    data = {"proxy": MappingProxyType({"b": 2, "a": 1}), "strings": StringMap(x="y")}
    text = "{{ range $k, $v := .proxy }}{{ $k }}{{ $v }}{{ end }} {{ .proxy.c }} [{{ .strings.c }}]"
    assert run(text, data) == "a1b2 <no value> []"


def test_label_sets_keep_alertname_in_front() -> None:
    """KV sorts its names with alertname first and takes names away."""
    labels = KV(b="2", a="1", alertname="X")
    assert labels.names() == ("alertname", "a", "b")
    assert labels.remove(["a"]) == {"b": "2", "alertname": "X"}
    assert labels.text() == "alertname=X, a=1, b=2"
    assert isinstance(labels.sorted_pairs(), Pairs)


def test_a_label_never_hides_a_method() -> None:
    """Methods go before keys, as in Go."""
    assert run("{{ .Names }}", KV(Names="x")) == "[Names]"
