"""The switches of the language: what Prometheus keeps behind feature flags."""

from __future__ import annotations

from dataclasses import dataclass
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


STABLE: Final = Features()
ALL_FEATURES: Final = Features(experimental_functions=True, extended_ranges=True, fill_modifiers=True)
