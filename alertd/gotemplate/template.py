"""Sets of templates that call each other, and one template ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from alertd.gotemplate.execute import Execution, Function, Known
from alertd.gotemplate.html import HtmlOutput, html_functions
from alertd.gotemplate.language import SHORT_CIRCUIT, language_functions
from alertd.gotemplate.limits import Limits
from alertd.gotemplate.nodes import Tree
from alertd.gotemplate.output import Output, TextOutput
from alertd.gotemplate.parser import parse
from alertd.gotemplate.signature import signature_of

_NONE: Final[Mapping[str, object]] = MappingProxyType({})
_NO_FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({})
_DEFAULT_LIMITS: Final = Limits()


class Template:
    """A parsed template. It is immutable and can be executed any number of times, from several threads too."""

    __slots__ = ("_functions", "_html", "_templates", "_tree")

    def __init__(self, tree: Tree, templates: Mapping[str, Tree], functions: Known, *, html: bool) -> None:
        self._tree = tree
        self._templates = templates
        self._functions = functions
        self._html = html

    @property
    def name(self) -> str:
        return self._tree.name

    def execute(
        self,
        data: object,
        *,
        variables: Mapping[str, object] = _NONE,
        functions: Mapping[str, Function] | None = None,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> str:
        """The text that the template makes of `data`, which is `.` and `$` in it.

        `variables` give values to the variables declared when it was compiled (names without `$`; one that is not
        given is nil); `functions` give the functions that were only declared by name. Raises TemplateExecutionError;
        TemplateLimit, which is one, when a limit is hit.
        """
        name = self._tree.name
        output: Output = HtmlOutput(name, limits.output) if self._html else TextOutput(name, limits.output)
        own = _NO_FUNCTIONS if functions is None else functions
        Execution(self._tree, self._templates, self._functions, own, limits, output).run(data, variables)
        return output.result()


class TemplateSet:
    """Templates that share functions and can call one another's definitions.

    `functions` are added to those of the language and go before them. A function takes positional arguments; its
    annotations str, int, float and bool are checked before it is called; to refuse an argument it raises
    FunctionError or another ValueError. With `html` every printed value is escaped for the place in which it stands.
    """

    def __init__(self, functions: Mapping[str, Callable[..., object]], *, html: bool = False) -> None:
        every = {**language_functions(), **(html_functions() if html else {}), **functions}
        self._functions = {name: (function, signature_of(function)) for name, function in every.items()}
        self._html = html
        self._templates: dict[str, Tree] = {}

    def add(self, text: str, name: str) -> None:
        """Take over a template file: its definitions, which replace earlier ones of the same name, and itself.

        Raises TemplateSyntaxError and leaves the set as it was.
        """
        tree, defines = parse(text, name, self._functions.keys() | SHORT_CIRCUIT)
        self._templates = {**self._templates, name: tree, **defines}

    @property
    def names(self) -> frozenset[str]:
        """The names of all templates that can be called."""
        return frozenset(self._templates)

    def compile(
        self, text: str, name: str, *, variables: Iterable[str] = (), functions: Iterable[str] = (), offset: int = 0
    ) -> Template:
        """A template that can call the set's definitions, as they are now, and its own; the set stays as it is.

        `variables` (without `$`) and `functions` name what `execute` will be given; `offset` is added to the columns
        of the first line in errors. Raises TemplateSyntaxError.
        """
        known = self._functions.keys() | SHORT_CIRCUIT | set(functions)
        tree, defines = parse(text, name, known, variables=variables, offset=offset)
        return Template(tree, {**self._templates, name: tree, **defines}, self._functions, html=self._html)
