"""Counter resets of native histograms."""

from __future__ import annotations

import pytest

from alertd.promql import parse_histogram
from alertd.promql.histogram_reset import is_reset


@pytest.mark.parametrize(
    ("current", "previous", "expected"),
    [
        ("{{count:3 buckets:[3]}}", "{{count:2 buckets:[2]}}", False),
        ("{{count:1 buckets:[1]}}", "{{count:2 buckets:[2]}}", True),
        ("{{count:3 buckets:[1 2]}}", "{{count:2 buckets:[2]}}", True),
        ("{{count:3 n_buckets:[1 2]}}", "{{count:2 n_buckets:[2]}}", True),
        ("{{count:3 z_bucket:1 z_bucket_w:0.1 buckets:[2]}}", "{{count:2 z_bucket:2 z_bucket_w:0.1}}", True),
        # A finer resolution cannot come from the same counter, a coarser one can.
        ("{{schema:1 count:3 buckets:[3]}}", "{{schema:0 count:2 buckets:[2]}}", True),
        ("{{schema:0 count:3 buckets:[3]}}", "{{schema:1 count:2 buckets:[2]}}", False),
        ("{{count:3 z_bucket_w:0.1 buckets:[3]}}", "{{count:2 z_bucket_w:0.2 buckets:[2]}}", True),
        (
            "{{schema:-53 count:3 custom_values:[1] buckets:[3]}}",
            "{{schema:-53 count:2 custom_values:[1] buckets:[2]}}",
            False,
        ),
        ("{{schema:-53 count:3 custom_values:[1] buckets:[3]}}", "{{count:2 buckets:[2]}}", True),
        # The hint is believed.
        ("{{count:3 buckets:[3] counter_reset_hint:reset}}", "{{count:2 buckets:[2]}}", True),
        ("{{count:1 buckets:[1] counter_reset_hint:not_reset}}", "{{count:2 buckets:[2]}}", False),
    ],
)
def test_reset(current: str, previous: str, expected: bool) -> None:
    """A count that falls, a layout that the old one cannot become, and the hint tell a reset."""
    assert is_reset(parse_histogram(current), parse_histogram(previous)) is expected
