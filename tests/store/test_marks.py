"""Numbers in the states of Alertmanager's metrics."""

from __future__ import annotations

from alertd.alerts.alert import Alert
from alertd.alerts.labels import fingerprint
from alertd.routing.gates import Gate, Verdict
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence
from alertd.store import alerts as alert_rows
from alertd.store import groups, silences
from alertd.store.database import Database
from alertd.store.groups import Group, Schedule
from alertd.store.marks import count_silences, read_marks

NOW = 1_769_860_800_000
ACME = "acme"


def alert(name: str, ends_at: int | None = None) -> Alert:
    labels = {"alertname": name}
    return Alert(fingerprint(labels), labels, {}, "", NOW, ends_at, "e", NOW)


def group(name: str) -> Group:
    return Group(ACME, name, "{}", name, {}, "team", NOW, NOW, NOW)


def silence(starts_in: int, ends_in: int) -> Silence:
    return Silence("", (Matcher("a", Operator.EQUAL, "b"),), NOW + starts_in, NOW + ends_in, "ann", "", NOW)


def test_alerts(database: Database) -> None:
    """An alert is what the last flushes of its groups found; ended ones and those of others do not count."""
    passed, held, both, late, alone = (alert(name) for name in ("Passed", "Held", "Both", "Late", "Alone"))
    silenced = Verdict(Gate.SILENCED, "s1")
    with database.engine.begin() as connection:
        alert_rows.write_alerts(connection, ACME, [passed, held, both, late, alone, alert("Ended", NOW)], 1)
        alert_rows.write_alerts(connection, "other", [passed], 1)
        groups.hold_groups(connection, [group("g1"), group("g2"), group("g3")])
        first, second = [("g1", one.fingerprint) for one in (passed, held, both)], [("g2", both.fingerprint)]
        groups.join(connection, ACME, [*first, *second, ("g3", alone.fingerprint)], NOW)
        groups.write_verdicts(connection, ACME, {("g1", one.fingerprint): silenced for one in (held, both)}, NOW)
        groups.schedule(connection, ACME, [Schedule(key, NOW + 9, NOW + 9, NOW + 1) for key in ("g1", "g2")])
        groups.join(connection, ACME, [("g1", late.fingerprint)], NOW + 5)
        marks = read_marks(connection, ACME, NOW)
    assert marks.alerts == {"active": 2, "suppressed": 1, "unprocessed": 2}
    assert marks.groups == 3


def test_silences(database: Database) -> None:
    """Silences by what they do now; all of them count."""
    with database.engine.begin() as connection:
        for span in ((0, 10), (0, 20), (5, 20)):
            silences.put(connection, ACME, silence(*span), NOW, "ann")
        silences.put(connection, "other", silence(0, 10), NOW, "ann")
        assert read_marks(connection, ACME, NOW).silences == {"active": 2, "pending": 1, "expired": 0}
        assert read_marks(connection, ACME, NOW + 10).silences == {"active": 2, "pending": 0, "expired": 1}
        assert count_silences(connection, ACME) == 3


def test_postponed_groups(database: Database) -> None:
    """What is due before the end of a delay is due at its end and takes its beat from there; the rest stays."""
    with database.engine.begin() as connection:
        groups.hold_groups(connection, [group("g1"), group("g2")])
        groups.schedule(connection, ACME, [Schedule("g2", NOW + 99, NOW + 99, NOW)])
        groups.postpone(connection, NOW + 50)
        found = {
            one.id: (one.beat_at, one.next_flush_at) for one in groups.groups_by_id(connection, ACME, ["g1", "g2"])
        }
    assert found == {"g1": (NOW + 50, NOW + 50), "g2": (NOW + 99, NOW + 99)}
