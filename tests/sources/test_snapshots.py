from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.sources.snapshots import Limits, PathMapping, SnapshotRejected, flatten

HEALTH = json.loads("""{
  "status": "healthy", "timestamp": "2024-01-15T10:30:00Z", "version": "2.0.0", "uptime_seconds": 3600,
  "checks": {
    "providers": {
      "status": "healthy", "total": 3, "healthy": 2, "degraded": 1, "unhealthy": 0,
      "details": {
        "openai": {"status": "healthy", "response_time_ms": 245, "error_rate": 0.015},
        "anthropic": {"status": "degraded", "response_time_ms": 850, "error_rate": 0.045}
      }
    },
    "memory": {"status": "healthy", "usage_percent": 67.4, "available_mb": 2669},
    "cache": {"status": "healthy", "hit_rate": 0.85, "memory_usage_mb": 45.2},
    "connections": {"status": "healthy", "active": 45, "pending": 3}
  },
  "overall_status": "healthy"
}""")

METRICS = json.loads("""{
  "timestamp": "2024-01-15T10:30:00Z", "collection_duration_ms": 45.2,
  "metrics": {
    "application": {"total_requests": 10000, "success_rate": 0.98, "avg_response_time_ms": 245.8},
    "providers": {
      "openai": {"requests": 5000, "cost_usd": 125.50},
      "anthropic": {"requests": 3000, "cost_usd": 90.25}
    },
    "system": {"cpu_percent": 45.2, "memory_percent": 67.4, "disk_percent": 34.9},
    "cache": {"hit_rate": 0.85, "entries": 500},
    "connections": {"active": 45, "pending": 3, "error_rate": 0.002}
  }
}""")

PROXY = [
    PathMapping.parse("timestamp", None),
    PathMapping.parse("metrics.application.*", "$1"),
    PathMapping.parse("metrics.system.*", "$1"),
    PathMapping.parse("metrics.providers.*.*", "provider_$2", {"provider": "$1"}),
    PathMapping.parse("metrics.*.*", "$1_$2"),
    PathMapping.parse("checks.providers.details.*.status", "provider_status", {"provider": "$1"}),
]


def text(series: dict[str, str]) -> str:
    labels = ",".join(f"{name}={value}" for name, value in sorted(series.items()) if name != "__name__")
    return f"{series['__name__']}{{{labels}}}" if labels else series["__name__"]


def flat(document: Any, *mappings: PathMapping, labels: dict[str, str] | None = None) -> dict[str, float]:
    snapshot = flatten(document, mappings, labels or {}, 1000)
    assert snapshot.at == 1000
    return {text(series): value for series, value in snapshot.samples}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {}),
        ({"a": 1, "b": 2.5}, {"a": 1.0, "b": 2.5}),
        ({"up": True, "down": False}, {"up": 1.0, "down": 0.0}),
        ({"a": None, "b": {}, "c": []}, {}),
        ({"a": {"b": {"c": 3}}}, {"a_b_c": 3.0}),
        ({"status": "healthy"}, {"status{state=healthy}": 1.0}),
        ({"status": ""}, {"status": 1.0}),
        ({"load": [1.2, 1.5]}, {"load{index=0}": 1.2, "load{index=1}": 1.5}),
        ({"models": ["x", "y"]}, {"models{index=0,state=x}": 1.0, "models{index=1,state=y}": 1.0}),
        ({"disks": [{"used": 1}, {"used": 2}]}, {"disks_used{index=0}": 1.0, "disks_used{index=1}": 2.0}),
        ({"m": [[1, 2], [3]]}, {"m{index=0,index_2=0}": 1.0, "m{index=0,index_2=1}": 2.0, "m{index=1,index_2=0}": 3.0}),
        ({"gpt-3.5": {"p95 ms": 1}, "5xx": 2}, {"gpt_3_5_p95_ms": 1.0, "_5xx": 2.0}),
        ({"": 1}, {"_": 1.0}),
    ],
)
def test_json_becomes_samples(document: Any, expected: dict[str, float]) -> None:
    """Each kind of JSON value becomes the sample, state or silence that it stands for."""
    assert flat(document) == expected


