"""Dependencies: which firing alert explains another."""

from __future__ import annotations

import pytest

from alertd.alerts.labels import Labels
from alertd.routing.dependencies import Dependencies

PARENT = {"alertname": "ProviderDown", "provider": "a", "severity": "critical", "zone": "1"}


@pytest.mark.parametrize(
    ("child", "depends_on", "expected"),
    [
        pytest.param({"alertname": "Slow", "provider": "a"}, ["ProviderDown"], True, id="the same provider"),
        pytest.param({"alertname": "Slow", "provider": "b"}, ["ProviderDown"], False, id="another provider"),
        pytest.param({"alertname": "Slow"}, ["ProviderDown"], True, id="no label that both have"),
        pytest.param(
            {"alertname": "Slow", "provider": "a", "severity": "warning"}, ["ProviderDown"], True, id="any severity"
        ),
        pytest.param(
            {"alertname": "Slow", "provider": "a", "host": "x"}, ["ProviderDown"], True, id="a label of the child alone"
        ),
        pytest.param(
            {"alertname": "Slow", "provider": "a", "zone": "2"}, ["ProviderDown"], False, id="all shared labels agree"
        ),
        pytest.param({"alertname": "Slow", "provider": "a"}, ["Other"], False, id="depends on something else"),
        pytest.param({"alertname": "Slow", "provider": "a"}, ["Other", "ProviderDown"], True, id="one of several"),
        pytest.param({"alertname": "Slow", "provider": "a"}, [], False, id="depends on nothing"),
    ],
)
def test_explained_by(child: Labels, depends_on: list[str], expected: bool) -> None:
    """A parent explains a child when the labels that both have agree, name and severity aside."""
    known = Dependencies()
    known.add("parent", PARENT)
    assert known.explained_by(child, depends_on) == ("parent" if expected else None)


def test_one_of_several_parents_is_enough() -> None:
    """A parent that does not fit does not hide one that does, and the end of one does not free the child."""
    known = Dependencies()
    known.add("1", {**PARENT, "provider": "b"})
    known.add("2", PARENT)
    known.add("3", {**PARENT, "zone": "2"})
    child = {"alertname": "Slow", "provider": "a"}
    assert known.explained_by(child, ["ProviderDown"]) == "2"
    known.remove("2")
    assert known.explained_by(child, ["ProviderDown"]) == "3"
    known.remove("3")
    known.remove("3")
    assert known.explained_by(child, ["ProviderDown"]) is None


def test_new_labels_replace_the_old() -> None:
    """An alert is known once, with the labels that it has now."""
    known = Dependencies()
    known.add("1", PARENT)
    known.add("1", {**PARENT, "provider": "b"})
    assert known.explained_by({"provider": "a"}, ["ProviderDown"]) is None
