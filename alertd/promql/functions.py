"""The table of all functions: name → evaluation at an instant."""

from __future__ import annotations

from typing import Final

from alertd.promql import (
    functions_histogram,
    functions_info,
    functions_labels,
    functions_math,
    functions_range,
    functions_rate,
    functions_samples,
    functions_time,
)
from alertd.promql.functiontypes import FunctionTable

FUNCTIONS: Final[FunctionTable] = {
    **functions_math.TABLE,
    **functions_range.TABLE,
    **functions_samples.TABLE,
    **functions_rate.TABLE,
    **functions_time.TABLE,
    **functions_labels.TABLE,
    **functions_histogram.TABLE,
    **functions_info.TABLE,
}
