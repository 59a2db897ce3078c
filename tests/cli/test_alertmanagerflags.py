"""Alertmanager's flags: all of them, with its defaults."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from alertd.cli.alertmanagerflags import FLAGS, WITHOUT_MEANING, flags_for, read_flags
from alertd.cli.kingpin import UsageError, parse
from alertd.clock import DAY, MINUTE, SECOND

# The arguments of the community's chart and of the operator for Kubernetes.
CHART = """
--storage.path=/alertmanager --config.file=/etc/alertmanager/alertmanager.yml
--cluster.advertise-address=[10.0.0.1]:9094 --cluster.listen-address=0.0.0.0:9094
--cluster.peer=am-0.am-headless:9094 --cluster.peer=am-1.am-headless:9094
"""
OPERATOR = """
--config.file=/etc/alertmanager/config_out/alertmanager.env.yaml --storage.path=/alertmanager --data.retention=120h
--cluster.listen-address=[10.0.0.1]:9094 --web.listen-address=:9093 --web.route-prefix=/ --cluster.label=monitoring/main
--cluster.peer=alertmanager-main-0.alertmanager-operated:9094 --cluster.reconnect-timeout=5m
--web.config.file=/etc/alertmanager/web_config/web-config.yaml --web.external-url=http://am.example.org
"""


@pytest.mark.parametrize("line", [CHART, OPERATOR, ""])
def test_what_others_start_it_with(line: str) -> None:
    """The arguments of charts and unit files are taken as they are."""
    flags = read_flags(line.split())
    assert flags("config.file", str)
    assert flags.without_meaning() == []


def test_values() -> None:
    """A flag has what was given, else Alertmanager's default."""
    flags = read_flags(CHART.split())
    assert flags.cluster.peers == ("am-0.am-headless:9094", "am-1.am-headless:9094")
    assert flags.cluster.advertise_address == "[10.0.0.1]:9094"
    assert (flags.cluster.peer_timeout, flags.cluster.probe_timeout) == (15 * SECOND, 500)
    assert flags.cluster.settle_timeout == MINUTE
    assert flags.list_of("web.listen-address") == (":9093",)
    assert flags("data.retention", int) == 5 * DAY
    assert "data.retention" not in flags.given
    assert flags("web.systemd-socket", bool) is False


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("", ""),
        ("--web.external-url=http://a/b/", "/b"),
        ("--web.external-url=http://a/b --web.route-prefix=/", ""),
        ("--web.route-prefix=foo/", "/foo"),
        ("--web.route-prefix=/foo/bar", "/foo/bar"),
    ],
)
def test_prefix(line: str, prefix: str) -> None:
    """Without a prefix the external URL's path is it."""
    assert read_flags(line.split()).route_prefix == prefix


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--web.listen-address=9093", "is no address"),
        ("--web.listen-address=:99999", "is no address"),
        ("--cluster.peer=host", "is no address"),
        ("--enable-feature=x,classic-mode", "unknown feature 'x'"),
        ("--enable-feature=classic-mode,utf8-strict-mode", "exclude each other"),
        ("--web.external-url=am.example.org", "only 'http' and 'https' are supported"),
        ("--log.level=loud", 'unrecognized log level "loud"'),
    ],
)
def test_mistakes(line: str, complaint: str) -> None:
    """What cannot be meant is refused before anything is read."""
    with pytest.raises(UsageError, match=re.escape(complaint)):
        read_flags(line.split())


def test_flags_without_meaning() -> None:
    """Each is named with its reason when it is given."""
    line = " ".join(f"--{name}=1h" for name in WITHOUT_MEANING if name.endswith("interval"))
    told = read_flags([*line.split(), "--enable-feature=auto-gomemlimit,classic-mode"]).without_meaning()
    assert [text.partition(":")[0] for text in told] == [
        *line.replace("=1h", "").split(),
        "--enable-feature=auto-gomemlimit",
    ]


@pytest.mark.peer
def test_debians_flags() -> None:
    """Every flag of Debian's program is here, with its default where it has one."""
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("prometheus-alertmanager is not installed")
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    theirs = dict(re.findall(r"^ +--([a-z.-]+[a-z])(?:=(\S+))?", said.stdout + said.stderr, re.MULTILINE))
    # Not a flag, but a word of a help text.
    theirs.pop("help-long", None)
    ours = {flag.name: flag for flag in flags_for("prometheus-alertmanager")}
    assert theirs.keys() <= ours.keys()
    for name, default in theirs.items():
        # Without a default, the help shows the flag's name; the folder of pages is Debian's own.
        if default and not default.isupper() and name != "web.ui-path":
            flag = ours[name]
            assert flag.value_of_default() == parse([flag], [f"--{name}={default.strip(chr(34))}"])[name], name


def test_every_flag_is_documented() -> None:
    """No flag is without a text, and none is there twice."""
    assert all(flag.help for flag in FLAGS)
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)
