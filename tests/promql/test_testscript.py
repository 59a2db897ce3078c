"""The script runner tells right from wrong."""

from __future__ import annotations

import pytest

from alertd.promql.scriptparser import Eval, parse_script
from alertd.promql.testscript import run_script

LOAD = """
load 1m
  a_total{l="1"} 0+60x10
  a_total{l="2"} 5x10
  h{l="1"} {{schema:0 sum:1 count:1}}x1 stale

"""


@pytest.mark.parametrize(
    ("block", "outcome"),
    [
        ('eval instant at 5m a_total\n  a_total{l="1"} 300\n  a_total{l="2"} 5', "passed"),
        ('eval instant at 5m a_total\n  a_total{l="1"} 300', "failed"),
        ('eval instant at 5m a_total\n  a_total{l="1"} 301\n  a_total{l="2"} 5', "failed"),
        ('eval instant at 5m a_total{l="1"}\n  a_total{l="1"} 300\n  a_total{l="3"} 5', "failed"),
        ("eval instant at 5m 1 + 1\n  2", "passed"),
        ("eval instant at 5m 1 + 1\n  3", "failed"),
        ('eval instant at 5m "x"\n  expect string "x"', "passed"),
        ('eval instant at 5m "x"\n  expect string "y"', "failed"),
        ('eval range from 0 to 2m step 1m a_total{l="1"}\n  a_total{l="1"} 0 60 120', "passed"),
        ('eval range from 0 to 2m step 1m a_total{l="1"}\n  a_total{l="1"} 0 60 _', "failed"),
        ("eval range from 0 to 2m step 1m 5\n  {} 5 5 5", "passed"),
        (
            (
                'eval instant at 2m a_total{l="1"}[90s]\n'
                '  expect range vector from 1m to 2m step 1m\n  a_total{l="1"} 60 120'
            ),
            "passed",
        ),
        (
            (
                'eval instant at 2m a_total{l="1"}[90s]\n'
                '  expect range vector from 0m to 1m step 1m\n  a_total{l="1"} 60 120'
            ),
            "failed",
        ),
        (
            (
                'eval instant at 5m a_total{l="1"}[90s]\n'
                '  expect range vector from 1m to 2m step 1m\n  a_total{l="1"} 60 120'
            ),
            "passed",
        ),
        (
            (
                'eval range from 0 to 0 step 1m a_total{l="1"}\n'
                '  expect range vector from 1m to 2m step 1m\n  a_total{l="1"} 60 120'
            ),
            "passed",
        ),
        (
            ('eval instant at 5m a_total{l="1"}[1m]\n  expect range vector from 2m to 2m step 0\n  a_total{l="1"} 120'),
            "passed",
        ),
        ('eval instant at 5m sort(a_total)\n  expect ordered\n  a_total{l="2"} 5\n  a_total{l="1"} 300', "passed"),
        ('eval_ordered instant at 5m sort(a_total)\n  a_total{l="1"} 300\n  a_total{l="2"} 5', "failed"),
        ("eval_fail instant at 5m abs(", "passed"),
        ("eval instant at 5m nope\n  expect fail", "failed"),
        (
            (
                "eval instant at 5m label_join(a_total, 'l', '')\n"
                "  expect fail msg: vector cannot contain metrics with the same labelset"
            ),
            "passed",
        ),
        ("eval instant at 5m label_join(a_total, 'l', '')\n  expect fail regex: same \\w+set", "passed"),
        ("eval instant at 5m label_join(a_total, 'l', '')\n  expect fail msg: other", "failed"),
        ("eval instant at 5m label_join(a_total, 'l', '')", "failed"),
        ("eval instant at 5m quantile(2, a_total)\n  expect warn\n  {} Inf", "passed"),
        ("eval instant at 5m quantile(2, a_total)\n  expect no_warn\n  {} Inf", "failed"),
        ("eval instant at 5m quantile(2, a_total)\n  expect warn msg: other\n  {} Inf", "failed"),
        ("eval instant at 5m sum(a_total)\n  expect info\n  {} 305", "failed"),
        ('eval instant at 5m h\n  h{l="1"} {{schema:0 sum:1 count:1}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:0 sum:1 count:1}}', "passed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:0 sum:1 count:2}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:1 sum:1 count:1}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:0 sum:1 count:1 buckets:[1]}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:0 sum:1 count:1 counter_reset_hint:gauge}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{schema:0 sum:1 count:1 counter_reset_hint:unknown}}', "passed"),
        ('eval instant at 0 h\n  h{l="1"} 1', "failed"),
        ('eval instant at 0 a_total{l="2"}\n  a_total{l="2"} {{count:5}}', "failed"),
        ('eval range from 0 to 1m step 1m h\n  h{l="1"} {{schema:0 sum:1 count:1}}x1', "passed"),
        ('eval range from 0 to 1m step 1m h\n  h{l="1"} {{schema:0 sum:1 count:1}} 1', "failed"),
        ('eval range from 0 to 1m step 1m a_total{l="1"}\n  a_total{l="1"} 0 60\n  b _ _', "failed"),
        ('eval range from 0 to 1m step 1m a_total{l="1"}\n  a_total{l="1"} 0 60 _', "failed"),
        ('eval range from 0 to 1m step 1m h\n  h{l="1"} {{sum:1 count:1}}x1', "passed"),
        ('eval range from 0 to 2m step 1m h\n  h{l="1"} {{sum:1 count:1}}x1 _', "passed"),
        ('eval range from 0 to 2m step 1m h\n  h{l="1"} {{sum:1 count:1}}x1 stale', "failed"),
        ("eval range from 0 to 0 step 1m 5\n  5", "failed"),
        ('eval range from 0 to 0 step 1m a_total{l="1"}\n  expect ordered\n  a_total{l="1"} 0', "failed"),
        ("eval instant at 0 vector(NaN)\n  {} NaN", "passed"),
        ("eval instant at 0 vector(NaN)\n  {} stale", "failed"),
        ("eval instant at 0 'a`\"'\n  expect string 'a`\"'", "passed"),
        ('eval instant at 0 "\\""\n  expect string "\\""', "passed"),
        ("eval_warn instant at 5m quantile(2, a_total)\n  {} Inf", "passed"),
        ("eval_warn instant at 5m vector(1)\n  {} 1", "failed"),
        ("eval_warn instant at 5m quantile(2, a_total)\n  expect warn msg: other\n  {} Inf", "failed"),
        ("eval_fail instant at 5m 1\n  1", "failed"),
        ("eval instant at 5m vector(1)\n  expect no_warn msg: x\n  {} 1", "passed"),
        ("eval instant at 5m quantile(2, a_total)\n  expect no_warn msg: x\n  {} Inf", "failed"),
        ("eval instant at 5m vector(1)\n  expect ordered regex: x\n  {} 1", "passed"),
        ("eval instant at 5m vector(1)\n  expect no_info regex: (\n  {} 1", "failed"),
        ("eval_fail instant at 5m label_join(a_total, 'l', '')\n  expected_fail_message\tother", "failed"),
        ("eval_fail instant at 5m label_join(a_total, 'l', '')\n  expected_fail_regexp\tsame", "passed"),
        ("eval_fail instant at 5m label_join(a_total, 'l', '')\n  expected_fail_message", "passed"),
        ('eval instant at 0 h\n  h{l="1"} {{Schema:0 SUM:1 Count:1 counter_reset_hint:Gauge}}', "failed"),
        ('eval instant at 0 h\n  h{l="1"} {{Schema:0 SUM:1 Count:1 counter_reset_hint:UNKNOWN}}', "passed"),
        ("eval instant at 5m 1000\n  1_000", "passed"),
        ("eval instant at 5m 0.5\n  0x1p-1", "passed"),
        ("eval instant at 5m 15\n  017", "passed"),
        ("eval instant at 5m -15\n  -0xf", "passed"),
        ('eval instant at 5m info(a_total)\n  a_total{l="1"} 300\n  a_total{l="2"} 5', "passed"),
        ('eval instant at 5m increase(a_total{l="1"}[1m] anchored)\n  {l="1"} 60', "passed"),
    ],
)
def test_outcomes(block: str, outcome: str) -> None:
    """Each kind of expectation passes when it is met and fails when it is not."""
    (case,) = run_script(LOAD + block).cases
    assert case.outcome == outcome, case.reason


@pytest.mark.parametrize(
    "script",
    [
        "eval instant at 0 abs(\n  expect fail regex: (",
        "eval instant at 0 abs(\n  expect fail regex: a(?!b)",
        'eval instant at 0 "a"\n  expect string "\\q"',
        "eval range from 1m to 0 step 1m 1",
        "eval range from 0 to 1m step 0 1",
        "eval instant at 0 m[1m]\n  expect range vector from 1m to 0 step 1m",
        "eval instant at nan 1",
        "eval instant at inf 1",
        "eval instant at 1e400 1",
        "load 1m\n  m 1_",
        f"load 1m\n  m 1x{'9' * 5000}",
        "load 1m\n  m@st 1mx9999999999\n  m 1",
        "load 1m\n  m@st _x9999999999\n  m 1",
        f"eval instant at 0 1\n  0x{'f' * 400}",
    ],
)
def test_a_broken_command_hides_no_other(script: str) -> None:
    """Whatever is wrong with a command, it is one case that failed, and the next is run."""
    broken, after = run_script(f"{script}\n\neval instant at 0 1\n  1").cases
    assert (broken.outcome, after.outcome) == ("failed", "passed")
    assert broken.reason


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        ("(?i)QUANTILE VALUE", "passed"),
        ("quantile value (?i)SHOULD", "passed"),
        (r"\Qshould be between 0 and 1 (\E|x", "failed"),
        (r"\Qbetween 0 and 1,\E", "passed"),
        (r"got [[:digit:]] \(1:10\)\z", "passed"),
        ("value.*got 2", "passed"),
    ],
)
def test_patterns_are_re2(pattern: str, outcome: str) -> None:
    """Messages are searched with the regular expressions of Go."""
    (case,) = run_script(
        f"{LOAD}eval instant at 5m quantile(2, a_total)\n  expect warn regex: {pattern}\n  {{}} Inf"
    ).cases
    assert case.outcome == outcome, case.reason


