"""The switches of the language: what Prometheus keeps behind feature flags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Features:
    """What a text may use beyond the stable language; the defaults are Prometheus'.

    `experimental_functions` also covers the aggregators `limitk` and `limit_ratio`, `extended_ranges` the modifiers
    `anchored` and `smoothed`, `fill_modifiers` `fill`, `fill_left` and `fill_right`.
    """

    experimental_functions: bool = False
    extended_ranges: bool = False
    fill_modifiers: bool = False
    duration_expressions: bool = True

    def enabled(self, names: Iterable[str]) -> Features:
        """These and what the names, which are `FLAGS`, switch on."""
        return replace(self, **{FLAGS[name]: True for name in names})


#: What Prometheus' `--enable-feature` names of the language.
FLAGS: Final = {
    "promql-experimental-functions": "experimental_functions",
    "promql-extended-range-selectors": "extended_ranges",
    "promql-binop-fill-modifiers": "fill_modifiers",
    "promql-duration-expr": "duration_expressions",
}
STABLE: Final = Features()
ALL_FEATURES: Final = Features(experimental_functions=True, extended_ranges=True, fill_modifiers=True)
