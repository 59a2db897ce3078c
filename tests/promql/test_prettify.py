"""Expressions laid out over several lines."""

from __future__ import annotations

import pytest

from alertd.promql import ALL_FEATURES, parse, prettify

LONG = 'requests_total{code=~"5..",instance="a very long name of an instance",job="a very long name of a job"}'
SHORT = 'errors_total{instance="node",job="a very long name of a job"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a+b", "a + b"),
        ("sum by(job)(rate(a[5m]))", "sum by (job) (rate(a[5m]))"),
        (LONG, LONG),
        (f"-({LONG})", f"-(\n  {LONG}\n)"),
        (f"sum by (job) ({LONG})", f"sum by (job) (\n  {LONG}\n)"),
        (f"topk(3, {LONG})", f"topk(\n  3,\n  {LONG}\n)"),
        (f"rate({LONG}[5m])", f"rate(\n  {LONG}[5m]\n)"),
        (f"clamp({LONG}, 1, 2)", f"clamp(\n  {LONG},\n  1,\n  2\n)"),
        (f"({LONG})[5m:1m] offset 1m", f"(\n  {LONG}\n)[5m:1m] offset 1m"),
        (f"{SHORT} / on (job) group_left () {SHORT}", f"  {SHORT}\n/ on (job) group_left ()\n  {SHORT}"),
        (
            f"{SHORT} / {SHORT} > bool 0.5",
            f"    {SHORT}\n  /\n    {SHORT}\n> bool\n  0.5",
        ),
    ],
)
def test_layout(text: str, expected: str) -> None:
    """What fits in 100 bytes stays in one line; the rest is broken up, two blanks for each level."""
    pretty = prettify(parse(text))
    assert pretty == expected
    assert parse(pretty) == parse(text)


def test_long_chains_do_not_overflow() -> None:
    """A chain of thousands of links is laid out, too."""
    expr = parse(" + ".join(["metric_with_some_name"] * 3000), features=ALL_FEATURES)
    assert prettify(expr).count("\n") == 2 * (3000 - 4)