def test_a_point_is_no_newline() -> None:
    """Unlike in a matcher, `.` does not match a newline in a message."""
    (command,) = parse_script("eval instant at 0 1\n  expect warn regex: a.b")
    assert isinstance(command, Eval)
    (expected,) = command.messages
    assert expected.matches("a-b")
    assert not expected.matches("a\nb")


def test_long_chains_of_operators() -> None:
    """Operators that follow each other by the thousand, as machines write them, are evaluated in all ways."""
    (case,) = run_script(f"eval instant at 1m {' + '.join(['1'] * 3000)}\n  3000").cases
    assert case.outcome == "passed", case.reason


def test_what_ends_a_command() -> None:
    """A number and the older word on a failure are the last lines of a command, and may be followed by the next."""
    report = run_script(
        LOAD
        + "eval instant at 0 1\n  1\n"
        + "eval instant at 0 2\n  2\n"
        + "eval_fail instant at 0 label_join(a_total, 'l', '')\n  expected_fail_regexp same labelset\n"
        + "eval_fail instant at 0 label_join(a_total, 'l', '')\n  expected_fail_message x\n"
        + "eval instant at 0 3\n  3\n"
        + "load 1m\n  eval 7\n  load 8\n\n"
        + "eval instant at 0 {__name__=~'eval|load'}\n  load 8\n  eval 7\n"
    )
    lines = LOAD.count("\n") + 1
    assert [(case.line - lines, case.outcome) for case in report.cases] == [
        *((0, "passed"), (2, "passed"), (4, "passed"), (6, "failed"), (8, "passed"), (14, "passed")),
    ]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            "eval instant at 0 label_join(late, 'l', '')\n  late 1",
            "unexpected error: vector cannot contain metrics with the same labelset in a range",
        ),
        (
            "eval instant at 0 label_join(late @ 0, 'l', '') + time() * 0\n  {} 1",
            "",
        ),
        (
            "eval instant at 1m label_join(late, 'l', '')\n  expect fail regex: same labelset",
            "",
        ),
        ("eval instant at 1m late{l='1'} @ start()\n  late{l='1'} 2", ""),
        ("eval instant at 1m sum_over_time(late{l='1'}[1m + step()])\n  {l='1'} 2", ""),
        ("eval instant at 0 sort_desc(late)\n  expect ordered\n  expect no_warn\n  late{l='1'} 1", ""),
    ],
)
def test_other_ways(block: str, reason: str) -> None:
    """An instant evaluation must go well in the middle of a range, too, and pinned to its instant."""
    (case,) = run_script(f"load 1m\n  late{{l='1'}} 1 2\n  late{{l='2'}} _ 3\n\n{block}").cases
    assert case.reason == reason


