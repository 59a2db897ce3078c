"""Command lines as programs of Go read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.cli.kingpin import Flag, UsageError, duration, number, one_of, parse, usage
from alertd.clock import DAY, HOUR, MINUTE, SECOND

FLAGS = (
    Flag("help", "Show this.", read=bool),
    Flag("config.file", "The file.", "a.yml"),
    Flag("wait", "How long.", "0s", duration),
    Flag("most", "How many.", "0", number),
    Flag("peer", "A peer.", repeated=True),
    Flag("loud", "Whether.", read=bool),
    Flag("level", "Which.", "info", one_of("log level", "info", "warn")),
)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("", {}),
        ("--config.file=b", {"config.file": "b"}),
        ("--config.file b --loud", {"config.file": "b", "loud": True}),
        ("--no-loud", {"loud": False}),
        ("--peer=a:1 --peer b:2", {"peer": ("a:1", "b:2")}),
        ("--wait=1m30s --most=7", {"wait": 90 * SECOND, "most": 7}),
        ("--config.file=", {"config.file": ""}),
        ("--config.file=a=b", {"config.file": "a=b"}),
        ("--config.file -", {"config.file": "-"}),
        ("-h", {"help": True}),
        ("--help --", {"help": True}),
    ],
)
def test_lines(line: str, given: dict[str, object]) -> None:
    """Both forms of a value, both of a switch, and flags that may be repeated."""
    assert parse(FLAGS, line.split()) == given


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--nope", "unknown long flag '--nope'"),
        ("--nope=1", "unknown long flag '--nope'"),
        ("--no-wait", "unknown long flag '--no-wait'"),
        ("--no-no-loud", "unknown long flag '--no-no-loud'"),
        ("-x", "unknown short flag '-x'"),
        ("word", "unexpected word"),
        ("-- word", "unexpected word"),
        ("--loud=true", "unexpected true"),
        ("--config.file", "expected argument for flag '--config.file'"),
        ("--config.file --loud", "expected argument for flag '--config.file'"),
        ("--config.file=a --config.file=b", "flag 'config.file' cannot be repeated"),
        ("--wait=foo", 'time: invalid duration "foo"'),
        ("--wait=5", 'time: missing unit in duration "5"'),
        ("--wait=5x", 'time: unknown unit "x" in duration "5x"'),
        ("--most=x", 'strconv.ParseFloat: parsing "x": invalid syntax'),
        ("--level=loud", 'unrecognized log level "loud"'),
        ("@/nowhere", "open /nowhere: No such file or directory"),
    ],
)
def test_mistakes(line: str, complaint: str) -> None:
    """Each mistake in the words that Alertmanager has for it."""
    with pytest.raises(UsageError) as raised:
        parse(FLAGS, line.split())
    assert str(raised.value) == complaint


def test_arguments_in_a_file(tmp_path: Path) -> None:
    """`@FILE` stands for the file's lines."""
    (tmp_path / "arguments").write_text("# what we run with\n--peer\na:1\n\n--loud\n")
    assert parse(FLAGS, [f"@{tmp_path}/arguments", "--peer=b:2"]) == {"peer": ("a:1", "b:2"), "loud": True}


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("120h", 5 * DAY),
        ("120h0m0s", 5 * DAY),
        ("5d", 5 * DAY),
        ("1d12h", 36 * HOUR),
        ("1.5h", 90 * MINUTE),
        (".5s", 500),
        ("200ms", 200),
        ("-5s", -5 * SECOND),
        ("+1m", MINUTE),
        ("999us", 1),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    """Go's form and Prometheus' form of a duration."""
    assert duration(text) == milliseconds


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    """Nothing but a number of milliseconds or a complaint that quotes the text comes of any text."""
    try:
        found: int | str = duration(text)
    except ValueError as error:
        found = str(error)
    assert isinstance(found, int) or (found.startswith("time: ") and text in found)


def test_usage() -> None:
    """Every flag is there with its default and what it does."""
    text = usage("alertmanager", FLAGS)
    assert text.startswith("usage: alertmanager [<flags>]\n")
    for flag in FLAGS:
        assert f"--{flag.name}" in text.replace("[no-]", "")
        assert flag.help in text
