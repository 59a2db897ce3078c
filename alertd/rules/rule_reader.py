"""Reads one rule: Prometheus' keys with alertd's own, or the short form that application teams write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alertd.alerts.severity import SEVERITY_RANK
from alertd.clock import MINUTE
from alertd.promql import ALL_FEATURES, Expr, ParseError, parse
from alertd.rules.models import (
    AlertRule,
    Level,
    OnError,
    OnNoData,
    Place,
    RecordingRule,
    Rule,
    TemplateLanguage,
)
from alertd.rules.positions import position_in
from alertd.rules.question import sees_missing
from alertd.rules.reading import Fields, Reader, kind
from alertd.rules.templates import BadTemplate, compile_field
from alertd.rules.vmalert import explain
from alertd.yamlfile import Path

_RECORDING_KEYS = ("record", "expr", "labels", "debug")
_ALERT_KEYS = (
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
    "levels",
    "cooldown",
    "receivers",
    "depends_on",
    "on_no_data",
    "on_error",
    "source",
    "template_language",
    "debug",
)
_SHORT_KEYS = (
    "name",
    "condition",
    "severity",
    "description",
    "channels",
    "cooldown_minutes",
    "for",
    "labels",
    "annotations",
)
_LEVEL_KEYS = ("above", "below", "clear_above", "clear_below", "for")
_ONLY_LONG = {
    key: f"the short form of a rule has no key {key!r}; write the rule with `alert` and `expr` to use it"
    for key in _ALERT_KEYS
    if key not in (*_SHORT_KEYS, "alert", "expr")
}
_CANNOT_SEE = (
    "a missing series can only be told from a good one where the rule has `levels`, or an expression that compares"
    " something with a number, as `queue_depth > 100`; write it so, or leave `on_no_data` out"
)
_ONLY_SHORT = {
    "severity": "`severity` belongs into `labels`, or use `levels` for several",
    "description": "`description` belongs into `annotations`",
    "channels": "a rule with `alert` and `expr` names them in `receivers`",
    "cooldown_minutes": "a rule with `alert` and `expr` has `cooldown`, a duration such as 5m",
}


@dataclass(frozen=True)
class RuleReader:
    """Reads the rules of one file; `text` is the whole file, to find the place of a mistake within an expression."""

    reader: Reader
    text: str

    def rule(self, value: object, path: Path, rule_id: str) -> Rule | None:
        """The rule at `path`; None when a mistake, which the reader has noted, leaves nothing to return."""
        if not isinstance(value, dict):
            self.reader.complain(path, f"a rule is a mapping of keys to values; this is {kind(value)}")
            return None
        known = len(self.reader.problems)
        if self._is_short(value):
            rule: Rule | None = self._short(value, path, rule_id)
        elif "record" in value:
            rule = self._recording(value, path, rule_id)
        else:
            rule = self._alert(value, path, rule_id)
        return rule if len(self.reader.problems) == known else None

    def _is_short(self, value: Fields) -> bool:
        if self.reader.ignore_unknown and ("alert" in value or "record" in value):
            return False
        return "name" in value or "condition" in value

    def templates(self, fields: Mapping[str, str], path: Path, language: TemplateLanguage | None, name: str) -> None:
        """Complain of each text that is not a template."""
        for key, text in fields.items():
            try:
                compile_field(text, language, name)
            except BadTemplate as error:
                what = "annotation" if "annotations" in path else "label"
                self.reader.complain((*path, key), f"the template of the {what} {key!r} is wrong: {error}")

    def _recording(self, value: Fields, path: Path, rule_id: str) -> RecordingRule | None:
        reader = self.reader
        if "alert" in value:
            reader.complain((*path, "alert"), "a rule has either `record` or `alert`; keep one of them", at_key=True)
            return None
        fields = reader.mapping(value, path, "a recording rule", _RECORDING_KEYS, _only_alerts) or {}
        record = reader.text(fields, "record", path)
        if not record:
            reader.complain((*path, "record"), "`record` must name the series that the rule stores")
        elif "{" in record or "}" in record:
            sentence = f"a series' name has no braces; {record!r} looks like an expression, which belongs into `expr`"
            reader.complain((*path, "record"), sentence)
        parsed = self._expr(fields, "expr", path)
        labels = self._labels(fields, path)
        if parsed is None:
            return None
        return RecordingRule(
            id=rule_id,
            record=record,
            expr=reader.text(fields, "expr", path),
            parsed=parsed,
            labels=labels,
            debug=reader.truth(fields, "debug", path, default=False),
            line=reader.place(path).line,
            places={"record": reader.place((*path, "record"))},
        )

    def _alert(self, value: Fields, path: Path, rule_id: str) -> AlertRule | None:
        reader = self.reader
        fields = reader.mapping(value, path, "a rule", _ALERT_KEYS, _explain_alert) or {}
        name = reader.text(fields, "alert", path)
        if not name:
            reader.complain((*path, "alert"), "a rule needs `alert`, the alert's name, or `record`, the series' name")
        for_ = reader.duration(fields, "for", path) or 0
        labels = self._labels(fields, path)
        annotations = self._annotations(fields, path)
        language = reader.choice(fields, "template_language", path, TemplateLanguage)
        self.templates(labels, (*path, "labels"), language, name)
        self.templates(annotations, (*path, "annotations"), language, name)
        levels = self._levels(fields, path, for_, labels)
        parsed = self._expr(fields, "expr", path)
        on_no_data = reader.choice(fields, "on_no_data", path, OnNoData)
        on_error = reader.choice(fields, "on_error", path, OnError)
        if parsed is None:
            return None
        if on_no_data not in (None, OnNoData.OK) and not sees_missing(parsed, levels):
            reader.complain((*path, "on_no_data"), _CANNOT_SEE)
        return AlertRule(
            id=rule_id,
            name=name,
            expr=reader.text(fields, "expr", path),
            parsed=parsed,
            levels=levels,
            for_=for_,
            keep_firing_for=reader.duration(fields, "keep_firing_for", path) or 0,
            cooldown=reader.duration(fields, "cooldown", path) or 0,
            labels=labels,
            annotations=annotations,
            receivers=reader.texts(fields, "receivers", path),
            depends_on=reader.texts(fields, "depends_on", path),
            on_no_data=on_no_data or OnNoData.OK,
            on_error=on_error or OnError.KEEP_LAST,
            source=reader.text(fields, "source", path) or None,
            template_language=language,
            debug=reader.truth(fields, "debug", path, default=False),
            line=reader.place(path).line,
            places=self._places(path, fields, {"receivers": "receivers", "depends_on": "depends_on"}),
        )

    def _short(self, value: Fields, path: Path, rule_id: str) -> AlertRule | None:
        reader = self.reader
        for key in ("alert", "record", "expr"):
            if key in value:
                sentence = f"a rule has either `name` and `condition` or `alert` and `expr`; {key!r} is of the other"
                reader.complain((*path, key), sentence, at_key=True)
                return None
        fields = reader.mapping(value, path, "the short form of a rule", _SHORT_KEYS, _ONLY_LONG.get) or {}
        name = reader.text(fields, "name", path)
        if not name:
            reader.complain((*path, "name"), "`name` must say how the alert is called")
        labels = self._labels(fields, path)
        annotations = self._annotations(fields, path)
        for field, target, inside in (("severity", "labels", labels), ("description", "annotations", annotations)):
            text = reader.text(fields, field, path)
            if text and field in inside:
                reader.complain((*path, target, field), f"`{field}` stands beside `{target}` already; keep one")
            elif text:
                inside[field] = text
                self.templates({field: text}, (*path, target) if field in fields else path, None, name)
        self.templates(labels, (*path, "labels"), None, name)
        self.templates(annotations, (*path, "annotations"), None, name)
        minutes = reader.number(fields, "cooldown_minutes", path) or 0.0
        if not 0 <= minutes < 1e6:
            reader.complain((*path, "cooldown_minutes"), f"a cooldown is a number of minutes from 0; this is {minutes}")
            minutes = 0.0
        for_ = reader.duration(fields, "for", path) or 0
        parsed = self._expr(fields, "condition", path, states=True)
        if parsed is None:
            return None
        return AlertRule(
            id=rule_id,
            name=name,
            expr=reader.text(fields, "condition", path),
            parsed=parsed,
            levels=(Level(for_=for_),),
            for_=for_,
            cooldown=round(minutes * MINUTE),
            labels=labels,
            annotations=annotations,
            receivers=reader.texts(fields, "channels", path),
            line=reader.place(path).line,
            places=self._places(path, fields, {"channels": "receivers"}),
        )

    def _expr(self, fields: Fields, key: str, path: Path, *, states: bool = False) -> Expr | None:
        text = self.reader.text(fields, key, path)
        if not text.strip():
            self.reader.complain((*path, key), f"a rule needs `{key}`, the expression that it evaluates")
            return None
        try:
            return parse(text, states=states, features=ALL_FEATURES)
        except ParseError as error:
            expected = f"; expected {error.expected}" if error.expected else ""
            problem = self.reader.document.problem((*path, key), f"could not parse expression: {error}{expected}")
            self.reader.problems.append(position_in(self.text, text, error.start, problem))
            return None

    def _labels(self, fields: Fields, path: Path) -> dict[str, str]:
        labels = self.reader.labels(fields, "labels", path)
        check_names(self.reader, labels, (*path, "labels"), "label")
        return labels

    def _annotations(self, fields: Fields, path: Path) -> dict[str, str]:
        annotations = self.reader.labels(fields, "annotations", path)
        check_names(self.reader, annotations, (*path, "annotations"), "annotation")
        return annotations

    def _places(self, path: Path, fields: Fields, lists: Mapping[str, str]) -> dict[str, Place]:
        """The places of the names that other files explain; `lists` maps keys of the file to the rule's fields."""
        places: dict[str, Place] = {}
        for key, field in lists.items():
            names = fields.get(key)
            for index in range(len(names) if isinstance(names, list) else 0):
                places[f"{field}.{index}"] = self.reader.place((*path, key, index))
        if "source" in fields:
            places["source"] = self.reader.place((*path, "source"))
        return places

    def _levels(self, fields: Fields, path: Path, for_: int, labels: Mapping[str, str]) -> tuple[Level, ...]:
        reader = self.reader
        if "levels" not in fields:
            return (Level(for_=for_),)
        place = (*path, "levels")
        given = reader.mapping(fields["levels"], place, "`levels`", SEVERITY_RANK, _no_severity)
        if given is None:
            return ()
        if not fields["levels"]:
            reader.complain(place, f"`levels` needs at least one severity of {', '.join(SEVERITY_RANK)}")
        if "severity" in labels:
            reader.complain((*path, "labels", "severity"), "the levels set the label severity; remove it here")
        levels = [self._level(severity, value, (*place, severity), for_) for severity, value in given.items()]
        return tuple(sorted(levels, key=lambda level: SEVERITY_RANK[level.severity or ""]))

    def _level(self, severity: str, value: object, path: Path, for_: int) -> Level:
        reader = self.reader
        fields = reader.mapping(value, path, f"the level {severity}", _LEVEL_KEYS) or {}
        above = reader.number(fields, "above", path)
        below = reader.number(fields, "below", path)
        clear_above = reader.number(fields, "clear_above", path)
        clear_below = reader.number(fields, "clear_below", path)
        own_for = reader.duration(fields, "for", path)
        if not fields.keys() & {"above", "below", "for"}:
            reader.complain(path, "a level needs `above`, `below` or at least a `for` of its own")
        if above is not None and below is not None and below > above:
            reader.complain((*path, "below"), f"every value is above {above:g} or below {below:g}; leave a gap between")
        self._clears(path, "clear_below", clear_below, "above", above, wrong=_exceeds(clear_below, above))
        self._clears(path, "clear_above", clear_above, "below", below, wrong=_exceeds(below, clear_above))
        return Level(severity, above, below, clear_above, clear_below, for_ if own_for is None else own_for)

    def _clears(
        self, path: Path, key: str, clear: float | None, bound_key: str, bound: float | None, *, wrong: bool
    ) -> None:
        if clear is None:
            return
        if bound is None:
            self.reader.complain((*path, key), f"`{key}` goes with `{bound_key}`, which this level does not have")
        elif wrong:
            side = "above" if key == "clear_below" else "below"
            sentence = f"`{key}` {clear:g} must not be {side} `{bound_key}` {bound:g}, or the alert would end at once"
            self.reader.complain((*path, key), sentence)


def _only_alerts(key: str) -> str | None:
    if key in _ALERT_KEYS:
        return f"a recording rule has no key {key!r}; only a rule with `alert` has"
    return explain(key)


def _explain_alert(key: str) -> str | None:
    return _ONLY_SHORT.get(key) or explain(key)


def _no_severity(key: str) -> str:
    return f"{key!r} is no severity that alertd ranks; use one of {', '.join(SEVERITY_RANK)}"


def _exceeds(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one > other


def check_names(reader: Reader, names: Iterable[str], path: Path, what: str) -> None:
    """Complain of names that no label or annotation can have; UTF-8 names are fine, as in Prometheus 3."""
    for name in names:
        if not name or name == "__name__":
            reader.complain((*path, name), f"{name!r} cannot be the name of {what}s; choose another", at_key=True)