def test_shows_stale_markers() -> None:
    """A stale marker that was expected is shown as one, and not as the NaN that it is."""
    (case,) = run_script("eval instant at 0 vector(NaN)\n  {} stale").cases
    assert case.reason == "expected stale, got NaN for {}"


def test_clear_forgets() -> None:
    """After `clear`, nothing is left, native histograms included; what follows it in its line says nothing."""
    for clear in ("\nclear\n", "\n\nclear # all\n", "\n\nCLEAR\n"):
        report = run_script(f"{LOAD}eval instant at 5m count(a_total)\n  {{}} 2{clear}eval instant at 5m h")
        assert [case.outcome for case in report.cases] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("walk 5m", "line 1: unknown command 'walk 5m', expected load, clear or eval"),
        ("\nload", "line 2: invalid load 'load', expected: load <step>"),
        (
            "load x",
            "line 1: invalid time 'x', expected a duration such as 1m30s or 0: not a valid duration string: \"x\"",
        ),
        ("eval instant 5m a", "line 1: expected: eval instant at <time> <expression>"),
        ("eval instant at 5m a\n  expect peace", "line 2: unknown expectation 'peace'"),
        ("load 5m\n  a@st -1m", "line 2: @st line has no following sample line"),
        ("load 5m\n  a@st -1m\n  b 1", "line 2: @st metric does not match the following sample line metric"),
        ("load 5m\n  a@st -1m\n  a 1 2", "line 2: @st line has 1 values but sample line has 2"),
        ("load 5m\n  a@st x\n  a 1", 'line 2: invalid @st sequence: unexpected "x", expected a duration, _ or *'),
        (
            "load 10\n  a 1",
            "line 1: invalid time '10', expected a duration such as 1m30s or 0: not a valid duration string: \"10\"",
        ),
        (
            "eval instant at -1m a",
            "line 1: invalid time '-1m', expected a duration such as 1m30s or 0: not a valid duration string: \"-1m\"",
        ),
        (
            "eval instant at 1m a\n  a 1 2",
            (
                "line 2: 2 values of an instant evaluation, expected one, or a line before it: "
                "expect range vector from <time> to <time> step <duration>"
            ),
        ),
        ('eval instant at 0 "ell"\n  expect string hello', "line 2: invalid string hello, expected one in quotes"),
        ('eval instant at 0 "a"\n  expect string "a" "', 'line 2: invalid string "a" ", expected one in quotes'),
        ('eval instant at 0 ""\n  expect string', "line 2: invalid string , expected one in quotes"),
        ("eval instant at 0 a\n  expect warn\n  expect no_warn", "line 3: warn and no_warn cannot both be expected"),
        ("eval instant at 0 a\n  expect no_info\n  expect info", "line 3: info and no_info cannot both be expected"),
        ("eval instant at 0 a\n  expect fail\n  expect fail", "line 3: fail is expected twice, expected one line"),
        ("eval range from 0 to 1m step 0 a", "line 1: the step of a range is 0, expected a duration such as 1m"),
        (
            "eval range from 0 to 290y step 1ms a",
            "line 1: the range has 9145440000001 instants, expected 1000000 at most",
        ),
        ("eval range from 1m to 0 step 1m a", "line 1: the range ends at 0, before it starts at 1m"),
        (
            'load_with_nhcb 5m\n  a_bucket{le="1"} 3\n  a_bucket{le="2"} 2',
            "line 1: count is not cumulative: 2 < 3",
        ),
        (
            "load 5m\n  a x",
            'line 2: 1:3: parse error: invalid value "x" in a series, expected a number, a histogram, _ or stale',
        ),
    ],
)
def test_names_what_it_cannot_read(script: str, message: str) -> None:
    """A command with a mistake fails with its line, and what comes after it is run."""
    unread, after = run_script(f"{script}\n\neval instant at 0 1\n  1").cases
    assert f"line {unread.line}: {unread.reason}" == message
    assert unread.outcome == "failed"
    assert after.outcome == "passed"
