"""Label sets: identity, printed form, what they have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.alerts.labels import common, fingerprint, format_labels, without_empty

label_sets = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=5)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"alertname": "A", "team": "a"}, "a0c07763372b5353", id="Alertmanager's own vector"),
        pytest.param({}, "cbf29ce484222325", id="no labels: the bare offset"),
        pytest.param({"team": "a", "alertname": "A"}, "a0c07763372b5353", id="the order does not matter"),
    ],
)
def test_fingerprint(labels: dict[str, str], expected: str) -> None:
    """The identity is the one that Prometheus and Alertmanager print."""
    assert fingerprint(labels) == expected


def test_fingerprint_tells_names_from_values() -> None:
    """The separator keeps a name's end from becoming a value's beginning."""
    assert fingerprint({"a": "bc"}) != fingerprint({"ab": "c"})
    assert fingerprint({"a": "b", "c": "d"}) != fingerprint({"a": "bc", "": "d"})


@given(label_sets)
def test_fingerprint_is_a_function_of_the_set(labels: dict[str, str]) -> None:
    """However a label set is ordered, it is one alert."""
    assert fingerprint(labels) == fingerprint(dict(reversed(labels.items())))
    assert len(fingerprint(labels)) == 16


def test_without_empty() -> None:
    """An empty value means that the label is not there."""
    assert list(without_empty({"b": "2", "a": "1", "c": ""}).items()) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("labels", "printed"),
    [
        ({}, "{}"),
        ({"team": "a", "alertname": "A"}, '{alertname="A", team="a"}'),
        ({"a": 'say "hi"\n\\'}, '{a="say \\"hi\\"\\n\\\\"}'),
        ({"a": "ü"}, '{a="ü"}'),
    ],
)
def test_format_labels(labels: dict[str, str], printed: str) -> None:
    """Labels are printed as in Alertmanager's group key."""
    assert format_labels(labels) == printed


@pytest.mark.parametrize(
    ("label_sets", "expected"),
    [
        ([], {}),
        ([{"b": "2", "a": "1"}], {"a": "1", "b": "2"}),
        ([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"a": "1"}], {"a": "1"}),
        ([{"a": "1"}, {"b": "1"}], {}),
    ],
)
def test_common(label_sets: list[dict[str, str]], expected: dict[str, str]) -> None:
    """Only pairs that all have are common."""
    assert common(label_sets) == expected
