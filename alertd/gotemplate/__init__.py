"""Go's text/template as Prometheus' annotations and Alertmanager's messages use it.

A `TemplateSet` holds functions and named definitions; `compile` gives a `Template` that is parsed once and executed
many times. `prometheus` holds what annotations add, `alertmanager` what messages add, `values` the values that both
show, `reflection` how any other Python object shows itself to a template.
"""

from __future__ import annotations

from alertd.gotemplate.detect import looks_like_go
from alertd.gotemplate.errors import (
    FunctionError,
    TemplateError,
    TemplateExecutionError,
    TemplateLimit,
    TemplateSyntaxError,
)
from alertd.gotemplate.limits import Limits
from alertd.gotemplate.template import Template, TemplateSet

__all__ = [
    "FunctionError",
    "Limits",
    "Template",
    "TemplateError",
    "TemplateExecutionError",
    "TemplateLimit",
    "TemplateSet",
    "TemplateSyntaxError",
    "looks_like_go",
]
