"""Reads files of unit tests: promtool's keys, and alertd's own beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path as FilePath

from alertd.clock import MINUTE, from_rfc3339
from alertd.errors import InvalidInput, Problem
from alertd.promql.numbers import parse_literal
from alertd.routing.patterns import LabelPattern, PatternError
from alertd.rules.reading import Fields, Reader, kind
from alertd.simulate.unittests.model import (
    AlertTest,
    ExpectedAlert,
    ExpectedSample,
    ExprTest,
    InputSeries,
    RuleTest,
    RuleTestFile,
    Texts,
    Wanted,
)
from alertd.yamlfile import Path, load, text_of

_FILE_KEYS = ("rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "match", "tests")
_TEST_KEYS = (
    *("name", "interval", "start_timestamp", "input_series", "external_labels", "external_url"),
    *("alert_rule_test", "promql_expr_test", "match"),
)
_ALERT_KEYS = ("eval_time", "alertname", "exp_alerts", "exp_pending", "match")
_EXPECTED_KEYS = ("exp_labels", "exp_annotations")
_EXPR_KEYS = ("expr", "eval_time", "exp_samples")
_SAMPLE_KEYS = ("labels", "value", "histogram")
_SERIES_KEYS = ("series", "values")
_IN_CLASS = r"(?:[^\]\\/-]|\\.)"
#: A pattern of paths as Go takes it.
_GLOB = re.compile(rf"(?:[^\[\\]|\\.|\[\^?+(?:{_IN_CLASS}(?:-{_IN_CLASS})?)+\])*", re.DOTALL)
_GLOB_HINT = "a [ is closed with ] behind at least one character, a - stands between two, and a [ itself is [[]"


class Match(StrEnum):
    """How alerts are compared: in everything that they have, or in what the test names."""

    EXACT = "exact"
    PARTIAL = "partial"


def read_test_file(path: FilePath) -> RuleTestFile:
    """The tests of a file. Raises InvalidInput with every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput([Problem(str(path), 1, 1, "", f"the file cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidInput([Problem(str(path), line, 1, "", "the file is not UTF-8 here; save it as UTF-8")]) from error
    return parse_tests(text, str(path))


def parse_tests(text: str, file: str) -> RuleTestFile:
    """The tests that a text holds; `file` is the name that problems carry. Raises InvalidInput.

    As promtool does, it leaves alone what follows the first YAML document.
    """
    reader = Reader(load(text, file, only_first=True))
    tests = _Tests(reader).file(file)
    if reader.problems:
        raise InvalidInput(reader.problems)
    return tests


class _Tests:
    """Reads one file; mistakes are noted by the reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def file(self, file: str) -> RuleTestFile:
        reader = self._reader
        fields = reader.mapping(reader.document.data, (), "a file of unit tests", _FILE_KEYS) or {}
        interval = reader.duration(fields, "evaluation_interval", ()) or MINUTE
        match = reader.choice(fields, "match", (), Match) or Match.EXACT
        return RuleTestFile(
            path=file,
            rule_files=self._rule_files(fields),
            interval=interval,
            group_order=self._group_order(fields),
            fuzzy=reader.truth(fields, "fuzzy_compare", (), default=False),
            tests=tuple(
                self._test(value, path, number, interval, match)
                for number, (value, path) in enumerate(reader.items(fields, "tests", ()))
            ),
        )

    def _rule_files(self, fields: Fields) -> tuple[str, ...]:
        patterns = dict(self._strings(fields, "rule_files"))
        for path, pattern in patterns.items():
            if not _GLOB.fullmatch(pattern):
                sentence = f"syntax error in pattern {pattern!r}; {_GLOB_HINT}"
                self._reader.complain(path, sentence)
        return tuple(patterns.values())

    def _strings(self, fields: Fields, key: str) -> Iterable[tuple[Path, str]]:
        for value, path in self._reader.items(fields, key, ()):
            if isinstance(value, str | int | float):
                yield path, text_of(value)
            else:
                self._reader.complain(path, f"`{key}` is a list of texts; this is {kind(value)}")

    def _group_order(self, fields: Fields) -> tuple[str, ...]:
        names: list[str] = []
        for path, name in self._strings(fields, "group_eval_order"):
            if name in names:
                self._reader.complain(path, f"group name repeated in evaluation order: {name}; keep one of them")
            names.append(name)
        return tuple(names)

    def _test(self, value: object, path: Path, number: int, interval: int, match: Match) -> RuleTest:
        reader = self._reader
        fields = reader.mapping(value, path, "a test", _TEST_KEYS) or {}
        match = reader.choice(fields, "match", path, Match) or match
        name = reader.text(fields, "name", path)
        return RuleTest(
            name=name,
            number=number,
            interval=reader.duration(fields, "interval", path) or interval,
            start=self._start(fields, path),
            series=tuple(
                series
                for value, place in reader.items(fields, "input_series", path)
                if (series := self._series(value, place)) is not None
            ),
            alert_tests=tuple(
                self._alert_test(value, place, match, name)
                for value, place in reader.items(fields, "alert_rule_test", path)
            ),
            expr_tests=tuple(
                self._expr_test(value, place) for value, place in reader.items(fields, "promql_expr_test", path)
            ),
            external_labels=reader.labels(fields, "external_labels", path),
            external_url=reader.text(fields, "external_url", path),
            line=reader.place(path).line,
        )

    def _start(self, fields: Fields, path: Path) -> int:
        """The instant of the first value: seconds since 1970, or an RFC 3339 time."""
        text = self._reader.text(fields, "start_timestamp", path)
        if not text:
            return 0
        try:
            return round(float(text) * 1000)
        except (ValueError, OverflowError):
            pass
        try:
            return from_rfc3339(text)
        except ValueError:
            sentence = f"`start_timestamp` is in seconds or a time such as 2026-01-31T12:00:00Z; this is {text!r}"
            self._reader.complain((*path, "start_timestamp"), sentence)
            return 0

    def _series(self, value: object, path: Path) -> InputSeries | None:
        fields = self._reader.mapping(value, path, "an input series", _SERIES_KEYS) or {}
        series = self._reader.text(fields, "series", path)
        values = self._reader.text(fields, "values", path)
        # A line that begins so is a comment where series are loaded by a script, as promtool does.
        if series.lstrip().startswith("#"):
            return None
        return InputSeries(series, values, self._reader.place(path).line)

    def _alert_test(self, value: object, path: Path, match: Match, test: str) -> AlertTest:
        reader = self._reader
        fields = reader.mapping(value, path, "an item of `alert_rule_test`", _ALERT_KEYS) or {}
        match = reader.choice(fields, "match", path, Match) or match
        alertname = reader.text(fields, "alertname", path)
        if not alertname:
            time = reader.text(fields, "eval_time", path) or "0s"
            where = f" (in TestGroup {test})" if test else ""
            sentence = (
                f"an item under alert_rule_test misses required attribute alertname at eval_time {time}{where};"
                " add the name of the alert"
            )
            reader.complain(path, sentence)
        pending = fields.get("exp_pending")
        return AlertTest(
            alertname=alertname,
            at=reader.duration(fields, "eval_time", path) or 0,
            firing=self._alerts(fields, "exp_alerts", path, alertname),
            pending=None if pending is None else self._alerts(fields, "exp_pending", path, alertname),
            partial=match is Match.PARTIAL,
            line=reader.place(path).line,
        )

    def _alerts(self, fields: Fields, key: str, path: Path, alertname: str) -> tuple[ExpectedAlert, ...]:
        found = []
        for value, place in self._reader.items(fields, key, path):
            expected = self._reader.mapping(value, place, f"an alert in `{key}`", _EXPECTED_KEYS) or {}
            labels = {**self._texts(expected, "exp_labels", place), "alertname": Wanted(alertname)}
            annotations = self._texts(expected, "exp_annotations", place)
            found.append(ExpectedAlert(labels, annotations, self._reader.place(place).line))
        return tuple(found)

    def _texts(self, fields: Fields, key: str, path: Path) -> Texts:
        """Labels or annotations: a text each, or a mapping that says what the text must contain or match."""
        value = fields.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._reader.complain((*path, key), f"`{key}` is a mapping of names to texts; this is {kind(value)}")
            return {}
        return {name: self._wanted(value, name, (*path, key)) for name in value}

    def _wanted(self, fields: Fields, name: str, path: Path) -> Wanted:
        value = fields[name]
        if not isinstance(value, dict):
            return Wanted(self._reader.text(fields, name, path))
        place = (*path, name)
        if value.keys() not in ({"contains"}, {"matches"}):
            self._reader.complain(place, "an expected text is written out, or is {contains: TEXT} or {matches: REGEX}")
            return Wanted("")
        if "contains" in value:
            return Wanted(self._reader.text(value, "contains", place), "contains")
        text = self._reader.text(value, "matches", place)
        try:
            return Wanted(text, "matches", LabelPattern(text))
        except PatternError as error:
            self._reader.complain((*place, "matches"), f"{text!r} is no regular expression: {error}")
            return Wanted(text)

    def _expr_test(self, value: object, path: Path) -> ExprTest:
        reader = self._reader
        fields = reader.mapping(value, path, "an item of `promql_expr_test`", _EXPR_KEYS) or {}
        return ExprTest(
            expr=reader.text(fields, "expr", path),
            at=reader.duration(fields, "eval_time", path) or 0,
            samples=tuple(self._sample(value, place) for value, place in reader.items(fields, "exp_samples", path)),
            line=reader.place(path).line,
        )

    def _sample(self, value: object, path: Path) -> ExpectedSample:
        reader = self._reader
        fields = reader.mapping(value, path, "an expected sample", _SAMPLE_KEYS) or {}
        return ExpectedSample(
            labels=reader.text(fields, "labels", path),
            value=self._number(fields, path),
            histogram=reader.text(fields, "histogram", path),
            line=reader.place(path).line,
        )

    def _number(self, fields: Fields, path: Path) -> float:
        text = self._reader.text(fields, "value", path).strip()
        if not text:
            return 0.0
        # YAML writes a point before the words for what is no number.
        number = parse_literal(re.sub(r"\.(?=inf|nan)", "", text, flags=re.IGNORECASE))
        if number is None:
            self._reader.complain((*path, "value"), f"`value` is a number; this is {text!r}")
            return 0.0
        return number