def test_the_health_answer() -> None:
    """An application's health answer becomes states and numbers, its providers told apart by a label."""
    samples = flat(HEALTH, *PROXY)
    assert samples["provider_status{provider=openai,state=healthy}"] == 1.0
    assert samples["provider_status{provider=anthropic,state=degraded}"] == 1.0
    assert samples["overall_status{state=healthy}"] == 1.0
    assert samples["checks_memory_usage_percent"] == 67.4
    assert not any(name.startswith("timestamp") for name in samples)
    assert len(samples) == 24


def test_the_metrics_answer() -> None:
    """The names that the application's own rules use come out of its metrics answer."""
    assert flat(METRICS, *PROXY, labels={"instance": "a"}) == {
        "collection_duration_ms{instance=a}": 45.2,
        "total_requests{instance=a}": 10000.0,
        "success_rate{instance=a}": 0.98,
        "avg_response_time_ms{instance=a}": 245.8,
        "provider_requests{instance=a,provider=openai}": 5000.0,
        "provider_cost_usd{instance=a,provider=openai}": 125.5,
        "provider_requests{instance=a,provider=anthropic}": 3000.0,
        "provider_cost_usd{instance=a,provider=anthropic}": 90.25,
        "cpu_percent{instance=a}": 45.2,
        "memory_percent{instance=a}": 67.4,
        "disk_percent{instance=a}": 34.9,
        "cache_hit_rate{instance=a}": 0.85,
        "cache_entries{instance=a}": 500.0,
        "connections_active{instance=a}": 45.0,
        "connections_pending{instance=a}": 3.0,
        "connections_error_rate{instance=a}": 0.002,
    }


@pytest.mark.parametrize(
    ("mapping", "document", "expected"),
    [
        (PathMapping.parse("a.**", "$1"), {"a": {"b": {"c": 1}}}, {"b_c": 1.0}),
        (PathMapping.parse("a.**", "x", {"where": "$1"}), {"a": {"b": {"c": 1}}}, {"x{where=b.c}": 1.0}),
        (PathMapping.parse("a.**", "$1"), {"a": {"b": [1]}}, {"b{index=0}": 1.0}),
        (PathMapping.parse("a.**", "$1"), {"a": 1}, {"a": 1.0}),
        (PathMapping.parse("disks.*.used", "used", {"disk": "$1"}), {"disks": [{"used": 7}]}, {"used{disk=0}": 7.0}),
        (PathMapping.parse("disks.*.used", "used"), {"disks": [{"used": 7}]}, {"used{index=0}": 7.0}),
        (PathMapping.parse("load.0", "load1"), {"load": [7]}, {"load1": 7.0}),
        (PathMapping.parse("load.*", "load$1"), {"load": [7]}, {"load0": 7.0}),
        (PathMapping.parse("x.*", "y", {"instance": "$1"}), {"x": {"b": 1}}, {"y{instance=b}": 1.0}),
        (PathMapping.parse("x.*", None), {"x": {"b": 1}, "y": 2}, {"y": 2.0}),
    ],
)
def test_a_mapping(mapping: PathMapping, document: Any, expected: dict[str, float]) -> None:
    """A pattern names the values that it matches, from what its wildcards matched, and no other."""
    assert flat(document, mapping) == expected


def test_the_first_matching_pattern_wins() -> None:
    """Patterns are tried in their order."""
    first, second = PathMapping.parse("a.*", "one_$1"), PathMapping.parse("a.b", "two")
    assert flat({"a": {"b": 1}}, first, second) == {"one_b": 1.0}
    assert flat({"a": {"b": 1}}, second, first) == {"two": 1.0}


def test_a_mappings_label_wins_over_the_pushers() -> None:
    """The pusher's labels are the general ones."""
    mapping = PathMapping.parse("x.*", "y", {"instance": "$1"})
    assert flat({"x": {"b": 1}, "z": 2}, mapping, labels={"instance": "a"}) == {
        "y{instance=b}": 1.0,
        "z{instance=a}": 2.0,
    }


