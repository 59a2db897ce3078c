"""PromQL: parsing, printing and evaluation, of numbers and native histograms, with the semantics of Prometheus 3.

The names below are the package's interface. Each is loaded when it is first used, so that importing the package
(or `alertd.promql.durations` alone) costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alertd.promql.ast import (
        Aggregation,
        BinaryExpr,
        Call,
        DurationExpr,
        Expr,
        MatrixSelector,
        NumberLiteral,
        ParenExpr,
        StringLiteral,
        Subquery,
        UnaryExpr,
        VectorMatching,
        VectorSelector,
        selectors,
        unwrap,
        walk,
    )
    from alertd.promql.durations import format_duration, parse_duration
    from alertd.promql.errors import EvaluationError, EvaluationTimeout, ParseError, TooManySamples
    from alertd.promql.evaluator import evaluate, evaluate_range
    from alertd.promql.features import ALL_FEATURES, STABLE, Features
    from alertd.promql.histogram import CounterReset, FloatHistogram
    from alertd.promql.histogram_notation import format_histogram, parse_histogram
    from alertd.promql.matchers import METRIC_NAME, Matcher
    from alertd.promql.parser import parse, parse_matchers
    from alertd.promql.prettify import prettify
    from alertd.promql.printer import format_expr, format_labels, format_number
    from alertd.promql.seriesnotation import SeriesDescription, parse_metric, parse_series
    from alertd.promql.storage import STALE_NAN, MemoryStorage, Series, Storage, is_stale
    from alertd.promql.values import Evaluation, Matrix, Options, Sample, Scalar, String, Value, Vector

_HOMES = {
    "ast": (
        "Aggregation BinaryExpr Call DurationExpr Expr MatrixSelector NumberLiteral ParenExpr StringLiteral Subquery"
        " UnaryExpr VectorMatching VectorSelector selectors unwrap walk"
    ),
    "durations": "format_duration parse_duration",
    "errors": "EvaluationError EvaluationTimeout ParseError TooManySamples",
    "evaluator": "evaluate evaluate_range",
    "features": "ALL_FEATURES STABLE Features",
    "histogram": "CounterReset FloatHistogram",
    "histogram_notation": "format_histogram parse_histogram",
    "matchers": "METRIC_NAME Matcher",
    "parser": "parse parse_matchers",
    "prettify": "prettify",
    "printer": "format_expr format_labels format_number",
    "seriesnotation": "SeriesDescription parse_metric parse_series",
    "storage": "STALE_NAN MemoryStorage Series Storage is_stale",
    "values": "Evaluation Matrix Options Sample Scalar String Value Vector",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "ALL_FEATURES",
    "METRIC_NAME",
    "STABLE",
    "STALE_NAN",
    "Aggregation",
    "BinaryExpr",
    "Call",
    "CounterReset",
    "DurationExpr",
    "Evaluation",
    "EvaluationError",
    "EvaluationTimeout",
    "Expr",
    "Features",
    "FloatHistogram",
    "Matcher",
    "Matrix",
    "MatrixSelector",
    "MemoryStorage",
    "NumberLiteral",
    "Options",
    "ParenExpr",
    "ParseError",
    "Sample",
    "Scalar",
    "Series",
    "SeriesDescription",
    "Storage",
    "String",
    "StringLiteral",
    "Subquery",
    "TooManySamples",
    "UnaryExpr",
    "Value",
    "Vector",
    "VectorMatching",
    "VectorSelector",
    "evaluate",
    "evaluate_range",
    "format_duration",
    "format_expr",
    "format_histogram",
    "format_labels",
    "format_number",
    "is_stale",
    "parse",
    "parse_duration",
    "parse_histogram",
    "parse_matchers",
    "parse_metric",
    "parse_series",
    "prettify",
    "selectors",
    "unwrap",
    "walk",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
