"""Checks of the rules of several files together, and of groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alertd.clock import MINUTE
from alertd.promql import format_duration, selectors, unwrap, walk
from alertd.rules.lint.subject import Finding, LintFile, Subject
from alertd.rules.models import AlertRule, RecordingRule

_LOOKBACK = 5 * MINUTE


def check_files(files: Sequence[LintFile]) -> Iterator[Finding]:
    recorded = [subject for file in files for subject in file.subjects() if isinstance(subject.rule, RecordingRule)]
    for file in files:
        yield from _intervals(file)
        yield from _duplicates(file.subjects())
        yield from _order(file)
    yield from _repeated([subject for file in files for subject in file.subjects()])
    yield from _other_groups(recorded)
    yield from _recorded_already(files, recorded)


def _intervals(file: LintFile) -> Iterator[Finding]:
    for group, path in file.groups():
        interval = group.interval or 0
        short = [rule for rule in group.rules if not isinstance(rule, AlertRule) or rule.keep_firing_for < interval]
        if interval > _LOOKBACK and short:
            message = (
                f"a series is seen for {format_duration(_LOOKBACK)}, so that what the group finds is gone for part of"
                " each interval; evaluate it at least every 5m"
            )
            yield file.finding("interval-over-lookback", (*path, "interval"), message)


def _key(subject: Subject) -> tuple[str, ...]:
    labels = subject.group.labels_of(subject.rule)
    return subject.rule.name, *(f"{name}={value}" for name, value in sorted(labels.items()))


def _duplicates(subjects: Iterable[Subject]) -> Iterator[Finding]:
    """Rules of one file with the same name and labels, as promtool finds them: whatever their expressions."""
    seen: dict[tuple[str, ...], int] = {}
    for subject in subjects:
        key = _key(subject)
        if key in seen:
            what = "a series" if subject.alert is None else "an alert"
            message = f"{what} of the same name and labels is in line {seen[key]} already; give one another label"
            yield subject.at("duplicate-rules", (subject.name_key,), message)
        seen.setdefault(key, subject.rule.line)


def _repeated(subjects: Iterable[Subject]) -> Iterator[Finding]:
    """Rules with the same name, labels and expression in two files."""
    by_key: dict[tuple[str, ...], list[Subject]] = {}
    for subject in subjects:
        key = _key(subject)
        for other in by_key.get(key, ()):
            if other.file is not subject.file and other.rule.parsed == subject.rule.parsed:
                message = f"the same rule is in {other.file.rules.path}, line {other.rule.line}; keep one of them"
                yield subject.at("repeated-rule", (subject.name_key,), message)
                break
        by_key.setdefault(key, []).append(subject)


def _order(file: LintFile) -> Iterator[Finding]:
    """Rules that use a series that only a later rule of their group records."""
    subjects: dict[str, list[Subject]] = {}
    for subject in file.subjects():
        subjects.setdefault(subject.group.name, []).append(subject)
    for members in subjects.values():
        first: dict[str, int] = {}
        for place, subject in enumerate(members):
            if isinstance(subject.rule, RecordingRule):
                first.setdefault(subject.rule.name, place)
        for place, subject in enumerate(members):
            for selector in selectors(subject.rule.parsed):
                later = first.get(selector.metric_name or "", place)
                if later > place:
                    message = (
                        f"`{selector.metric_name}` is recorded further down, in line {members[later].rule.line}, so"
                        " that this rule sees its last value; move it down"
                    )
                    yield subject.in_expr("recorded-later", selector, message)


def _other_groups(recorded: Sequence[Subject]) -> Iterator[Finding]:
    groups: dict[str, set[str]] = {}
    for subject in recorded:
        groups.setdefault(subject.rule.name, set()).add(subject.group.key)
    for subject in recorded:
        for selector in selectors(subject.rule.parsed):
            homes = groups.get(selector.metric_name or "", {subject.group.key})
            if subject.group.key not in homes:
                home = min(homes).rpartition(";")[2]
                message = (
                    f"`{selector.metric_name}` is recorded in another group, {home!r}, which is evaluated at other"
                    " instants; record both in one group"
                )
                yield subject.in_expr("recorded-elsewhere", selector, message)


def _recorded_already(files: Sequence[LintFile], recorded: Sequence[Subject]) -> Iterator[Finding]:
    """Parts of expressions that a rule records, without labels of its own."""
    homes: dict[str, Subject] = {}
    for other in recorded:
        wanted = unwrap(other.rule.parsed)
        if wanted.children and not other.group.labels_of(other.rule):
            homes.setdefault(str(wanted), other)
    if not homes:
        return
    for file in files:
        for subject in file.subjects():
            for node in () if subject.is_deep else walk(subject.rule.parsed):
                home = homes.get(str(node)) if node.children else None
                if home is not None and home.rule.name != subject.rule.name:
                    message = f"this is recorded already, as `{home.rule.name}`; use that series"
                    yield subject.in_expr("recorded-already", node, message)
                    break