@pytest.mark.parametrize(
    ("pattern", "name", "labels", "sentence"),
    [
        ("a..b", "x", {}, "the path pattern 'a..b' has an empty element; write elements with single dots"),
        ("", "x", {}, "the path pattern '' has an empty element; write elements with single dots"),
        ("a.**.b", "x", {}, "`**` may only end a path pattern; 'a.**.b' goes on after it"),
        ("a.*", "x-y", {}, "the name 'x-y' may have letters, digits, `_` and `$1` to `$9` only"),
        ("a.*", "", {}, "the name '' may have letters, digits, `_` and `$1` to `$9` only"),
        ("a.*", "$2", {}, "$2 in '$2' has no wildcard: 'a.*' has 1"),
        ("a", "x", {"p": "$1"}, "$1 in '$1' has no wildcard: 'a' has 0"),
        ("a", "x", {"state": "s"}, "'state' cannot be a mapping's label; a label's name has letters, digits and `_`, "),
        ("a", "x", {"a-b": "s"}, "'a-b' cannot be a mapping's label; a label's name has letters, digits and `_`, "),
    ],
)
def test_a_wrong_mapping_is_refused(pattern: str, name: str, labels: dict[str, str], sentence: str) -> None:
    """Each mistake in a mapping has a sentence."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        PathMapping.parse(pattern, name, labels)
    assert str(caught.value).startswith(sentence)


def nested(levels: int) -> Any:
    document: Any = 1
    for _ in range(levels):
        document = {"a": document}
    return document


@pytest.mark.parametrize(
    ("document", "labels", "sentence"),
    [
        ([1], {}, "a snapshot is a JSON object; this is a list"),
        (None, {}, "a snapshot is a JSON object; this is null"),
        ({"a": {"b": float("nan")}}, {}, "a.b: this number is not finite; leave it out or push null"),
        ({"a": float("inf")}, {}, "a: this number is not finite; leave it out or push null"),
        ({"a": 10**400}, {}, "a: this number is not finite; leave it out or push null"),
        (nested(5), {}, "a.a.a.a: nested deeper than 4 levels; push a flatter document"),
        (
            {"a": {"b": 1}, "a_b": 2},
            {},
            "a_b: this is the series a_b{} that a.b is already; map one of the two",
        ),
        ({str(n): n for n in range(6)}, {}, "5: a snapshot may hold 5 samples; this is one too many"),
        ({"x" * 21: 1}, {}, "x" * 21 + ": its name has 21 characters, 20 are allowed; map it"),
        ({"a": "x" * 31}, {}, "a: its label state has 31 characters, 30 are allowed"),
        ({}, {"state": "x"}, "labels.state: this cannot be a pusher's label: "),
        ({}, {"a b": "x"}, "labels.a b: this cannot be a pusher's label: "),
        ({}, {"a": "x" * 31}, "labels.a: a label may have 30 characters"),
    ],
)
def test_a_wrong_snapshot_is_refused_with_its_path(document: Any, labels: dict[str, str], sentence: str) -> None:
    """Whatever is wrong is named by its path, and nothing of the snapshot is taken."""
    with pytest.raises(SnapshotRejected) as caught:
        flatten(document, (), labels, 0, Limits(depth=4, samples=5, name=20, value=30))
    assert str(caught.value).startswith(sentence)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=12,
)


@given(document=st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_no_document_breaks_the_flattening(document: Any) -> None:
    """Every JSON object either gives different series with legal names or is refused with a path."""
    try:
        samples = flatten(document, (), {}, 0).samples
    except SnapshotRejected as refused:
        samples = ()
        named = refused.path != ""
    else:
        named = True
    assert named
    keys = [tuple(sorted(series.items())) for series, _ in samples]
    assert len(keys) == len(set(keys))
    assert all(series["__name__"].isidentifier() for series, _ in samples)
