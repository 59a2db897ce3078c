from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from alertd.clock import MINUTE, SECOND
from alertd.promql import parse
from alertd.rules.loading import load_rules
from alertd.sources.base import Failure, SourceError
from alertd.sources.samples import SnapshotSource
from alertd.sources.snapshots import PathMapping, flatten

MAPPINGS = [PathMapping.parse("providers.*.status", "provider_status", {"provider": "$1"})]
_IDS = itertools.count()


def push(source: SnapshotSource, at: int, document: Any, labels: dict[str, str] | None = None) -> bool:
    snapshot = flatten(document, MAPPINGS, labels or {}, at)
    return source.ingest(f"id-{next(_IDS)}", at, snapshot.labels, snapshot.samples)


async def ask(source: SnapshotSource, text: str, at: int) -> dict[str, float]:
    answer = await source.query(parse(text, states=True), at)
    return {",".join(f"{k}={v}" for k, v in sorted(labels.items())): value for labels, value in answer.samples}


async def test_pushed_values_are_answered() -> None:
    """What was pushed is what an expression sees, with the pusher's labels, from the push on."""
    source = SnapshotSource()
    push(source, MINUTE, {"cpu": 91, "up": True}, {"instance": "a"})
    push(source, MINUTE, {"cpu": 12, "up": True}, {"instance": "b"})
    assert await ask(source, "cpu > 90", MINUTE) == {"__name__=cpu,instance=a": 91.0}
    assert await ask(source, "sum(up)", 2 * MINUTE) == {"": 2.0}
    assert await ask(source, "cpu", MINUTE - 1) == {}


async def test_states_are_compared_with_texts() -> None:
    """A provider that turns unhealthy is found, and its old state ends with the next push."""
    source = SnapshotSource()
    push(source, MINUTE, {"providers": {"x": {"status": "healthy"}, "y": {"status": "healthy"}}})
    push(source, 2 * MINUTE, {"providers": {"x": {"status": "unhealthy"}, "y": {"status": "healthy"}}})
    unhealthy = "provider_status == 'unhealthy'"
    found = {"__name__=provider_status,provider=x,state=unhealthy": 1.0}
    assert await ask(source, unhealthy, MINUTE) == {}
    assert await ask(source, unhealthy, 2 * MINUTE) == found
    assert await ask(source, "count(provider_status)", 2 * MINUTE) == {"": 2.0}


async def test_a_series_that_the_next_push_lacks_ends_there() -> None:
    """Only the pusher's own series: another pusher's stay."""
    source = SnapshotSource()
    push(source, 10, {"a": 1, "b": 2}, {"instance": "x"})
    push(source, 15, {"a": 1, "b": 2}, {"instance": "y"})
    push(source, 20, {"a": 3}, {"instance": "x"})
    assert await ask(source, "b", 19) == {"__name__=b,instance=x": 2.0, "__name__=b,instance=y": 2.0}
    assert await ask(source, "b", 20) == {"__name__=b,instance=y": 2.0}


