"""One evaluation of a rule: from samples to reports. The behaviour of plain rules is Prometheus' own."""

from __future__ import annotations

import math

import pytest

from alertd.alerts.machine import State, Transition
from alertd.clock import MINUTE
from alertd.promql import parse
from alertd.rules.evaluation import REASON_LABEL, Context, RuleFailed, clear, recorded
from alertd.rules.models import Level, OnError, OnNoData, RecordingRule, TemplateLanguage
from tests.rules.evaluating import Bench, make_rule, series

PENDING, FIRING, RECOVERING, OK = State.PENDING, State.FIRING, State.RECOVERING, State.OK


def test_a_rule_over_time() -> None:
    """Instances come, wait, fire and go one by one: a table of evaluations five minutes apart."""
    bench = Bench(make_rule("HTTPRequestRateLow", expr="x < 100", for_=MINUTE, labels={"severity": "{{ $labels.i }}"}))
    one, two = "i=1,severity=1", "i=2,severity=2"
    steps = [
        (0, [series(75, i="1"), series(80, i="2")], {one: PENDING, two: PENDING}),
        (5, [series(90, i="1"), series(90, i="2")], {one: FIRING, two: FIRING}),
        (10, [series(95, i="1")], {one: FIRING}),
        (15, [], {}),
        (20, [], {}),
        (25, [series(90, i="1")], {one: PENDING}),
        (30, [series(90, i="1")], {one: FIRING}),
    ]
    for minute, samples, expected in steps:
        bench.evaluate(*samples, at=minute)
        assert bench.states == expected
    assert bench.only.instance.active_at == 25 * MINUTE
    assert bench.only.starts_at == 30 * MINUTE


@pytest.mark.parametrize(
    ("for_", "minutes", "expected"),
    [
        pytest.param(0, [0], FIRING, id="no for: at once"),
        pytest.param(1, [0], PENDING, id="for: waits"),
        pytest.param(1, [0, 1], FIRING, id="just as long as for"),
        pytest.param(3, [0, 1, 2], PENDING, id="not yet"),
        pytest.param(5, [0, 60], FIRING, id="by evaluation time alone"),
    ],
)
def test_for(for_: int, minutes: list[int], expected: State) -> None:
    """`for` is the time from the first evaluation with the sample to this one, and equality fires."""
    bench = Bench(make_rule(for_=for_ * MINUTE))
    for minute in minutes:
        bench.evaluate(series(), at=minute)
    assert bench.only.instance.state is expected


def test_keep_firing_for() -> None:
    """An alert stays for a while after its condition ended, with the value and the texts that it had."""
    bench = Bench(make_rule(keep_firing_for=2 * MINUTE, annotations={"summary": "{{ $value }}"}))
    bench.evaluate(series(75), at=0)
    assert bench.evaluate(at=1) == [Transition.RECOVERING]
    assert (bench.only.value, bench.only.annotations) == (75, {"summary": "75"})
    assert bench.evaluate(at=2) == []
    assert bench.evaluate(series(80), at=2) == [Transition.FIRED_AGAIN]
    bench.evaluate(at=3)
    bench.evaluate(at=4)
    assert bench.states == {"": RECOVERING}
    assert bench.evaluate(at=5) == [Transition.RESOLVED]
    assert bench.known == {}


def test_pending_and_keep_firing_for() -> None:
    """What only waited is not kept."""
    bench = Bench(make_rule(for_=MINUTE, keep_firing_for=MINUTE))
    bench.evaluate(series(), at=0)
    assert bench.evaluate(at=1) == [Transition.PENDING_CLEARED]
    assert bench.known == {}


def test_a_longer_for_waits_again() -> None:
    """When `for` grows beyond the time that has passed, a firing alert is pending again with its old start."""
    bench = Bench(make_rule(for_=MINUTE))
    bench.evaluate(series(), at=0)
    bench.evaluate(series(), at=1)
    longer = Bench(make_rule(for_=5 * MINUTE), known=bench.known)
    assert longer.evaluate(series(), at=2) == [Transition.PENDING_RESTARTED]
    assert (longer.only.instance.state, longer.only.instance.active_at) == (PENDING, 0)
    assert longer.evaluate(series(), at=5) == [Transition.FIRED]


