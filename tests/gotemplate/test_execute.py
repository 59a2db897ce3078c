"""The language: what templates print, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertd.gotemplate import (
    FunctionError,
    Limits,
    TemplateError,
    TemplateExecutionError,
    TemplateLimit,
    TemplateSet,
    TemplateSyntaxError,
)
from alertd.gotemplate.gofmt import sprint
from alertd.gotemplate.values import StringMap

CASES = yaml.safe_load(Path(__file__).with_name("language.yml").read_text())
DATA = {
    "a": 1,
    "b": {"c": "x", "n": None},
    "l": [1, 2.5, "z", None, [1]],
    "s": "héllo",
    "f": 1234567.5,
    "t": True,
    "e": [],
    "m": StringMap(k="v", z="y"),
    "w": "<a href='x'>&\"+</a>",
    "i0": 0,
    "es": "",
    "nan": float("nan"),
}


def _upper(text: str) -> str:
    return text.upper()


def _double(number: float) -> float:
    return number * 2


def _pair(number: int, text: str) -> str:
    return f"{number}{text}"


def _many(text: str, *values: object) -> str:
    return sprint(text, *values)


SET = TemplateSet({"upper": _upper, "fl": _double, "in": _pair, "va": _many})


def run(text: str, data: object = None, **limits: int) -> str:
    return SET.compile(text, "t").execute(data, limits=Limits(**limits))


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["text"])[:60])
def test_a_template_gives_what_go_gives(case: dict[str, str]) -> None:
    """Output and error text, with line and column, are those of Go's text/template."""
    if "error" in case:
        with pytest.raises(TemplateError) as caught:
            run(case["text"], DATA)
        assert str(caught.value) == case["error"]
    else:
        assert run(case["text"], DATA) == case["output"]


def test_a_compiled_template_can_run_again_and_again() -> None:
    """Two executions of one template do not see each other's variables or data."""
    template = SET.compile("{{ $x := .a }}{{ range .l }}{{ $x = . }}{{ end }}{{ $x }}", "t")
    assert [template.execute({"a": 1, "l": [2]}), template.execute({"a": 3})] == ["2", "3"]


def test_later_definitions_replace_earlier_ones() -> None:
    """A file that is added later redefines a template for everything that is compiled after it, and only for that."""
    templates = TemplateSet({})
    templates.add('{{ define "subject" }}old{{ end }}', "a.tmpl")
    templates.add('{{ define "title" }}[{{ template "subject" . }}]{{ end }}', "t.tmpl")
    before = templates.compile('{{ template "title" . }}', "")
    templates.add('{{ define "subject" }}new {{ .x }}{{ end }}', "b.tmpl")
    after = templates.compile('{{ template "title" . }}', "")
    assert (before.execute({"x": 1}), after.execute({"x": 1})) == ("[old]", "[new 1]")
    assert templates.names == {"a.tmpl", "b.tmpl", "t.tmpl", "subject", "title"}


def test_a_compiled_text_does_not_change_the_set() -> None:
    """Definitions in a compiled text are its own."""
    templates = TemplateSet({})
    assert templates.compile('{{ define "x" }}1{{ end }}{{ template "x" }}', "t").execute(None) == "1"
    with pytest.raises(TemplateExecutionError, match='template "x" not defined'):
        templates.compile('{{ template "x" }}', "t").execute(None)


def test_a_broken_file_leaves_the_set_as_it_was() -> None:
    """Adding a file that does not parse names the place and changes nothing."""
    templates = TemplateSet({})
    templates.add('{{ define "x" }}1{{ end }}', "a.tmpl")
    with pytest.raises(TemplateSyntaxError) as caught:
        templates.add('{{ define "x" }}2{{ end }}\n  {{ nope }}', "b.tmpl")
    assert (caught.value.name, caught.value.line, caught.value.column) == ("b.tmpl", 2, 6)
    assert templates.compile('{{ template "x" }}', "t").execute(None) == "1"


def test_errors_in_a_definition_name_its_file() -> None:
    """The place of a failure is the file that holds the definition, the name is the definition's."""
    templates = TemplateSet({})
    templates.add('\n{{ define "x" }}{{ .a.b }}{{ end }}', "a.tmpl")
    with pytest.raises(TemplateExecutionError) as caught:
        templates.compile('{{ template "x" . }}', "t").execute({"a": "text"})
    assert str(caught.value) == (
        'template: a.tmpl:2:21: executing "x" at <.a.b>: can\'t evaluate field b in type string'
    )


def test_variables_and_functions_can_belong_to_one_execution() -> None:
    """Variables and functions that were declared by name get their values from each execution."""
    template = TemplateSet({}).compile("{{ $who }} {{ ask 2 }}", "t", variables=["who"], functions=["ask"])

    def ask(number: int) -> int:
        return number + 1

    assert template.execute(None, variables={"who": "Ada"}, functions={"ask": ask}) == "Ada 3"
    with pytest.raises(TemplateExecutionError, match='"ask" is not a defined function'):
        template.execute(None)


def test_a_refusing_function_fails_the_execution() -> None:
    """What a function says against its arguments stands behind `error calling NAME`."""

    def refuse(text: str) -> str:
        raise FunctionError(f"not {text}")

    with pytest.raises(TemplateExecutionError, match='at <refuse "x">: error calling refuse: not x'):
        TemplateSet({"refuse": refuse}).compile('{{ refuse "x" }}', "t").execute(None)


@pytest.mark.parametrize(
    ("text", "limits", "problem"),
    [
        ("{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}", {"steps": 1000}, "took more than 1000 steps"),
        ("{{ range 100 }}0123456789{{ end }}", {"output": 100}, "output is longer than 100 characters"),
        ('{{ $x := "ab" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}', {"output": 5000}, "a string is longer"),
        ('{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', {"depth": 20}, "maximum template depth"),
        ('{{ printf "%1000000d" 1 }}', {"output": 1000}, "a string is longer than 1000 characters"),
    ],
)
def test_limits_stop_a_template(text: str, limits: dict[str, int], problem: str) -> None:
    """A template that would run, write or nest without end is stopped with TemplateLimit."""
    with pytest.raises(TemplateLimit, match=problem):
        run(text, **limits)


def test_deep_nesting_is_refused_when_it_is_parsed() -> None:
    """Parentheses and blocks that nest absurdly deep are a syntax error, not a crash."""
    for text in ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "{{ if 1 }}" * 500 + "{{ end }}" * 500):
        with pytest.raises(TemplateSyntaxError, match=r"deep|depth"):
            SET.compile(text, "t")


@given(st.text(alphabet="{}.$|()-\"'`/*=: abx19\nilfrngewth", max_size=40))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """No text makes the parser or the execution fail in another way than with a TemplateError."""
    try:
        SET.compile("{{" + text + "}}", "t").execute(DATA)
        SET.compile(text, "t").execute(DATA)
    except TemplateError:
        return


@given(st.text(alphabet=st.characters(exclude_characters="{"), max_size=40))
def test_text_without_actions_is_unchanged(text: str) -> None:
    """Text without `{{` comes out as it went in."""
    assert run(text) == text
