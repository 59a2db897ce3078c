"""Reads rule files: Prometheus' `groups`, or the `alerting` section of an application's own configuration."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path as FilePath

from alertd.errors import InvalidInput, Problem
from alertd.rules.models import AlertRule, Rule, RuleFile, RuleGroup
from alertd.rules.reading import Fields, Reader, kind
from alertd.rules.rule_reader import RuleReader, check_names
from alertd.rules.vmalert import GROUP_KEYS, explain, read_extras
from alertd.yamlfile import Path, load

_GROUP_KEYS = ("name", "interval", "query_offset", "limit", "labels", "source", "rules", *GROUP_KEYS)
_ALERTING_KEYS = ("enabled", "interval", "rules")
_GLOB = re.compile(r"[^*]*(\*[^/]*)?")
_ROUTING = ("group_by", "group_wait", "group_interval", "repeat_interval", "route", "routes", "routing")


def load_rules(text: str, file: str, *, ignore_unknown: bool = False) -> RuleFile:
    """Read the rules of one file; `file` is its path as groups and problems name it. An empty file has no rules.

    With `ignore_unknown` keys that no rule or group has are passed over, as `promtool --ignore-unknown-fields` does.
    Raises InvalidInput with every mistake of the file. What only all files together show, `check_rules` tells.
    """
    document = load(text, file)
    reader = Reader(document, ignore_unknown=ignore_unknown)
    groups = _Files(reader, RuleReader(reader, text), file).groups(document.data)
    if reader.problems:
        raise InvalidInput(reader.problems)
    return RuleFile(file, groups)


def load_rule_files(globs: Iterable[str], base: FilePath, *, ignore_unknown: bool = False) -> tuple[RuleFile, ...]:
    """Read all files that the globs match, relative to the folder `base`, sorted by path within each glob.

    As in Prometheus, wildcards stand in the last element of a path only, and a glob without a match is fine. A file
    that several globs match is read once. `ignore_unknown` is that of `load_rules`. Raises InvalidInput with the
    mistakes of all files.
    """
    problems: list[Problem] = []
    files: dict[str, RuleFile] = {}
    for pattern in globs:
        if not _GLOB.fullmatch(pattern):
            sentence = f"invalid rule file path {pattern!r}; wildcards may stand in the last element of the path only"
            problems.append(Problem(pattern, 1, 1, "", sentence))
            continue
        # Go negates a character class with ^, Python with !.
        for path in _matches(base, pattern.replace("[^", "[!")):
            if path in files:
                continue
            try:
                text = FilePath(path).read_text(encoding="utf-8")
                files[path] = load_rules(text, path, ignore_unknown=ignore_unknown)
            except InvalidInput as invalid:
                problems.extend(invalid.problems)
            except OSError as error:
                problems.append(Problem(path, 1, 1, "", f"the file cannot be read: {error.strerror}"))
            except UnicodeDecodeError as error:
                problems.append(
                    Problem(path, 1, 1, "", f"the file is not UTF-8 from byte {error.start} on; convert it")
                )
    if problems:
        raise InvalidInput(problems)
    return tuple(files.values())


def _matches(base: FilePath, pattern: str) -> list[str]:
    folder, _, name = str(base / pattern).rpartition("/")
    # Path.glob would take a `**` for any number of folders; in Go it is a `*`.
    return sorted(str(path) for path in FilePath(folder or "/").glob(name.replace("**", "*")) if path.is_file())


class _Files:
    """Reads the groups of one file."""

    def __init__(self, reader: Reader, rules: RuleReader, file: str) -> None:
        self._reader = reader
        self._rules = rules
        self._file = file

    def groups(self, data: object) -> tuple[RuleGroup, ...]:
        known = ("groups", "alerting")
        fields = self._reader.mapping(data, (), "a rule file", known, _explain_top)
        if not fields:
            return ()
        if len(fields) == 2:
            self._reader.complain(
                ("alerting",), "a rule file has either `groups` or `alerting`; move one to another file", at_key=True
            )
            return ()
        if "alerting" in fields:
            return self._alerting(fields["alerting"], ("alerting",))
        seen: dict[str, int] = {}
        groups: list[RuleGroup] = []
        for value, path in self._reader.items(fields, "groups", ()):
            group = self._group(value, path)
            if group is None:
                continue
            if group.name in seen:
                sentence = f"the group {group.name!r} is here already, in line {seen[group.name]}; name it otherwise"
                self._reader.complain((*path, "name"), sentence)
            seen.setdefault(group.name, group.line)
            groups.append(group)
        return tuple(groups)

    def _group(self, value: object, path: Path) -> RuleGroup | None:
        reader = self._reader
        if not isinstance(value, dict):
            reader.complain(path, f"a group is a mapping of keys to values; this is {kind(value)}")
            return None
        fields = reader.mapping(value, path, "a group", _GROUP_KEYS, explain) or {}
        name = reader.text(fields, "name", path)
        if not name:
            reader.complain((*path, "name"), "a group needs a name")
        labels = reader.labels(fields, "labels", path)
        check_names(reader, labels, (*path, "labels"), "label")
        interval = reader.duration(fields, "interval", path)
        query_offset = reader.duration(fields, "query_offset", path)
        extras = read_extras(reader, fields, path, interval)
        rules = self._read_rules(fields, path, name)
        if any(isinstance(rule, AlertRule) for rule in rules):
            self._rules.templates(labels, (*path, "labels"), None, name)
        return RuleGroup(
            name=name,
            file=self._file,
            rules=rules,
            interval=interval or None,
            query_offset=query_offset if query_offset is not None else extras.eval_delay,
            limit=reader.whole_number(fields, "limit", path),
            labels=labels,
            source=reader.text(fields, "source", path) or None,
            concurrency=extras.concurrency,
            eval_offset=extras.eval_offset,
            aligned=extras.aligned,
            params=extras.params,
            headers=extras.headers,
            debug=extras.debug,
            line=reader.place(path).line,
            places={key: reader.place((*path, key)) for key in ("source", "params", "headers") if key in fields},
        )

    def _alerting(self, value: object, path: Path) -> tuple[RuleGroup, ...]:
        reader = self._reader
        fields = reader.mapping(value, path, "the section `alerting`", _ALERTING_KEYS, _explain_alerting)
        if not fields:
            return ()
        enabled = reader.truth(fields, "enabled", path, default=True)
        interval = reader.duration(fields, "interval", path)
        rules = self._read_rules(fields, path, "alerting")
        if not enabled:
            return ()
        line = reader.place(path).line
        return (RuleGroup(name="alerting", file=self._file, rules=rules, interval=interval or None, line=line),)

    def _read_rules(self, fields: Fields, path: Path, group: str) -> tuple[Rule, ...]:
        counts: Counter[str] = Counter()
        rules: list[Rule] = []
        for value, place in self._reader.items(fields, "rules", path):
            name = _name_of(value)
            counts[name] += 1
            rule = self._rules.rule(value, place, f"{self._file};{group};{name};{counts[name]}")
            if rule is not None:
                rules.append(rule)
        return tuple(rules)


def _name_of(rule: object) -> str:
    if not isinstance(rule, dict):
        return ""
    return str(rule.get("alert") or rule.get("record") or rule.get("name") or "")


def _explain_top(key: str) -> str | None:
    if key in ("alertmanager", "route", "receivers", "inhibit_rules", "templates", "time_intervals"):
        return f"a rule file holds `groups` or `alerting`; {key!r} belongs into alertd.yml, as `route` and `receivers`"
    return None


def _explain_alerting(key: str) -> str | None:
    """Where the other keys of an application's `alerting` section belong."""
    if key == "alertmanager_url":
        return "an Alertmanager that shall get the alerts is named in alertd.yml, under `alerting.alertmanagers`"
    if key in _ROUTING:
        return f"{key!r} says how alerts are grouped and routed; it belongs into alertd.yml, under `route`"
    if key == "inhibit_rules":
        return "'inhibit_rules' belongs into alertd.yml, under the key of the same name"
    for word, section in (
        ("slack", "slack_configs"),
        ("pagerduty", "pagerduty_configs"),
        ("webhook", "webhook_configs"),
    ):
        if word in key:
            return f"{key!r} belongs into alertd.yml, under `receivers`, as a value of `{section}`"
    if "mail" in key or "smtp" in key:
        return f"{key!r} belongs into alertd.yml, under `receivers`, as a value of `email_configs`"
    return None