def test_a_restart_loses_nothing() -> None:
    """What is kept of an evaluation is all that the next one needs, keep-firing time and short `for` included."""
    rule = make_rule(for_=2 * MINUTE, keep_firing_for=2 * MINUTE)
    breached = [True, True, True, False, True, False, False, False]
    steady, restarted = Bench(rule), Bench(rule)
    for minute, holds in enumerate(breached):
        samples = [series()] if holds else []
        restarted = Bench(rule, known=restarted.known)
        assert steady.evaluate(*samples, at=minute) == restarted.evaluate(*samples, at=minute)
        assert steady.known == restarted.known


@pytest.mark.parametrize(
    ("limit", "samples", "fails"), [(0, 3, False), (1, 1, False), (2, 2, False), (1, 2, True), (2, 3, True)]
)
def test_limit(limit: int, samples: int, fails: bool) -> None:
    """Too many alerts, pending ones included, are an error that clears the rule's state."""
    bench = Bench(make_rule(for_=MINUTE), limit=limit)
    answer = [series(i=str(number)) for number in range(samples)]
    if not fails:
        bench.evaluate(*answer)
        assert len(bench.known) == samples
        return
    with pytest.raises(RuleFailed, match=f"^exceeded limit of {limit} with {samples} alerts$") as failure:
        bench.evaluate(*answer)
    assert failure.value.clear


def test_limit_counts_what_recovers_and_not_what_is_over() -> None:
    """An alert that is kept takes a place; one that ends in this evaluation does not."""
    kept = Bench(make_rule(keep_firing_for=MINUTE), limit=1)
    kept.evaluate(series(i="1"), at=0)
    with pytest.raises(RuleFailed):
        kept.evaluate(series(i="2"), at=1)
    plain = Bench(make_rule(), limit=1)
    plain.evaluate(series(i="1"), at=0)
    plain.evaluate(series(i="2"), at=1)
    assert plain.states == {"i=2": FIRING}


def test_clear() -> None:
    """Giving a rule up ends what fires with the reason, and forgets the rest."""
    bench = Bench(make_rule(for_=MINUTE))
    bench.evaluate(series(i="1"), at=0)
    bench.evaluate(series(i="1"), series(i="2"), at=1)
    changes = clear(bench.known, Transition.RESOLVED_LIMIT, "rule")
    assert {change.transitions for change in changes} == {(Transition.RESOLVED_LIMIT,), ()}
    assert all(change.report is None for change in changes)


def test_duplicates() -> None:
    """Two samples that become one label set fail the rule and leave its state alone."""
    bench = Bench(make_rule(labels={"i": "same"}))
    with pytest.raises(
        RuleFailed, match=r"^vector contains metrics with the same labelset after applying alert labels$"
    ) as failure:
        bench.evaluate(series(i="1"), series(i="2"))
    assert not failure.value.clear


def test_labels() -> None:
    """The sample's labels without its name, the group's, the rule's on top, and the alert's name last of all."""
    rule = make_rule(labels={"team": "rule", "i": "x{{ $labels.i }}", "alertname": "Fake", "gone": ""})
    bench = Bench(rule, labels={"team": "group", "zone": "1"})
    bench.evaluate(series(i="1", gone="sample", empty=""))
    assert bench.only.labels == {"alertname": "Alert", "i": "x1", "team": "rule", "zone": "1"}


@pytest.mark.parametrize("template", ["{{ $labels.nope }}", "", "{{ if false }}x{{ end }}"])
def test_an_empty_label_from_a_template_is_no_label(template: str) -> None:
    """It is left out, so that it cannot tell two equal alerts apart."""
    bench = Bench(make_rule(labels={"empty": template}))
    bench.evaluate(series(i="1"))
    assert bench.only.labels == {"alertname": "Alert", "i": "1"}


def test_a_new_value_changes_no_identity() -> None:
    """The labels of an alert whose template holds the value change with it: another alert, as in Prometheus."""
    bench = Bench(make_rule(labels={"v": "{{ $value }}"}))
    bench.evaluate(series(75), at=0)
    assert sorted(bench.evaluate(series(80), at=1)) == [Transition.FIRED, Transition.RESOLVED]
    assert bench.states == {"v=80": FIRING}


