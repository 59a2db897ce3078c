"""Lints rule files: every check over every rule, without what comments switch off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from alertd.rules.lint.alerting import check_alert
from alertd.rules.lint.comments import switches_of
from alertd.rules.lint.files import check_files
from alertd.rules.lint.levels import check_levels
from alertd.rules.lint.matching import check_matching
from alertd.rules.lint.naming import check_names
from alertd.rules.lint.quantiles import check_quantiles
from alertd.rules.lint.selectors import check_selectors
from alertd.rules.lint.subject import Finding, LintFile, Subject
from alertd.rules.lint.templates import check_templates
from alertd.rules.lint.values import check_values
from alertd.rules.loading import load_rules
from alertd.yamlfile import load


def read(text: str, file: str, *, ignore_unknown: bool = False) -> LintFile:
    """A rule file, ready to be linted. Raises `InvalidInput` with every mistake of a file that is not good.

    `ignore_unknown` is that of `load_rules`.
    """
    return LintFile(text, load(text, file), load_rules(text, file, ignore_unknown=ignore_unknown))


def lint(files: Sequence[LintFile], *, now: int, longest_repeat: int | None = None) -> list[Finding]:
    """What all checks find in the files together, in the order of the files and their lines.

    `now` ends the comments that switch a check off for a time; `longest_repeat` is the longest `repeat_interval` of the
    configuration's routes, None without one.
    """
    found = list(check_files(files))
    for file in files:
        for subject in file.subjects():
            found += _of_rule(subject, longest_repeat)
    by_file: dict[str, list[Finding]] = {}
    for finding in found:
        by_file.setdefault(finding.problem.file, []).append(finding)
    kept: list[Finding] = []
    for file in files:
        switches = switches_of(file, now)
        own = chain(switches.findings, by_file.get(file.rules.path, ()))
        kept += sorted(
            (finding for finding in own if not switches.off(finding)),
            key=lambda finding: (finding.problem, finding.check),
        )
    return list(dict.fromkeys(kept))


def _of_rule(subject: Subject, longest_repeat: int | None) -> Iterator[Finding]:
    yield from check_names(subject)
    yield from check_selectors(subject)
    if subject.is_deep:
        return
    yield from check_matching(subject)
    yield from check_values(subject)
    yield from check_quantiles(subject)
    yield from check_alert(subject)
    yield from check_templates(subject)
    yield from check_levels(subject, longest_repeat)
