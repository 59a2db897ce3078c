"""The value types of PromQL and the signatures of its functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

ValueType: TypeAlias = Literal["scalar", "vector", "matrix", "string"]

SCALAR: Final = "scalar"
VECTOR: Final = "vector"
MATRIX: Final = "matrix"
STRING: Final = "string"

DOCUMENTED_TYPES: Final = {
    SCALAR: "scalar",
    VECTOR: "instant vector",
    MATRIX: "range vector",
    STRING: "string",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function's signature.

    `variadic` is how often the last argument may be missing or repeated: 0 fixed, n up to n times, -1 any number.
    """

    name: str
    args: tuple[ValueType, ...]
    returns: ValueType = VECTOR
    variadic: int = 0
    experimental: bool = False


def _functions() -> dict[str, Function]:
    signatures: list[Function] = []

    def add(
        names: str, *args: ValueType, returns: ValueType = VECTOR, variadic: int = 0, experimental: bool = False
    ) -> None:
        signatures.extend(Function(name, args, returns, variadic, experimental) for name in names.split())

    add("abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt", VECTOR)
    add("tan tanh absent sort sort_desc timestamp", VECTOR)
    add("histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum", VECTOR)
    add("day_of_month day_of_week day_of_year days_in_month hour minute month year", VECTOR, variadic=1)
    add("absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta", MATRIX)
    add("increase irate last_over_time max_over_time min_over_time present_over_time rate resets", MATRIX)
    add("stddev_over_time stdvar_over_time sum_over_time", MATRIX)
    add("mad_over_time ts_of_first_over_time ts_of_last_over_time", MATRIX, experimental=True)
    add("ts_of_max_over_time ts_of_min_over_time", MATRIX, experimental=True)
    add("clamp", VECTOR, SCALAR, SCALAR)
    add("clamp_max clamp_min", VECTOR, SCALAR)
    add("round", VECTOR, SCALAR, variadic=1)
    add("histogram_fraction", SCALAR, SCALAR, VECTOR)
    add("histogram_quantile", SCALAR, VECTOR)
    add("histogram_quantiles", VECTOR, STRING, SCALAR, SCALAR, variadic=9, experimental=True)
    add("info", VECTOR, VECTOR, variadic=1, experimental=True)
    add("quantile_over_time", SCALAR, MATRIX)
    add("predict_linear", MATRIX, SCALAR)
    add("double_exponential_smoothing", MATRIX, SCALAR, SCALAR, experimental=True)
    add("label_join", VECTOR, STRING, STRING, STRING, variadic=-1)
    add("label_replace", VECTOR, STRING, STRING, STRING, STRING)
    add("sort_by_label sort_by_label_desc", VECTOR, STRING, variadic=-1, experimental=True)
    add("scalar", VECTOR, returns=SCALAR)
    add("vector", SCALAR)
    add("pi time", returns=SCALAR)
    add("start_timestamp", VECTOR, experimental=True)
    add("start end step range", returns=SCALAR, experimental=True)
    add("max_of min_of", SCALAR, SCALAR, returns=SCALAR, experimental=True)
    return {function.name: function for function in signatures}


FUNCTIONS: Final = _functions()
