"""Reads what is imported, and writes the new folder: all of it, proven to mean the same, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from alertd.cli.checking import check_config, read_text
from alertd.config.loading import load_config
from alertd.config.types import duration_of
from alertd.errors import InvalidInput, Problem
from alertd.moving.changes import Action, Change
from alertd.moving.forwarding import forwarding_meaning
from alertd.moving.layout import Placed
from alertd.moving.plan import NAME, Plan, Source, plan
from alertd.moving.proof import differences, rule_meanings
from alertd.moving.rulefiles import rule_file_of
from alertd.rules.loading import load_rule_files
from alertd.rules.models import RuleFile


@dataclass(frozen=True)
class Imported:
    """What was written. `holds` says in words what is in the new configuration."""

    files: tuple[Path, ...]
    changes: tuple[Change, ...]
    holds: str
    warnings: tuple[Problem, ...]

    def by_action(self) -> Iterator[tuple[Action, list[Change]]]:
        """The changes of each kind that there are any of, in the order of the files."""
        for action in Action:
            changes = [change for change in self.changes if change.action is action]
            if changes:
                yield action, changes


def import_files(
    alertmanager: Path | None, prometheus: Path | None, target: Path, *, force: bool, url: str = ""
) -> Imported:
    """Import one configuration or both into the folder `target`.

    Raises `InvalidInput` when a file is wrong, cannot be carried over, or would be written over without `force`; then
    nothing is written.
    """
    try:
        return _import(alertmanager, prometheus, target, force=force, url=url)
    except OSError as error:
        sentence = f"the file cannot be read or written: {error.strerror}"
        raise InvalidInput([Problem(str(error.filename), 1, 1, "", sentence)]) from error


def _import(alertmanager: Path | None, prometheus: Path | None, target: Path, *, force: bool, url: str) -> Imported:
    # Paths that lead from one folder to the other do not go through links.
    real = target.resolve()
    planned = plan(_source(alertmanager), _source(prometheus), str(real), url)
    rules = load_rule_files([placed.source for placed in planned.rules], Path("/"))
    files: dict[str, bytes] = {NAME: planned.text.encode()}
    copied: dict[str, str] = {}
    for placed in planned.templates:
        copied.update((placed.target_of(path), path) for path in _matching(placed.source))
    files.update((name, Path(path).read_bytes()) for name, path in copied.items())
    changes = [*planned.changes, *_rule_files(planned, rules, files)]
    _refuse_overwriting(target, files, force=force)
    _refuse_strangers(target, files, (*planned.templates, *planned.rules))
    real.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that relative paths lead from it where they will lead from there.
    with tempfile.TemporaryDirectory(prefix=".alertd-import-", dir=real.parent) as folder:
        staged = Path(folder)
        _write(staged, files)
        if alertmanager is not None:
            # Secrets that stand in the file must not be readable for more people than before.
            (staged / NAME).chmod(alertmanager.stat().st_mode & 0o777)
        names = {str(staged / name): _shown(Path(path)) for name, path in copied.items()}
        holds, warnings = _proven(staged, planned, rules, _Places(str(staged), str(target), names))
        for name in files:
            (real / name).parent.mkdir(parents=True, exist_ok=True)
        for name in files:
            (staged / name).replace(real / name)
    return Imported(tuple(target / name for name in files), tuple(changes), holds, tuple(warnings))


def _source(path: Path | None) -> Source | None:
    if path is None:
        return None
    return Source(str(path), read_text(path).removeprefix("\ufeff"), str(path.parent.resolve()))


def _matching(pattern: str) -> list[str]:
    """The files that a pattern from the root matches, sorted; where Go and Python differ it is Go's pattern."""
    relative = pattern.replace("[^", "[!").replace("**", "*").lstrip("/")
    return sorted(str(path) for path in Path("/").glob(relative) if path.is_file())


def _rule_files(planned: Plan, rules: tuple[RuleFile, ...], files: dict[str, bytes]) -> list[Change]:
    """Add the new rule files to `files`; returns what was changed in them."""
    changes: list[Change] = []
    for rule_file in rules:
        placed = next(placed for placed in planned.rules if rule_file.path in _matching(placed.source))
        path = Path(rule_file.path)
        text, changed = rule_file_of(read_text(path), _shown(path), planned.query_offset)
        changes += changed
        if text is not None:
            files[placed.target_of(rule_file.path)] = text.encode()
    return changes


def _shown(path: Path) -> str:
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _refuse_overwriting(target: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    if target.exists() and not target.is_dir():
        raise InvalidInput([Problem(str(target), 1, 1, "", "this is a file; name a folder to write to")])
    there = [target / name for name, content in files.items() if _has_other_content(target / name, content)]
    if there and not force:
        sentence = "the file is there already; give --force to write over it, or another --output"
        raise InvalidInput([Problem(str(path), 1, 1, "", sentence) for path in there])


def _has_other_content(path: Path, content: bytes) -> bool:
    return path.exists() and not (path.is_file() and path.read_bytes() == content)


def _refuse_strangers(target: Path, files: Mapping[str, bytes], placed: Iterable[Placed]) -> None:
    """Raise `InvalidInput` for files of the target that its configuration would read and that nobody imported."""
    known = {str(target.resolve() / name) for name in files}
    read = {path for one in placed for path in _matching(str(target.resolve() / one.target))}
    sentence = "the new configuration would read this file, which is not of this import; remove it"
    if read - known:
        raise InvalidInput([Problem(path, 1, 1, "", sentence) for path in read - known])


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _proven(staged: Path, planned: Plan, rules: tuple[RuleFile, ...], places: _Places) -> tuple[str, Iterable[Problem]]:
    """What the new folder holds, in words, and its warnings. Raises `InvalidInput` when it does not mean the same."""
    try:
        holds, warnings = check_config(staged / NAME)
        config = load_config(staged / NAME)
    except InvalidInput as invalid:
        raise InvalidInput(places.of(problem) for problem in invalid.problems) from None
    found = list(differences(planned.before, config)) if planned.before is not None else []
    for placed in planned.templates:
        copies = [Path(path).read_bytes() for path in _matching(str(staged / placed.target))]
        if copies != [Path(path).read_bytes() for path in _matching(placed.source)]:
            found.append(f"{placed.target} does not match the templates that {placed.pattern} matches")
    written = config.document.data if isinstance(config.document.data, dict) else {}
    found += [f"{key} differs" for key, value in planned.carried.items() if written.get(key) != value]
    alertmanagers = config.settings.alerting.alertmanagers
    if forwarding_meaning(alertmanagers) != forwarding_meaning(planned.alertmanagers):
        found.append("the Alertmanagers that are forwarded to differ")
    copied = load_rule_files(config.settings.rule_files, staged)
    offset = duration_of(planned.query_offset) if planned.query_offset else None
    if rule_meanings(copied, None) != rule_meanings(rules, offset):
        found.append("the alerting rules differ")
    if found:
        raise InvalidInput(
            [Problem(f"{places.target}/{NAME}", 1, 1, "", f"this would not mean the same: {one}") for one in found]
        )
    return holds, [places.of(warning) for warning in warnings]


@dataclass(frozen=True)
class _Places:
    """Names places of the folder that is checked as people know them: `names` are files that are copies of others."""

    staged: str
    target: str
    names: Mapping[str, str]

    def of(self, problem: Problem) -> Problem:
        file = self.names.get(problem.file) or problem.file.replace(self.staged, self.target)
        message = problem.message.replace(self.staged, self.target)
        return Problem(file, problem.line, problem.column, problem.field, message)