@pytest.mark.parametrize("stale_after", [30 * SECOND, 5 * MINUTE, 20 * MINUTE])
async def test_a_silent_pusher_ends(stale_after: int) -> None:
    """Its series are there until `stale_after` has passed since its last push, and not at that instant."""
    source = SnapshotSource(stale_after)
    push(source, 1000, {"a": 1}, {"instance": "x"})
    push(source, 1000 + stale_after // 2, {"a": 1}, {"instance": "y"})
    assert len(await ask(source, "a", 1000 + stale_after - 1)) == 2
    assert await ask(source, "a", 1000 + stale_after) == {"__name__=a,instance=y": 1.0}
    assert await ask(source, "a", 1000 + 2 * stale_after) == {}
    push(source, 1000 + 3 * stale_after, {"a": 5}, {"instance": "x"})
    assert await ask(source, "a", 1000 + 3 * stale_after) == {"__name__=a,instance=x": 5.0}


async def test_a_snapshot_is_taken_once() -> None:
    """A replica may read the same row twice."""
    source = SnapshotSource()
    assert source.ingest("one", 10, {}, [({"__name__": "a"}, 1.0)])
    assert not source.ingest("one", 20, {}, [({"__name__": "a"}, 2.0)])
    assert await ask(source, "a", 30) == {"__name__=a": 1.0}


async def test_the_parts_of_one_instant_belong_together() -> None:
    """Two pushes of a pusher at one instant do not end each other's series."""
    source = SnapshotSource()
    push(source, 10, {"a": 1})
    push(source, 10, {"b": 2})
    push(source, 20, {"c": 3})
    assert len(await ask(source, '{__name__=~"a|b|c"}', 10)) == 2
    assert await ask(source, '{__name__=~"a|b|c"}', 20) == {"__name__=c": 3.0}


async def test_the_order_of_arrival_does_not_matter() -> None:
    """Replicas that read the same snapshots in different orders have the same series at every instant."""
    chance = random.Random(7)
    documents = [(n * 20 * SECOND, {name: n for name in "abcd" if chance.random() < 0.6}) for n in range(1, 12)]
    documents += [(10 * MINUTE + n * 20 * SECOND, {"a": n, "b": n}) for n in range(3)]
    instants = [n * 10 * SECOND for n in range(90)]

    async def seen(order: list[tuple[int, dict[str, int]]]) -> list[dict[str, float]]:
        source = SnapshotSource(2 * MINUTE)
        for at, document in order:
            push(source, at, document)
        return [await ask(source, '{__name__=~".+"}', at) for at in instants]

    expected = await seen(documents)
    for _ in range(10):
        assert await seen(chance.sample(documents, len(documents))) == expected


async def test_old_samples_are_pruned() -> None:
    """Samples, pushes and the memory of their identities older than the limit are forgotten."""
    source = SnapshotSource()
    push(source, 10, {"a": 1, "b": 1}, {"instance": "x"})
    push(source, 20, {"a": 2}, {"instance": "y"})
    assert source.prune(20) == 2
    assert await ask(source, '{__name__=~"a|b"}', 30) == {"__name__=a,instance=y": 2.0}
    assert len(list(source.storage.select([], 0, 30))) == 1
    assert source.prune(1000) == 1


async def test_recorded_samples_are_seen_by_later_rules() -> None:
    """A recorded series is there from its instant on until it is marked stale."""
    source = SnapshotSource()
    source.record({"__name__": "job:a:sum", "job": "x"}, 10, 5.0)
    assert await ask(source, "job:a:sum + 1", 10) == {"job=x": 6.0}
    source.mark_stale({"__name__": "job:a:sum", "job": "x"}, 20)
    assert await ask(source, "job:a:sum", 20) == {}


async def test_scalars_and_what_is_no_vector() -> None:
    """A scalar is one sample without labels; a range or a text is refused as a rule's result."""
    source = SnapshotSource()
    push(source, 10, {"a": 1})
    assert await ask(source, "1 + 1", 10) == {"": 2.0}
    for text in ("a[5m]", "'x'"):
        with pytest.raises(SourceError) as caught:
            await ask(source, text, 10)
        assert str(caught.value) == "rule result is not a vector or scalar"


async def test_an_expression_that_cannot_be_evaluated() -> None:
    """The evaluator's complaint is the source's."""
    source = SnapshotSource()
    push(source, 10, {"l": {"x": 1}, "r": [1, 2]})
    with pytest.raises(SourceError) as caught:
        await ask(source, "l_x + on () r", 10)
    assert caught.value.failure is Failure.BAD_EXPRESSION
    assert "found duplicate series" in str(caught.value)


APPLICATION_RULES = """
alerting:
  enabled: true
  rules:
    - {name: "high_response_time", condition: "avg_response_time_ms > 1000", severity: "warning"}
    - {name: "high_error_rate", condition: "error_rate > 0.05", severity: "critical"}
    - {name: "high_memory_usage", condition: "memory_percent > 85", severity: "warning"}
    - {name: "high_cpu_usage", condition: "cpu_percent > 90", severity: "critical"}
    - {name: "provider_down", condition: "provider_status == 'unhealthy'", severity: "critical"}
    - {name: "rate_limit_approaching", condition: "rate_limit_remaining < 10", severity: "warning"}
    - {name: "low_cache_hit_rate", condition: "cache_hit_rate < 0.7", severity: "warning"}
    - {name: "cache_memory_high", condition: "cache_memory_utilization_percent > 90", severity: "warning"}
"""


async def test_an_applications_own_rules_run_over_its_own_answers() -> None:
    """Conditions as an application's guide writes them find what its nested answers say, by a map of its source."""
    mappings = [
        PathMapping.parse("metrics.application.*", "$1"),
        PathMapping.parse("metrics.system.*", "$1"),
        PathMapping.parse("metrics.providers.*.*", "$2", {"provider": "$1"}),
        PathMapping.parse("metrics.cache.*", "cache_$1"),
        PathMapping.parse("checks.providers.details.*.status", "provider_status", {"provider": "$1"}),
    ]
    document = {
        "metrics": {
            "application": {"avg_response_time_ms": 1245.8},
            "providers": {"x": {"rate_limit_remaining": 5}, "y": {"rate_limit_remaining": 45}},
            "system": {"cpu_percent": 45.2, "memory_percent": 87.4},
            "cache": {"hit_rate": 0.6, "memory_utilization_percent": 45.2},
            "connections": {"error_rate": 0.002},
        },
        "checks": {"providers": {"details": {"x": {"status": "unhealthy"}, "y": {"status": "healthy"}}}},
    }
    source = SnapshotSource()
    snapshot = flatten(document, mappings, {}, MINUTE)
    source.ingest("one", MINUTE, snapshot.labels, snapshot.samples)
    found = {
        rule.name: [labels.get("provider") for labels, _ in (await source.query(rule.parsed, MINUTE)).samples]
        for rule in load_rules(APPLICATION_RULES, "app.yml").rules
    }
    assert {name: providers for name, providers in found.items() if providers} == {
        "high_response_time": [None],
        "high_memory_usage": [None],
        "provider_down": ["x"],
        "rate_limit_approaching": ["x"],
        "low_cache_hit_rate": [None],
    }
