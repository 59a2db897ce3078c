"""Jinja2 for texts in rules: no way out of the template, and bounds on the time and memory that one can take.

Jinja2's own sandbox keeps a template from reaching Python's internals, but lets it loop and multiply at will. Here only
the statements `if`, `for` and `set` exist, and whatever multiplies (operators, filters, loops) is counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MAX_TEXT = 1 << 14
MAX_ROUNDS = 1_000
MAX_WIDTH = 1_000
_MAX_INTEGER = 1 << 64
_MAX_EXPONENT = 64
_LARGEST_PLAIN = 1e15


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What rendering a template can raise: its own mistakes, and a value that an operator or a filter cannot take.
RENDER_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)

# Filters that only the compiler puts in: a template cannot spell these names.
_BUDGET = "rounds left"
_FLAT = "flat values"
_STATEMENTS = (nodes.Template, nodes.Output, nodes.For, nodes.If, nodes.Assign)
_ATTRIBUTES: dict[type, frozenset[str]] = {
    str: _names(
        "capitalize count endswith find isdigit lower lstrip partition removeprefix removesuffix rpartition rsplit "
        "rstrip split splitlines startswith strip title upper"
    ),
    dict: _names("get items keys values"),
    LoopContext: _names(
        "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"
    ),
}
_PLAIN_FILTERS = _names(
    "abs capitalize count d default dictsort e escape first float int items last length list lower max min reject "
    "reverse select sort string title tojson trim unique upper urlencode wordcount"
)
_WIDTH_FILTERS = _names("center indent round truncate wordwrap")
_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4})")


def compile_jinja(text: str, variables: Iterable[str], filters: Mapping[str, Callable[..., Any]]) -> Template:
    """Compile `text`, which may use `variables` and `filters` beside the harmless ones of Jinja2.

    Raises TemplateSyntaxError, whose text says what is wrong, also for a variable that does not exist.
    """
    environment = _Sandbox()
    environment.filters.update(filters)
    if len(text) > MAX_TEXT:
        raise TemplateSyntaxError(f"the template has {len(text)} characters; {MAX_TEXT} are allowed", 1)
    try:
        unknown = find_undeclared_variables(environment.parse(text)) - set(variables) - set(environment.globals)
        if unknown:
            known = ", ".join(sorted(variables))
            raise TemplateSyntaxError(f"there is no variable {min(unknown)!r}; there are {known}", 1)
        return environment.from_string(text)
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateSyntaxError("the template is nested too deeply", 1) from None


def render_jinja(template: Template, variables: Mapping[str, Any]) -> str:
    """The text of a template, at most `MAX_TEXT` characters. Raises one of `RENDER_ERRORS`."""
    parts: list[str] = []
    length = 0
    for part in template.generate({**variables, _BUDGET: [MAX_ROUNDS]}):
        length += len(part)
        if length > MAX_TEXT:
            raise SecurityError(f"the text is longer than {MAX_TEXT} characters")
        parts.append(part)
    return "".join(parts)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"**", "*", "%", "+"})

    def __init__(self) -> None:
        # Without the optimizer nothing of a template runs while it is compiled.
        super().__init__(undefined=StrictUndefined, optimized=False, finalize=_finalize, keep_trailing_newline=True)
        self.globals = {"range": _range}
        self.filters = {name: FILTERS[name] for name in _PLAIN_FILTERS}
        self.filters.update({name: _narrow(FILTERS[name]) for name in _WIDTH_FILTERS})
        self.filters.update({"format": _format, "join": _join, "replace": _replace, "sum": sum})
        self.filters.update({_BUDGET: _counted, _FLAT: _flat})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for statement in tree.find_all(nodes.Stmt):
            if not isinstance(statement, _STATEMENTS) or (isinstance(statement, nodes.For) and statement.recursive):
                kind = type(statement).__name__.lower()
                message = f"a text may use the statements if, for and set; this is {kind}"
                raise TemplateSyntaxError(message, statement.lineno)
        bounded: nodes.Template = _Bounding().visit(tree)
        return bounded

    def wrap_str_format(self, value: Any) -> None:
        """`str.format` is not offered; the filter `format` is bounded."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002 - the sandbox's signature
        return any(isinstance(obj, kind) and attr in names for kind, names in _ATTRIBUTES.items())

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("a text has no operator %; use the filter format")
        if operator == "**" and not (isinstance(left, int | float) and abs(right) <= _MAX_EXPONENT):
            raise SecurityError(f"an exponent may be at most {_MAX_EXPONENT}")
        if operator in "*+" and isinstance(left, list | tuple) | isinstance(right, list | tuple):
            raise SecurityError(f"a list has no operator {operator}")
        if operator == "*":
            _check_length(len(left) * right if isinstance(left, str) and isinstance(right, int) else 0)
            _check_length(len(right) * left if isinstance(right, str) and isinstance(left, int) else 0)
        elif operator == "+":
            _check_length(_length(left) + _length(right))
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > _MAX_INTEGER:
            raise SecurityError("a number became too large")
        return result