def test_templates_see_the_sample_alone() -> None:
    """`$labels` are the sample's with its name, never the rule's own; `$value` is the value now."""
    text = "{{ $labels.__name__ }} {{ $labels.i }} {{ $labels.team }} {{ $value }}"
    bench = Bench(make_rule(labels={"team": "rule"}, annotations={"summary": text}))
    bench.evaluate(series(5, i="1"))
    assert bench.only.annotations == {"summary": "x 1  5"}


def test_external_labels() -> None:
    """They are in the template and on the alert, where it has none of that name."""
    context = Context("http://alertd", {"region": "eu", "team": "outer", "i": "outer"})
    rule = make_rule(labels={"team": ""}, annotations={"s": "{{ $externalLabels.region }} {{ $externalURL }}"})
    bench = Bench(rule, context=context)
    bench.evaluate(series(i="1"))
    assert bench.only.labels == {"alertname": "Alert", "i": "1", "region": "eu", "team": "outer"}
    assert bench.only.annotations == {"s": "eu http://alertd"}


def test_a_broken_template_fires_all_the_same() -> None:
    """An alert is more important than its text."""
    bench = Bench(make_rule(annotations={"s": '{{ template "nope" }}'}, template_language=TemplateLanguage.GO))
    bench.evaluate(series())
    assert bench.only.instance.state is FIRING
    assert bench.only.annotations["s"].startswith("<error expanding template:")


def test_what_goes_on_as_it_was_costs_nothing() -> None:
    """No change is made of an alert of which there is nothing new to say but its value."""
    bench = Bench(make_rule(annotations={"s": "constant"}))
    assert bench.evaluate(series(5), at=0) == [Transition.FIRED]
    before = dict(bench.known)
    assert bench.evaluate(series(6), at=1) == []
    assert bench.known == before


