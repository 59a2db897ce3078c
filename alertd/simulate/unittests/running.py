"""Runs files of unit tests: promtool's loop over the instants, with its order of evaluations and questions."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from alertd.alerts.alert import Report
from alertd.clock import monotonic
from alertd.errors import InvalidInput, Problem
from alertd.gotemplate.regexps import compile_pattern, matches
from alertd.promql import EvaluationError, Options, ParseError, format_duration
from alertd.promql.quoting import quote
from alertd.rules.loading import load_rules
from alertd.rules.models import AlertRule, RuleFile, RuleGroup
from alertd.simulate.unittests.comparing import compare_alerts, compare_samples
from alertd.simulate.unittests.dependencies import Dependencies, asked_directly
from alertd.simulate.unittests.model import AlertTest, ExprTest, RuleTest, RuleTestFile
from alertd.simulate.unittests.outcome import Covered, Failure, FileOutcome, Kind, TestOutcome
from alertd.simulate.unittests.reading import read_test_file
from alertd.simulate.unittests.stage import BadSeries, RuleError, Stage


@dataclass(frozen=True)
class Choice:
    """Which tests are run, and how.

    `patterns` are RE2's, of names: any of them counts, and without one all tests are run. With `all_rules` each rule is
    evaluated although no question depends on it. With `ignore_unknown` keys that no rule has are passed over.
    `delayed_name_removal` is Prometheus' feature of that name. With `debug` the outcome has all that is stored. With
    `coverage` the rules of a file are read although none of its tests is run.
    """

    patterns: tuple[str, ...] = ()
    all_rules: bool = False
    ignore_unknown: bool = False
    delayed_name_removal: bool = False
    debug: bool = False
    coverage: bool = False

    @classmethod
    def of(cls, patterns: Iterable[str], **how: bool) -> Choice:
        """A choice by these patterns; `how` are the other fields. Raises FunctionError for what is no pattern."""
        given = tuple(patterns)
        for pattern in given:
            compile_pattern(pattern)
        return cls(given, **how)

    def wants(self, test: RuleTest) -> bool:
        """Whether the test is one of those; a test without a name has the name ""."""
        return not self.patterns or any(matches(pattern, test.name) for pattern in self.patterns)


def run_file(path: Path, choice: Choice = Choice(), *, clock: Callable[[], int] = monotonic) -> FileOutcome:
    """Run the tests of one file; `clock` measures how long they take. What is wrong with it is in the outcome."""
    try:
        tests = read_test_file(path)
    except InvalidInput as invalid:
        return FileOutcome(str(path), problems=_lines(invalid), watched=(str(path),))
    patterns = [str(path.parent / pattern) for pattern in tests.rule_files]
    matched = {pattern: matching(pattern) for pattern in patterns}
    rule_files = list(dict.fromkeys(file for files in matched.values() for file in files))
    chosen = [test for test in tests.tests if choice.wants(test)]
    outcome = FileOutcome(
        str(path),
        warnings=tuple(f"no file match pattern {pattern}" for pattern in patterns if not matched[pattern]),
        skipped=tuple(test.title for test in tests.tests if not choice.wants(test)),
        watched=(str(path), *rule_files),
        patterns=tuple(patterns),
    )
    if not chosen and not choice.coverage:
        return outcome
    try:
        loaded = _load(rule_files, ignore_unknown=choice.ignore_unknown)
    except InvalidInput as invalid:
        return replace(outcome, problems=_lines(invalid))
    run = _Run(tests, loaded, choice, clock)
    outcomes = tuple(run.test(test) for test in chosen)
    warnings = (*outcome.warnings, *run.warnings(chosen))
    return replace(outcome, tests=outcomes, warnings=warnings, rules=run.coverage())


def matching(pattern: str) -> list[str]:
    """The paths that a pattern of rule files matches, in order."""
    # Go negates a character class with ^, Python with !. A Path's own glob cannot lead upwards.
    return sorted(glob.glob(pattern.replace("[^", "[!"), include_hidden=True))  # noqa: PTH207


def _lines(invalid: InvalidInput) -> tuple[str, ...]:
    return tuple(str(problem) for problem in invalid.problems)


def _load(paths: Sequence[str], *, ignore_unknown: bool) -> tuple[RuleFile, ...]:
    """The rules of the files. Raises InvalidInput with the mistakes of all."""
    problems: list[Problem] = []
    files = []
    for path in paths:
        try:
            text = Path(path).read_text(encoding="utf-8")
            files.append(load_rules(text, path, ignore_unknown=ignore_unknown))
        except InvalidInput as invalid:
            problems.extend(invalid.problems)
        except OSError as error:
            problems.append(Problem(path, 1, 1, "", f"the file cannot be read: {error.strerror}"))
        except UnicodeDecodeError as error:
            problems.append(Problem(path, 1, 1, "", f"the file is not UTF-8 from byte {error.start} on; convert it"))
    if problems:
        raise InvalidInput(problems)
    return tuple(files)


@dataclass
class _Run:
    """The tests of one file with the rules that it loaded, and what they have seen of them."""

    tests: RuleTestFile
    files: tuple[RuleFile, ...]
    choice: Choice
    clock: Callable[[], int]
    tested: set[str] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        order = {name: place for place, name in enumerate(self.tests.group_order)}
        groups = [group for file in self.files for group in file.groups]
        # As in promtool the order is partial: a group that is not listed stands beside the first one that is.
        self.groups: list[RuleGroup] = sorted(groups, key=lambda group: order.get(group.name, 0))
        self.dependencies = Dependencies(self.groups)

    def warnings(self, tests: Iterable[RuleTest]) -> list[str]:
        """Names of alerts that no rule has, each once: what is expected not to fire would never do so."""
        known = {rule.name for rule in self.dependencies.rules if isinstance(rule, AlertRule)}
        first: dict[str, AlertTest] = {}
        for test in tests:
            for asked in test.alert_tests:
                first.setdefault(asked.alertname, asked)
        return [
            f"{self.tests.path}:{asked.line}: no alerting rule is called {name}{_similar(name, known)}"
            for name, asked in first.items()
            if name not in known
        ]

    def test(self, test: RuleTest) -> TestOutcome:
        """Run one test."""
        started = self.clock()
        try:
            stage = self._stage(test)
        except BadSeries as bad:
            failures = [
                Failure(Kind.INPUT, self.tests.path, series.line, 0, "input_series", (reason,))
                for series, reason in bad.reasons
            ]
            stored: list[str] = []
        else:
            failures = self._failures(stage, test)
            stored = stage.stored() if self.choice.debug else []
        return TestOutcome(test.name, test.title, test.line, self.clock() - started, tuple(failures), tuple(stored))

    def coverage(self) -> dict[tuple[str, str], Covered]:
        """The rules of the file by the real path of their file and their id."""
        found = {}
        tested = self.dependencies.closure(self.tested)
        for group in self.groups:
            for rule in group.rules:
                key = (str(Path(group.file).resolve()), rule.id.removeprefix(group.file))
                found[key] = Covered(group.file, group.name, rule, rule.id in tested, rule.id in self.fired)
        return found

    def _stage(self, test: RuleTest) -> Stage:
        """The rules of the test, ready. Raises BadSeries."""
        dependencies = self.dependencies
        everything = frozenset(rule.id for rule in dependencies.rules)
        needed = everything if self.choice.all_rules else dependencies.needed(test)
        self.tested |= asked_directly(dependencies.rules, test)
        options = Options(
            default_subquery_step=self.tests.interval, delayed_name_removal=self.choice.delayed_name_removal
        )
        return Stage(test, self.groups, dependencies, needed, options)

    def _failures(self, stage: Stage, test: RuleTest) -> list[Failure]:
        failures: list[Failure] = []
        waiting = sorted(test.alert_tests, key=lambda asked: asked.at)
        interval = self.tests.interval
        for passed in range(0, test.duration + 1, interval):
            now = test.start + passed
            due = [asked for asked in waiting if asked.at < passed + interval]
            waiting = waiting[len(due) :]
            if not stage.evaluates and not due:
                continue
            stage.feed(now)
            errors = stage.evaluate(now, watched=bool(due))
            if errors:
                return [*failures, *map(_rule_failure, errors)]
            for asked in due:
                failures += self._alert_failures(stage, test, asked)
        stage.feed(test.start + test.duration - test.duration % interval)
        for question in test.expr_tests:
            failures += self._expr_failures(stage, test, question)
        return failures

    def _alert_failures(self, stage: Stage, test: RuleTest, asked: AlertTest) -> list[Failure]:
        found: dict[bool, list[Report]] = {True: [], False: []}
        for rule, report in stage.alerts(asked.alertname):
            fires = report.instance.state.fires
            found[fires].append(report)
            if fires:
                self.fired.add(rule.id)
        details = compare_alerts(asked.firing, found[True], "firing", partial=asked.partial)
        if asked.pending is not None:
            details += compare_alerts(asked.pending, found[False], "pending", partial=asked.partial)
        if not details:
            return []
        if len(found[True]) < len(asked.firing) and found[False]:
            details.append(_still_pending(found[False], test.start))
        title = f"alertname: {asked.alertname}, time: {format_duration(asked.at)}"
        return [Failure(Kind.ALERT, self.tests.path, asked.line, asked.at, title, tuple(details))]

    def _expr_failures(self, stage: Stage, test: RuleTest, asked: ExprTest) -> list[Failure]:
        try:
            found = stage.query(asked.expr, test.start + asked.at)
            details = compare_samples(asked.samples, found, fuzzy=self.tests.fuzzy)
        except (ParseError, EvaluationError) as error:
            details = [f"err: {error}"]
        if not details:
            return []
        title = f"expr: {quote(asked.expr)}, time: {format_duration(asked.at)}"
        return [Failure(Kind.EXPRESSION, self.tests.path, asked.line, asked.at, title, tuple(details))]


def _similar(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _still_pending(pending: Sequence[Report], start: int) -> str:
    since = format_duration(min(report.instance.active_at for report in pending) - start)
    if len(pending) == 1:
        return f"1 alert is pending since {since}"
    return f"{len(pending)} alerts are pending, the first since {since}"


def _rule_failure(error: RuleError) -> Failure:
    title = f"rule: {error.rule.name}, time: {format_duration(error.at)}"
    return Failure(Kind.RULE, error.group.file, error.rule.line, error.at, title, (f"err: {error.reason}",))