class _Bounding(NodeTransformer):
    """Puts each loop's values through the counter, `~` through the bounded `join`, and keeps lists flat."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _BUDGET)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "join")

    def visit_List(self, node: nodes.List) -> nodes.Filter:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        return _filtered(node, _FLAT)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        return _filtered(node, _FLAT) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Filter:  # noqa: N802 - the visitor's naming
        self.generic_visit(node)
        return _filtered(node, _FLAT)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _flat(values: Any) -> Any:
    """The same list, tuple or dictionary: one within another could grow without bound in few steps."""
    inner = values.values() if isinstance(values, dict) else values
    if any(isinstance(value, list | tuple | dict) for value in inner):
        raise SecurityError("a list may hold texts and numbers only")
    return values


def _finalize(value: Any) -> Any:
    """Whole numbers print without `.0`, as a person writes them; what is no number as Prometheus does."""
    if not isinstance(value, float):
        return value
    if math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _LARGEST_PLAIN else value
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else 0


def _check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise SecurityError(f"a text became longer than {MAX_TEXT} characters")


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_ROUNDS:
        raise SecurityError(f"a range may have {MAX_ROUNDS} numbers")
    return numbers


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    budget = context[_BUDGET]
    for value in values:
        budget[0] -= 1
        if budget[0] < 0:
            raise SecurityError(f"the loops of a text may run {MAX_ROUNDS} rounds in all")
        yield value


def _narrow(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with its widths and texts bounded on the way in and its text on the way out."""
    wrapped_is_environment_filter = hasattr(function, "jinja_pass_arg")

    def narrow(*args: Any, **kwargs: Any) -> Any:
        own = args[1:] if wrapped_is_environment_filter else args
        for argument in (*own[1:], *kwargs.values()):
            if (isinstance(argument, int) and abs(argument) > MAX_WIDTH) or _length(argument) > MAX_WIDTH:
                raise SecurityError(f"a width may be at most {MAX_WIDTH}")
        result = function(*args, **kwargs)
        _check_length(_length(result))
        return result

    if wrapped_is_environment_filter:
        narrow.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]  # Jinja2's own mark
    return narrow


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    if _WIDE_FORMAT.search(value):
        raise SecurityError(f"a format's width may be at most {MAX_WIDTH - 1}")
    longest = max(map(_length, (*args, *kwargs.values())), default=0)
    _check_length(len(value) + value.count("%") * longest)
    text = value % (kwargs or args)
    _check_length(len(text))
    return text


def _join(values: Iterable[Any], joint: str = "") -> str:
    parts: list[str] = []
    length = 0
    for value in values:
        parts.append(str(_finalize(value)))
        length += len(parts[-1]) + len(joint)
        _check_length(length)
    return joint.join(parts)


def _replace(value: str, old: str, new: str, count: int = -1) -> str:
    text = str(value)
    _check_length(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)