def test_a_scalar_is_a_sample_without_labels() -> None:
    """`expr: 1` fires one alert with its name alone."""
    bench = Bench(make_rule(expr="1", labels={"severity": "page"}))
    bench.evaluate(({}, 1.0))
    assert bench.only.labels == {"alertname": "Alert", "severity": "page"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_no_database_has(value: float) -> None:
    """Prometheus' kind of rule fires for any sample; a value that is no number is kept as none."""
    bench = Bench(make_rule())
    bench.evaluate(series(value))
    assert (bench.only.instance.state, bench.only.value) == (FIRING, None)


LEVELS = (
    Level("warning", above=1000, for_=5 * MINUTE),
    Level("critical", above=5000, clear_below=4000, for_=MINUTE),
)


def test_levels() -> None:
    """One alert whose severity changes: the worst level that holds, each with a time of its own."""
    bench = Bench(make_rule(expr="x", levels=LEVELS))
    steps = [
        (0, 500, {}, []),
        (1, 2000, {"": PENDING}, [Transition.PENDING_STARTED]),
        (3, 6000, {"": PENDING}, []),
        (4, 6000, {"severity=critical": FIRING}, [Transition.FIRED]),
        (5, 4500, {"severity=critical": FIRING}, []),
        (6, 3900, {"severity=warning": FIRING}, [Transition.SEVERITY_LOWERED]),
        (7, 5500, {"severity=warning": FIRING}, []),
        (8, 5500, {"severity=critical": FIRING}, [Transition.SEVERITY_RAISED]),
        (9, 100, {}, [Transition.RESOLVED]),
    ]
    identities = set()
    for minute, value, states, transitions in steps:
        assert bench.evaluate(series(value), at=minute) == transitions
        assert bench.states == states
        identities |= set(bench.known)
    assert len(identities) == 1


def test_levels_in_texts() -> None:
    """The texts of an alert with levels know its severity."""
    bench = Bench(make_rule(expr="x", levels=(Level("critical", above=1),), annotations={"s": "{{ severity }}"}))
    bench.evaluate(series(2))
    assert bench.only.annotations == {"s": "critical"}


def test_a_recovering_level() -> None:
    """A good sample within `keep_firing_for` keeps the alert with its severity and texts."""
    bench = Bench(
        make_rule(
            expr="x", levels=(Level("critical", above=1),), keep_firing_for=MINUTE, annotations={"s": "{{ $value }}"}
        )
    )
    bench.evaluate(series(2), at=0)
    assert bench.evaluate(series(0), at=1) == [Transition.RECOVERING]
    assert (bench.states, bench.only.annotations) == ({"severity=critical": RECOVERING}, {"s": "2"})
    assert bench.evaluate(series(0), at=2) == [Transition.RESOLVED]


THRESHOLD = "x > 1"


@pytest.mark.parametrize(
    ("on_no_data", "transitions", "states"),
    [
        pytest.param(OnNoData.OK, [Transition.RESOLVED], {}, id="ok: over"),
        pytest.param(OnNoData.KEEP_LAST, [Transition.KEPT_NO_DATA], {"i=1": FIRING}, id="keep_last: as it was"),
        pytest.param(OnNoData.ALERT, [Transition.NO_DATA], {"i=1": FIRING}, id="alert: not knowing is the worst"),
    ],
)
def test_a_firing_series_vanishes(
    on_no_data: OnNoData, transitions: list[Transition], states: dict[str, State]
) -> None:
    """The rule says what becomes of an alert whose series is gone."""
    bench = Bench(make_rule(expr=THRESHOLD, on_no_data=on_no_data))
    bench.evaluate(series(5, i="1"), at=0)
    assert bench.evaluate(at=1) == transitions
    assert bench.states == states
    assert bench.evaluate(at=2) == []


def test_kept_without_data() -> None:
    """What was kept goes on when there is data again."""
    bench = Bench(make_rule(expr=THRESHOLD, on_no_data=OnNoData.KEEP_LAST))
    bench.evaluate(series(5), at=0)
    bench.evaluate(at=1)
    assert bench.evaluate(series(5), at=2) == [Transition.DATA_RETURNED]
    bench.evaluate(at=3)
    assert bench.evaluate(series(0), at=4) == [Transition.DATA_RETURNED, Transition.RESOLVED]


def test_a_good_series_vanishes() -> None:
    """Under `alert` a series that was well is remembered, so that its absence fires, after the rule's `for`."""
    bench = Bench(make_rule(expr=THRESHOLD, for_=2 * MINUTE, on_no_data=OnNoData.ALERT))
    bench.evaluate(series(0, i="1"), series(0, i="2"), at=0)
    assert bench.states == {"i=1": OK, "i=2": OK}
    assert bench.evaluate(series(0, i="1"), at=1) == [Transition.NO_DATA, Transition.PENDING_STARTED]
    bench.evaluate(series(0, i="1"), at=3)
    assert bench.states == {"i=1": OK, "i=2": FIRING}
    assert bench.evaluate(series(0, i="1"), series(0, i="2"), at=4) == [Transition.DATA_RETURNED, Transition.RESOLVED]
    assert bench.states == {"i=1": OK, "i=2": OK}


def test_levels_without_data() -> None:
    """Under `alert` a missing series is at the worst level."""
    rule = make_rule(expr="x", levels=LEVELS, on_no_data=OnNoData.ALERT, annotations={"s": "{{ $labels.i }} is slow"})
    bench = Bench(rule)
    bench.evaluate(series(500, i="1"), at=0)
    bench.evaluate(at=1)
    assert bench.evaluate(at=2) == [Transition.FIRED]
    assert bench.states == {"i=1,severity=critical": FIRING}
    assert bench.only.annotations == {"s": "1 is slow"}


def test_a_warning_without_data() -> None:
    """Not knowing raises what fires at a lower level, and the alert says so."""
    rule = make_rule(
        expr="x", levels=(Level("warning", above=1), Level("critical", above=5)), on_no_data=OnNoData.ALERT
    )
    bench = Bench(rule)
    bench.evaluate(series(2, i="1"), at=0)
    assert bench.evaluate(at=1) == [Transition.NO_DATA, Transition.SEVERITY_RAISED]
    assert bench.states == {"i=1,severity=critical": FIRING}


NO_DATA = f"{REASON_LABEL}=no_data"
ERROR = f"{REASON_LABEL}=error"


def test_nothing_was_ever_seen() -> None:
    """A rule that never had data says so by an alert of its own, which ends with the first sample."""
    bench = Bench(make_rule(expr=THRESHOLD, for_=MINUTE, on_no_data=OnNoData.ALERT))
    assert bench.evaluate(at=0) == [Transition.NO_DATA, Transition.PENDING_STARTED]
    assert bench.states == {NO_DATA: PENDING}
    assert bench.evaluate(at=1) == [Transition.FIRED]
    assert bench.evaluate(at=2) == []
    assert bench.states == {NO_DATA: FIRING}
    assert Transition.RESOLVED in bench.evaluate(series(0, i="1"), at=3)
    assert bench.states == {"i=1": OK}


def test_the_alert_about_no_data_is_not_remembered() -> None:
    """When all series vanish, they fire themselves, and the rule's own alert does not come back beside them."""
    bench = Bench(make_rule(expr=THRESHOLD, on_no_data=OnNoData.ALERT))
    bench.evaluate(at=0)
    bench.evaluate(series(0, i="1"), at=1)
    bench.evaluate(at=2)
    assert bench.states == {"i=1": FIRING}


@pytest.mark.parametrize("on_no_data", [OnNoData.OK, OnNoData.KEEP_LAST, OnNoData.ALERT])
@pytest.mark.parametrize(
    ("on_error", "transitions", "states"),
    [
        pytest.param(OnError.KEEP_LAST, [], {"i=1": FIRING}, id="keep_last: nothing is touched"),
        pytest.param(OnError.ALERT, [Transition.NO_DATA, Transition.FIRED], {"i=1": FIRING, ERROR: FIRING}, id="alert"),
    ],
)
def test_a_query_fails(
    on_no_data: OnNoData, on_error: OnError, transitions: list[Transition], states: dict[str, State]
) -> None:
    """A query without an answer is neither good nor bad news; under `alert` it is an alert of its own."""
    bench = Bench(make_rule(expr=THRESHOLD, on_no_data=on_no_data, on_error=on_error))
    bench.evaluate(series(5, i="1"), at=0)
    assert bench.fail("connection refused", at=1) == transitions
    assert bench.states == states
    assert bench.fail("connection refused", at=2) == []
    bench.evaluate(series(5, i="1"), at=3)
    assert bench.states == {"i=1": FIRING}


@pytest.mark.parametrize("on_no_data", list(OnNoData))
def test_the_alert_about_an_error_ends_with_the_next_answer(on_no_data: OnNoData) -> None:
    """Even with an empty one: the query works again."""
    bench = Bench(make_rule(expr=THRESHOLD, on_no_data=on_no_data, on_error=OnError.ALERT))
    bench.fail("connection refused", at=0)
    assert bench.only.annotations["error"] == "connection refused"
    bench.evaluate(at=1)
    assert ERROR not in bench.states


def test_an_error_counts_as_ok() -> None:
    """Under `ok` a failing query ends what fires."""
    bench = Bench(make_rule(expr=THRESHOLD, on_error=OnError.OK))
    bench.evaluate(series(5), at=0)
    assert bench.fail(at=1) == [Transition.RESOLVED]
    assert bench.known == {}


def recording(**labels: str) -> RecordingRule:
    return RecordingRule("rule", "job:x:sum", "x", parse("x"))


def test_recorded() -> None:
    """The sample's labels, the rule's on top, under the rule's name; an empty label deletes."""
    made = recorded(recording(), {"team": "a", "i": ""}, [series(5, i="1", job="j", team="b")])
    assert made == [({"__name__": "job:x:sum", "job": "j", "team": "a"}, 5)]


def test_recorded_duplicates() -> None:
    """Two samples that become one series fail the rule."""
    with pytest.raises(
        RuleFailed, match=r"^vector contains metrics with the same labelset after applying rule labels$"
    ):
        recorded(recording(), {"i": ""}, [series(i="1"), series(i="2")])


@pytest.mark.parametrize(("limit", "fails"), [(0, False), (2, False), (1, True)])
def test_recorded_limit(limit: int, fails: bool) -> None:
    """Too many series are an error."""
    samples = [series(i="1"), series(i="2")]
    if fails:
        with pytest.raises(RuleFailed, match=r"^exceeded limit of 1 with 2 series$"):
            recorded(recording(), {}, samples, limit)
    else:
        assert len(recorded(recording(), {}, samples, limit)) == 2
