"""What alertd finds is what promtool finds: alertd's own findings, written down as expectations, pass in promtool."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertd.promql.printer import format_number
from alertd.simulate.unittests.outcome import Failure, Kind, TestOutcome
from alertd.simulate.unittests.running import Choice, run_file
from tests.simulate.unittests.promtool import PROMTOOL, ask
from tests.simulate.unittests.writing import Fields

pytestmark = [pytest.mark.peer, pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")]

# What lies on the left end of a range belongs to it in promtool 2.42 and not in later ones: nothing lies there.
RULES: dict[str, Any] = {
    "groups": [
        {
            "name": "late",
            "rules": [
                {"alert": "NothingComesIn", "expr": "sum by (job) (job:requests:rate) == 0", "for": "2m"},
                {"record": "after", "expr": "early * 2"},
                {"record": "reads_itself", "expr": "(reads_itself or vector(0)) + 1"},
                {
                    "record": "ranges_over_itself",
                    "expr": "count_over_time((sum(ranges_over_itself) or vector(1))[6m30s500ms:1m])",
                },
            ],
        },
        {
            "name": "first",
            "rules": [
                {
                    "record": "job:requests:rate",
                    "expr": "sum by (job) (irate(requests_total[4m30s500ms]))",
                    "labels": {"kind": "rate"},
                },
                {"record": "early", "expr": "a + on (job) group_left b"},
                {"record": "longest", "expr": "max_over_time(sum(a)[10m30s500ms:90s])"},
                {
                    "alert": "High",
                    "expr": "a > 3",
                    "for": "2m",
                    "keep_firing_for": "3m",
                    "labels": {"severity": "page", "size": "{{ if gt $value 6.0 }}big{{ end }}"},
                    "annotations": {
                        "summary": "{{ $labels.job }} has {{ $value }} in {{ $externalLabels.cluster }}",
                        "link": "{{ $externalURL }}/x",
                        "all": '{{ range query "a" | sortByLabel "instance" }}{{ .Value }} {{ end }}',
                        "wrong": '{{ template "none" }}',
                    },
                },
                {"alert": "High", "expr": "b < 2", "labels": {"severity": "info"}},
                {"alert": "Absent", "expr": 'absent_over_time(a{job="x"}[3m30s500ms])', "for": "1m"},
                {"alert": "SomethingWaits", "expr": 'ALERTS{alertstate="pending",alertname="High"} == 1'},
                {
                    "alert": "Old",
                    "expr": "count by (job) (time() - ALERTS_FOR_STATE > 240)",
                    "labels": {"alertname": "ignored"},
                },
                {"alert": "Changes", "expr": "changes(a[5m30s500ms]) + resets(a[5m30s500ms]) > 3"},
            ],
        },
    ]
}
ALERTS = ("NothingComesIn", "High", "Absent", "SomethingWaits", "Old", "Changes")
EXPRESSIONS = (
    *("job:requests:rate", "early", "after", "reads_itself", "longest", "ranges_over_itself"),
    *("ALERTS", "ALERTS_FOR_STATE", "a offset 2m", "sum(sum_over_time(a[7m30s500ms]))", "count({__name__=~'.+'})"),
    *("timestamp(job:requests:rate)", "count_over_time(ALERTS[12m30s500ms])", "delta(requests_total[6m30s500ms])"),
)
TIMES = ("0", "1m", "5m", "9m40s", "14m", "20m")

ITEMS = st.lists(
    st.sampled_from(["_", "stale", "0", "1", "2", "4", "5x2", "7", "3+1x3", "9-2x4", "_x3", "0.5"]), max_size=14
).map(" ".join)


def document(values: Mapping[str, str], order: Sequence[str]) -> dict[str, Any]:
    """A file of one test that expects nothing at all, of every alert and every expression, at every time."""
    return {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": list(order),
        "tests": [
            {
                "name": "all",
                # No sample is ever exactly as old as what is looked back to, which later ones do not see any more.
                "interval": "61s",
                "external_labels": {"cluster": "c1", "job": "never on an alert"},
                "external_url": "http://prometheus.example/path",
                "input_series": [{"series": name, "values": f"_ {text}"} for name, text in values.items()],
                "alert_rule_test": [
                    {"eval_time": time, "alertname": name, "exp_alerts": []} for time in TIMES for name in ALERTS
                ],
                "promql_expr_test": [
                    {"expr": expr, "eval_time": time, "exp_samples": []} for time in TIMES for expr in EXPRESSIONS
                ],
            }
        ],
    }


def expectations(failures: Sequence[Failure], tests: dict[str, Any]) -> None:
    """Write into the file what was found to be there."""
    for failure in failures:
        if failure.kind is Kind.ALERT:
            found = re.fullmatch(r"alertname: (\w+), time: (\w+)", failure.title)
            assert found
            asked = _asked(tests["alert_rule_test"], "alertname", found[1], found[2])
            asked["exp_alerts"] = _alerts(failure.details[1:])
        else:
            found = re.fullmatch(r"expr: (\".*\"), time: (\w+)", failure.title)
            assert found, failure.title
            asked = _asked(tests["promql_expr_test"], "expr", json.loads(found[1]), found[2])
            got = next(detail for detail in failure.details if detail.startswith("got: "))
            samples = re.findall(r'(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}) ([-+\w.]+)', got)
            asked["exp_samples"] = [{"labels": labels, "value": float(value)} for labels, value in samples]


def _asked(items: Sequence[dict[str, Any]], key: str, value: str, time: str) -> dict[str, Any]:
    return next(
        item
        for item in items
        if item[key] == value and (item["eval_time"] == time or (item["eval_time"], time) == ("0", "0s"))
    )


def _alerts(lines: Sequence[str]) -> list[dict[str, dict[str, str]]]:
    alerts: list[dict[str, dict[str, str]]] = []
    part = ""
    for line in lines:
        pair = re.fullmatch(r"\s+\+ (\w+): (\".*\")", line)
        if pair:
            alerts[-1].setdefault(part, {})[pair[1]] = json.loads(pair[2])
        elif line.strip() in ("labels:", "annotations:"):
            part = f"exp_{line.strip()[:-1]}"
        else:
            assert line == "an alert that is firing and should not be:"
            alerts.append({})
    return alerts


def compare(folder: Path, values: Mapping[str, str], order: Sequence[str]) -> dict[str, Any]:
    """Both programs agree on the file; returns its test with what is there filled in."""
    (folder / "rules.yml").write_text(yaml.safe_dump(RULES))
    path = folder / "tests.yml"
    content = document(values, order)
    path.write_text(yaml.safe_dump(content))
    (empty,) = run_file(path, Choice(all_rules=True)).tests
    expectations(empty.failures, content["tests"][0])
    path.write_text(yaml.safe_dump(content))
    ours, theirs = run_file(path), ask(path)
    assert theirs.passed, theirs.output
    assert ours.passed, ours
    test: dict[str, Any] = content["tests"][0]
    return test


def filled_in(folder: Path, file: dict[str, Any]) -> tuple[Path, TestOutcome]:
    """The file of one test with what alertd found as what is expected, and what it said when nothing was expected."""
    path = folder / "tests.yml"
    path.write_text(yaml.safe_dump(file))
    (ours,) = run_file(path).tests
    expectations([failure for failure in ours.failures if failure.kind is not Kind.RULE], file["tests"][0])
    path.write_text(yaml.safe_dump(file))
    return path, ours


FIXED = {
    'requests_total{job="x",instance="1"}': "0+30x10 100+10x20",
    'requests_total{job="x",instance="2"}': "0x8 stale 5+5x8",
    'requests_total{job="y"}': "7x25",
    'a{job="x",instance="1"}': "1 2 4x6 _x3 9 2x4 8x5",
    'a{job="x",instance="2"}': "0x3 5 5 1 7x10 stale",
    'b{job="x"}': "3 1 1 5+1x12",
}


@pytest.mark.parametrize("order", [["first", "late"], ["late", "first"]])
def test_rules_that_feed_each_other(tmp_path: Path, order: list[str]) -> None:
    """Order of groups, chains, staleness, ALERTS, timers, templates that query: every alert fires, and all is equal."""
    found = compare(tmp_path, FIXED, order)
    assert {asked["alertname"] for asked in found["alert_rule_test"] if asked["exp_alerts"]} == set(ALERTS)
    assert {asked["expr"] for asked in found["promql_expr_test"] if asked["exp_samples"]} == set(EXPRESSIONS)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.fixed_dictionaries(dict.fromkeys(FIXED, ITEMS)), order=st.permutations(["first", "late"]))
def test_any_samples(tmp_path: Path, values: dict[str, str], order: list[str]) -> None:
    """Whatever samples come in, with gaps and stale markers."""
    compare(tmp_path, values, order)


def test_a_limit_that_is_exceeded(tmp_path: Path) -> None:
    """Both end the test with the error of the rule, and with the same words."""
    group = {"name": "g", "limit": 1, "rules": [{"alert": "A", "expr": "a > 3"}, {"record": "r", "expr": "a"}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
    tests = {"input_series": [{"series": 'a{i="1"}', "values": "0 5 5"}, {"series": 'a{i="2"}', "values": "0 5 5"}]}
    asked = [{"eval_time": "2m", "alertname": "A", "exp_alerts": []}, {"eval_time": "2m", "alertname": "B"}]
    file = {"rule_files": ["rules.yml"], "tests": [{"interval": "1m", **tests, "alert_rule_test": asked}]}
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(file))
    theirs = ask(path)
    (ours,) = run_file(path, Choice(all_rules=True)).tests
    assert [failure.title for failure in ours.failures] == theirs.titles == ["rule: r, time: 0s"]
    assert "err: exceeded limit of 1 with 2 series" in theirs.output
    assert ours.failures[0].details == ("err: exceeded limit of 1 with 2 series",)
    group["rules"] = group["rules"][:1]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
    assert ask(path).titles == ["rule: A, time: 1m0s"]
    assert [failure.title for failure in run_file(path).tests[0].failures] == ["rule: A, time: 1m"]


def test_numbers_are_read_as_promtool_reads_them(tmp_path: Path) -> None:
    """The notation of series: signs, exponents, repetitions, gaps, and a zero that looks like a hexadecimal number."""
    texts = ["1 -2 +3", "0x3 7", "1e3-5x2", "-1+0.5x3", "_ 1 _x2 4", ".5 1.5e-2", "Inf -Inf 2", "1 stale 2"]
    series = [{"series": f'a{{i="{place}"}}', "values": text} for place, text in enumerate(texts)]
    asked = [{"expr": "a", "eval_time": f"{minute}m" if minute else "0", "exp_samples": []} for minute in range(6)]
    file = {"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}
    path, ours = filled_in(tmp_path, file)
    theirs = ask(path)
    assert theirs.passed, theirs.output
    assert run_file(path).passed
    assert format_number(1000.0) in str(ours.failures)


def test_rates_to_the_last_bit(tmp_path: Path) -> None:
    """Rates are compared as they are, so that not a bit of them may differ."""
    series = [{"series": f'c{{i="{step}"}}', "values": f"{1000 * step}+{step}x30"} for step in (1, 3, 7, 11)]
    exprs = ("rate(c[4m31s])", "increase(c[7m13s])", "sum(rate(c[9m29s]))", "max_over_time(c[5m30s]) / 7")
    asked = [{"expr": expr, "eval_time": f"{minute}m", "exp_samples": []} for expr in exprs for minute in (12, 17, 23)]
    file = {"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}
    path, ours = filled_in(tmp_path, file)
    theirs = ask(path)
    assert theirs.passed, theirs.output
    assert len(ours.failures) == len(asked)


CLASHES: list[list[Fields]] = [
    [{"record": "r", "expr": "vector(1)"}, {"record": "r", "expr": "vector(1)"}],
    [{"record": "r", "expr": "vector(1)"}, {"record": "r", "expr": "vector(2)"}],
    [{"record": "r", "expr": "vector(0)"}, {"record": "r", "expr": "-vector(0)"}],
    [{"record": "fed", "expr": "vector(2)"}],
    [{"record": "fed", "expr": "vector(1)"}],
    [{"record": "r", "expr": "vector(3) and on () a > 2"}, {"record": "r", "expr": "vector(4) and on () a < 3"}],
    [{"record": "r", "expr": "vector(3) and on () a < 3"}, {"record": "r", "expr": "vector(4) and on () a > 2"}],
    [{"alert": "Same", "expr": "a > 2"}, {"alert": "Same", "expr": "a > 2", "for": "2m"}],
    [{"alert": "Same", "expr": "a > 2"}, {"alert": "Same", "expr": "a > 1"}],
    [{"alert": "Same", "expr": "a > 2"}, {"alert": "Same", "expr": "a > 2"}],
]


@pytest.mark.parametrize("rules", CLASHES, ids=str)
def test_several_write_one_series(tmp_path: Path, rules: list[Fields]) -> None:
    """Another sample for the same instant is the rule's error; the same one is none, and ends no series."""
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    series = [{"series": "fed", "values": "1 1 1 stale 1"}, {"series": "a", "values": "0+1x9 0x3"}]
    exprs = ("r", "fed", "ALERTS", "ALERTS_FOR_STATE", "count_over_time(r[1h])", "count_over_time(ALERTS[1h])")
    times = ("0", "1m", "2m", "3m", "5m", "12m")
    asked = [{"expr": expr, "eval_time": time, "exp_samples": []} for expr in exprs for time in times]
    alerts = [{"alertname": "Same", "eval_time": time, "exp_alerts": []} for time in times]
    tests = {"interval": "1m", "input_series": series, "promql_expr_test": asked, "alert_rule_test": alerts}
    file = {"rule_files": ["rules.yml"], "tests": [tests]}
    path, _ = filled_in(tmp_path, file)
    ours, theirs = run_file(path).tests[0], ask(path)
    assert [failure.title for failure in ours.failures] == [
        re.sub(r"(?<=\dm)0s$", "", title) for title in theirs.titles
    ]
    for failure in ours.failures:
        assert failure.details[0] in theirs.output
