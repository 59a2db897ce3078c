"""Deduplication: when an integration has to be told, and why."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.dedup import needs_update
from alertd.notify.message import Reason
from alertd.routing.told import Content, Entry

NOW = 100_000_000
REPEAT = 3_600_000


def content(
    *firing: str, resolved: str = "", held: str = "", acknowledged: str = "", severity: str = "warning"
) -> Content:
    return Content(dict.fromkeys(firing, severity), frozenset(resolved), frozenset(held), frozenset(acknowledged or ""))


def told(said: Content, *more: str, ago: int = 1) -> Entry:
    return Entry(said, frozenset((*said.firing, *more)), NOW - ago)


def reason(
    entry: Entry,
    said: Content,
    paging: AbstractSet[str] | None = None,
    *,
    send_resolved: bool = True,
    wants_acknowledged: bool = False,
) -> Reason | None:
    return needs_update(
        entry,
        said,
        said.firing.keys() - said.held if paging is None else paging,
        send_resolved=send_resolved,
        wants_acknowledged=wants_acknowledged,
        repeat_interval=REPEAT,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("entry", "said", "options", "expected"),
    [
        pytest.param(Entry(), content(), {}, None, id="nothing told, nothing fires"),
        pytest.param(Entry(), content(resolved="a"), {}, None, id="nothing told, all over"),
        pytest.param(Entry(), content("a"), {}, Reason.FIRST, id="nothing told, something fires"),
        pytest.param(told(content(), "a"), content("a"), {}, Reason.FIRST, id="maybe told, nothing for certain"),
        pytest.param(told(content("a")), content("a", "b"), {}, Reason.NEW_ALERTS, id="one more"),
        pytest.param(told(content("a", "b")), content("b", "c"), {}, Reason.NEW_ALERTS, id="another instead"),
        pytest.param(told(content("a", "b")), content("a"), {}, None, id="fewer"),
        pytest.param(told(content("a")), content("a"), {}, None, id="the same"),
        pytest.param(told(content("a")), content(resolved="a"), {}, Reason.ALL_RESOLVED, id="all over"),
        pytest.param(
            told(content("a")),
            content(resolved="a"),
            {"send_resolved": False},
            Reason.ALL_RESOLVED,
            id="all over, whatever send_resolved says",
        ),
        pytest.param(told(content(resolved="a")), content(resolved="a"), {}, None, id="all over was told"),
        pytest.param(told(content(resolved="a")), content("a"), {}, Reason.FIRST, id="fires again after all was over"),
        pytest.param(
            told(content("b", resolved="a")), content("a", "b"), {}, Reason.NEW_ALERTS, id="fires again after its end"
        ),
        pytest.param(told(content("a", "b")), content("a", resolved="b"), {}, Reason.SOME_RESOLVED, id="one is over"),
        pytest.param(
            told(content("a", "b")),
            content("a", resolved="b"),
            {"send_resolved": False},
            None,
            id="one is over, untold",
        ),
        pytest.param(
            told(content("a", resolved="b")), content("a", resolved="b"), {}, None, id="its end was told already"
        ),
        pytest.param(
            told(content("a")),
            content("a", resolved="b"),
            {},
            Reason.SOME_RESOLVED,
            id="one that began and ended between two flushes is told where others fire",
        ),
        pytest.param(told(content("a")), content(), {}, None, id="all that was told is held back: no empty message"),
        pytest.param(
            told(content("a", "b")),
            content(resolved="b"),
            {},
            Reason.ALL_RESOLVED,
            id="held back, and another one over",
        ),
        pytest.param(
            told(content(resolved="b"), "a"),
            content(resolved="a"),
            {},
            Reason.ALL_RESOLVED,
            id="the end of one that was held back when the others ended",
        ),
        pytest.param(
            told(content("a"), ago=REPEAT + 1), content("a"), {}, Reason.REPEAT, id="after more than the interval"
        ),
        pytest.param(told(content("a"), ago=REPEAT), content("a"), {}, None, id="just the interval is not more"),
        pytest.param(
            told(content("a"), ago=REPEAT + 1), content("a", held="a"), {}, None, id="what is answered is not repeated"
        ),
        pytest.param(
            told(content("a", "b"), ago=REPEAT + 1),
            content("a", "b", held="a"),
            {},
            Reason.REPEAT,
            id="one answered, one not: repeated",
        ),
        pytest.param(
            told(content("a")), content("a", severity="critical"), {}, Reason.SEVERITY_RAISED, id="a worse severity"
        ),
        pytest.param(told(content("a", severity="critical")), content("a"), {}, None, id="a better one"),
        pytest.param(
            told(content("a")),
            content("a", held="a", severity="critical"),
            {},
            None,
            id="worse, but answered all the same",
        ),
        pytest.param(
            told(content("a", held="a", acknowledged="a")),
            content("a"),
            {},
            Reason.UNACKNOWLEDGED,
            id="an answer ended",
        ),
        pytest.param(
            told(content("a", "b", held="a")),
            content("a", "b", held="ab"),
            {"wants_acknowledged": True},
            None,
            id="a snooze is not announced",
        ),
        pytest.param(
            told(content("a")),
            content("a", held="a", acknowledged="a"),
            {"wants_acknowledged": True},
            Reason.ACKNOWLEDGED,
            id="acknowledged, to who wants to know",
        ),
        pytest.param(
            told(content("a")), content("a", held="a", acknowledged="a"), {}, None, id="acknowledged, to the others"
        ),
    ],
)
def test_needs_update(entry: Entry, said: Content, options: dict[str, bool], expected: Reason | None) -> None:
    """Alertmanager's rules in their order, and alertd's own where they resemble one."""
    assert reason(entry, said, **options) is expected


contents = st.builds(
    lambda firing, resolved, held: Content(
        dict.fromkeys(firing, "warning"), frozenset(resolved - firing), frozenset(held & firing)
    ),
    st.sets(st.sampled_from("abc")),
    st.sets(st.sampled_from("abc")),
    st.sets(st.sampled_from("abc")),
)


@given(contents, contents, st.booleans())
def test_what_was_just_told_is_not_told_again(before: Content, said: Content, send_resolved: bool) -> None:
    """Once an integration has been told a content, the same content is no reason."""
    entry = told(before)
    after = Entry(said, entry.after(said), NOW)
    assert reason(after, said, send_resolved=send_resolved) is None


@given(contents, contents)
def test_nobody_misses_an_alert(before: Content, said: Content) -> None:
    """No reason to tell means that every firing alert was told, and no told one is over."""
    entry = told(before)
    if reason(entry, said) is None:
        assert said.firing.keys() <= before.firing.keys()
        assert not said.resolved & entry.told
