"""Go's time.Time and time.Duration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertd.gotemplate import TemplateExecutionError, TemplateSet
from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gotime import GoTime, load_zone

CASES = yaml.safe_load(Path(__file__).with_name("times.yml").read_text())
MOMENT = GoTime.from_milliseconds(1_435_065_584_128)
SECOND = 1_000_000_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['layout']} {case['zone']} {case['nanoseconds']}")
def test_layouts_format_as_in_go(case: dict[str, object]) -> None:
    """Every part of a layout, in zones with and without names, prints as Go prints it."""
    zone, layout, nanoseconds = case["zone"], case["layout"], case["nanoseconds"]
    assert isinstance(zone, str)
    assert isinstance(layout, str)
    assert isinstance(nanoseconds, int)
    assert GoTime(nanoseconds, load_zone(zone)).format(layout) == case["output"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ . }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ('{{ .Format "2006" }} {{ .Format "Mon, 02 Jan 2006 15:04:05 MST" }}', "2015 Tue, 23 Jun 2015 13:19:44 UTC"),
        ("{{ .Unix }} {{ .UnixMilli }} {{ .UnixMicro }}", "1435065584 1435065584128 1435065584128000"),
        ("{{ .Year }} {{ .Month }} {{ .Day }} {{ .Weekday }} {{ .YearDay }}", "2015 June 23 Tuesday 174"),
        ('{{ printf "%d %02d" .Month .Hour }}:{{ .Minute }}:{{ .Second }}', "6 13:19:44"),
        ("{{ .UTC.IsZero }} {{ .Before . }} {{ .Equal . }} {{ .Compare . }}", "false false true 0"),
        ("{{ .Sub . }} {{ (.AddDate 0 1 8).Format `01-02` }}", "0s 07-31"),
        ("{{ if .IsZero }}zero{{ else }}{{ .Nanosecond }}{{ end }}", "128000000"),
    ],
)
def test_templates_call_the_methods_of_a_time(text: str, expected: str) -> None:
    """Times show Go's methods to templates."""
    assert TemplateSet({}).compile(text, "t").execute(MOMENT) == expected


def test_a_time_refuses_what_go_refuses() -> None:
    """A method checks the types of its arguments."""
    with pytest.raises(TemplateExecutionError, match="expected string; found 1"):
        TemplateSet({}).compile("{{ .Format 1 }}", "t").execute(MOMENT)


def test_times_compute() -> None:
    """Adding, subtracting, truncating and rounding keep nanoseconds and the zone."""
    zone = load_zone("Asia/Kolkata")
    later = MOMENT.in_zone(zone).add(GoDuration(SECOND))
    assert (later.text(), later.sub(MOMENT).text()) == ("2015-06-23 18:49:45.128 +0530 IST", "1s")
    assert MOMENT.truncated(GoDuration(60 * SECOND)).text() == "2015-06-23 13:19:00 +0000 UTC"
    assert MOMENT.rounded(GoDuration(60 * SECOND)).text() == "2015-06-23 13:20:00 +0000 UTC"
    assert GoTime.zero().is_zero()
    assert GoTime.zero().text() == "0001-01-01 00:00:00 +0000 UTC"


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        ("2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2024-02-29T10:11:12Z", "2024-02-29 10:11:12 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2024-02-29T10:11:12.345+02:00", "2024-02-29 10:11:12.345 +0200 +0200"),
        ("Jan 2, 2006 3:04PM", "Mar 4, 2020 12:30AM", "2020-03-04 00:30:00 +0000 UTC"),
        ("02 Jan 06", "01 Feb 70", "1970-02-01 00:00:00 +0000 UTC"),
    ],
)
def test_layouts_read_times(layout: str, text: str, expected: str) -> None:
    """A layout also reads what it would write."""
    assert GoTime.parse(layout, text).text() == expected


@pytest.mark.parametrize("text", ["2023-02-29", "2024-13-01", "x", "2024-1-1"])
def test_layouts_refuse_what_does_not_follow_them(text: str) -> None:
    """A text in another form, or a day that does not exist, is refused with both named."""
    with pytest.raises(ValueError, match=f'parsing time "{text}"'):
        GoTime.parse("2006-01-02", text)


@given(st.integers(0, 2**62))
def test_a_formatted_time_reads_back_as_itself(nanoseconds: int) -> None:
    """RFC 3339 with nanoseconds loses nothing."""
    layout = "2006-01-02T15:04:05.999999999Z07:00"
    assert GoTime.parse(layout, GoTime(nanoseconds).format(layout)).nanoseconds == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (4 * 60 * SECOND + 5 * SECOND + 1_000_000, "4m5.001s"),
        (5 * 3600 * SECOND, "5h0m0s"),
        (-90 * SECOND, "-1m30s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
    ],
)
def test_durations_print_as_in_go(nanoseconds: int, expected: str) -> None:
    """A duration prints in hours, minutes and seconds, below a second in one smaller unit, and reads back."""
    assert (GoDuration(nanoseconds).text(), GoDuration.parse(expected)) == (expected, nanoseconds)


@pytest.mark.parametrize("text", ["", "1", "1x", "-", "1h 2m", ".s"])
def test_a_bad_duration_is_refused(text: str) -> None:
    """A duration needs a number and a unit in every term."""
    with pytest.raises(ValueError, match="invalid duration"):
        GoDuration.parse(text)


def test_durations_show_their_methods() -> None:
    """Durations count in any unit and round."""
    text = "{{ .Seconds }} {{ .Minutes }} {{ .Milliseconds }} {{ .Hours }} {{ .Abs }} {{ gt . 0 }} {{ .String }}"
    assert (
        TemplateSet({}).compile(text, "t").execute(GoDuration(-90 * SECOND))
        == "-90 -1.5 -90000 -0.025 1m30s false -1m30s"
    )
    assert GoDuration(1_500_000_000).rounded(GoDuration(SECOND)) == 2 * SECOND
    assert GoDuration(-1_500_000_000).truncated(GoDuration(SECOND)) == -SECOND


def test_an_unknown_zone_is_refused() -> None:
    """A zone that does not exist is named in the error."""
    with pytest.raises(ValueError, match="unknown time zone Mars/Base"):
        load_zone("Mars/Base")
